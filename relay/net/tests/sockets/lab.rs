//! What the tests of the sockets backend share: opening, driving, and steps with plain manners.

use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use ringfence_net::backend::Backend;
use ringfence_net::sockets::{Offload, Sockets, SocketsConfig};
use ringfence_wire::datagram::{Datagram, LocalSocket, Outbox, Step, Transmit};

pub(crate) const ROUNDS: NonZeroU32 = NonZeroU32::new(8).unwrap();

/// Bytes that tell their place: no two of a test's payloads cut from them are equal.
pub(crate) static BYTES: [u8; 65_536] = {
    let mut bytes = [0; 65_536];
    let mut at = 0;
    while at < bytes.len() {
        bytes[at] = at.to_le_bytes()[at % 2];
        at += 1;
    }
    bytes
};

pub(crate) fn open(listen: &[&str], offload: Offload) -> Sockets {
    Sockets::open(&SocketsConfig { offload, ..config(listen) }).unwrap()
}

pub(crate) fn config(listen: &[&str]) -> SocketsConfig {
    let listen = listen.iter().map(|address| address.parse().unwrap()).collect();
    SocketsConfig::listening(listen)
}

/// A socket with a deep queue whose reads give up in the end, so that a loss fails the test.
pub(crate) fn client(address: &str) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

pub(crate) fn receive(socket: &UdpSocket, datagrams: usize) -> Vec<Vec<u8>> {
    let mut room = vec![0; 65_536];
    (0..datagrams)
        .map(|at| {
            let bytes = socket.recv(&mut room).unwrap_or_else(|e| panic!("datagram {at}: {e}"));
            room[..bytes].to_vec()
        })
        .collect()
}

/// Turns the backend until `datagrams` have come in since it was opened.
pub(crate) fn drive(backend: &mut Sockets, step: &mut impl Step, datagrams: u64) {
    for _ in 0..2_000 {
        if backend.counters().received.datagrams >= datagrams {
            return;
        }
        backend.wait(Some(Duration::from_millis(10))).unwrap();
        let _pending = backend.turn(step, ROUNDS).unwrap();
    }
    panic!("{:?} instead of {datagrams} datagrams", backend.counters().received);
}

/// Turns the backend until something is so.
pub(crate) fn until<S: Step>(
    backend: &mut Sockets,
    step: &mut S,
    mut so: impl FnMut(&Sockets, &S) -> bool,
) {
    let began = Instant::now();
    while !so(backend, step) {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", backend.counters());
        backend.wait(Some(Duration::from_millis(10))).unwrap();
        let _pending = backend.turn(step, ROUNDS).unwrap();
    }
}

/// An address that nobody uses.
pub(crate) fn free(address: &str) -> SocketAddr {
    UdpSocket::bind(address).unwrap().local_addr().unwrap()
}

/// Opens a relayed socket.
pub(crate) fn open_relayed(backend: &mut Sockets, address: &str) -> (LocalSocket, SocketAddr) {
    // Another test may take the port first.
    loop {
        let address = free(address);
        if let Ok(socket) = backend.emit(|outbox| outbox.open(address)) {
            return (socket, address);
        }
    }
}

/// Sends slices of static bytes in one go.
pub(crate) fn emit(backend: &mut Sockets, datagrams: &[(&'static [u8], SocketAddr)]) {
    backend.emit(|outbox| {
        for &(payload, to) in datagrams {
            outbox.forward(Transmit { payload, to, from: LocalSocket::Listen(0) });
        }
    });
}

/// Sends every datagram back to where it came from, and remembers the sizes of the batches.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) batches: Vec<usize>,
}

impl Step for Echo {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        let mut messages = 0;
        for datagram in received {
            messages += 1;
            for payload in datagram.segments() {
                let (to, from) = (datagram.remote, datagram.local);
                outbox.forward(Transmit { payload, to, from });
            }
        }
        self.batches.push(messages);
    }
}

/// Sends every datagram on to each of a list of addresses.
pub(crate) struct FanOut(pub(crate) Vec<SocketAddr>);

impl Step for FanOut {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        for datagram in received {
            for &to in &self.0 {
                for payload in datagram.segments() {
                    outbox.forward(Transmit { payload, to, from: datagram.local });
                }
            }
        }
    }
}

/// Keeps what arrives, and where.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) locals: Vec<LocalSocket>,
}

impl Step for Record {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        _: &mut impl Outbox<'rx>,
    ) {
        for datagram in received {
            self.payloads.extend(datagram.segments().map(<[u8]>::to_vec));
            self.locals.push(datagram.local);
        }
    }
}
