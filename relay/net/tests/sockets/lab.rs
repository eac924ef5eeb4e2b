//! What the tests of the sockets backend share: opening, driving, and steps with plain manners.

use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::time::Duration;

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
    let config = SocketsConfig {
        listen: listen.iter().map(|address| address.parse().unwrap()).collect(),
        receive_buffer_bytes: 4 << 20,
        send_buffer_bytes: 4 << 20,
        offload,
    };
    Sockets::open(&config).unwrap()
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

/// Sends slices of static bytes in one go.
pub(crate) fn emit(backend: &mut Sockets, datagrams: &[(&'static [u8], SocketAddr)]) {
    backend.emit(|outbox| {
        for &(payload, to) in datagrams {
            outbox.forward(Transmit { payload, to, from: LocalSocket(0) });
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
