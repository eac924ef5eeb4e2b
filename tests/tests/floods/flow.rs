//! An honest client that sends a thousand packets a second to its peer.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ringfence_tests::turn::{Client, Credentials, Family, Road, UdpRoad, channel_data, wait_until};
use ringfence_wire::channel_data::ChannelNumber;

use crate::lab::{CLIENT, Lab};

const INTERVAL: Duration = Duration::from_millis(1);

/// What has not come by then is lost.
const QUIET: Duration = Duration::from_secs(2);

/// And what of the first packets has not come by then is sent again.
const PASSAGE: Duration = Duration::from_millis(200);

pub(crate) struct Flow {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<u64>,
    receiver: JoinHandle<u64>,
}

impl Flow {
    pub(crate) fn start(lab: &Lab) -> Self {
        let peer = UdpSocket::bind((CLIENT, 0)).expect("a socket");
        socket2::SockRef::from(&peer).set_recv_buffer_size(4 << 20).expect("a buffer");
        peer.set_read_timeout(Some(QUIET)).expect("a time");
        let mut road = UdpRoad::open(CLIENT, lab.server.address).expect("a socket");
        let mut client = Client::new(Credentials::of("honest"));
        let channel = ChannelNumber::new(0x4000).expect("a channel");
        // A relay that has just been flooded takes nobody new for a moment.
        wait_until("the relay has room", || client.allocate(&mut road, Family::Default).is_ok());
        let address = peer.local_addr().expect("an address");
        client.bind(&mut road, channel, address).expect("a channel");
        await_passage(&mut road, channel, &peer);
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        Self {
            stop,
            sender: std::thread::spawn(move || {
                let sent = send(&mut road, channel, &until);
                // Only once all of it has gone through.
                std::thread::sleep(QUIET);
                client.release(&mut road).expect("its end");
                sent
            }),
            receiver: std::thread::spawn(move || receive(&peer)),
        }
    }

    /// How many were sent and how many of them lost.
    pub(crate) fn finish(self) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        let received = self.receiver.join().expect("no panic");
        let sent = self.sender.join().expect("no panic");
        assert!(sent > 0);
        (sent, sent - received)
    }
}

/// The kernel may still take who was let in amid a flood for a stranger, for a moment. What was on its way
/// then is not counted.
fn await_passage(road: &mut UdpRoad, channel: ChannelNumber, peer: &UdpSocket) {
    let (mut buffer, message) = ([0; 2048], channel_data(channel, b"first"));
    peer.set_read_timeout(Some(PASSAGE)).expect("a time");
    wait_until("the call is through", || {
        road.send(&message).expect("the road is open");
        peer.recv(&mut buffer).is_ok()
    });
    while peer.recv(&mut buffer).is_ok() {}
    peer.set_read_timeout(Some(QUIET)).expect("a time");
}

fn send(road: &mut UdpRoad, channel: ChannelNumber, until: &AtomicBool) -> u64 {
    let message = channel_data(channel, &[7; 160]);
    let (began, mut sent) = (Instant::now(), 0_u32);
    while !until.load(Ordering::Relaxed) {
        road.send(&message).expect("the road is open");
        sent += 1;
        std::thread::sleep((INTERVAL * sent).saturating_sub(began.elapsed()));
    }
    sent.into()
}

fn receive(peer: &UdpSocket) -> u64 {
    let mut buffer = [0; 2048];
    std::iter::from_fn(|| peer.recv(&mut buffer).ok()).count() as u64
}
