//! What the tests of streams share: a step that echoes messages, and clients that speak to it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use crate::lab::config;
use ringfence_net::sockets::{Sockets, SocketsConfig, StreamListener};
use ringfence_wire::datagram::{Datagram, Frame, LocalSocket, Outbox, Step, Transmit};
use ringfence_wire::framing;

/// Answers every message with itself, ChannelData padded as a stream has it.
pub(crate) struct Door {
    pub(crate) accepts: bool,
    pub(crate) authenticates: bool,
    pub(crate) asked: Vec<SocketAddr>,
    pub(crate) messages: Vec<(LocalSocket, Vec<u8>)>,
    pub(crate) closed: Vec<LocalSocket>,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            accepts: true,
            authenticates: true,
            asked: Vec::new(),
            messages: Vec::new(),
            closed: Vec::new(),
        }
    }
}

impl Step for Door {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        for Datagram { payload, segment_bytes, remote: to, local: from } in received {
            assert_eq!(segment_bytes, payload.len());
            assert!(self.asked.len() > self.closed.len(), "a message of a stream that is gone");
            self.messages.push((from, payload.to_vec()));
            outbox.authenticated(from, self.authenticates);
            let padding_bytes = payload.len().next_multiple_of(4) - payload.len();
            let frame = Frame { header: &payload[..4], padding_bytes };
            outbox.frame(frame, Transmit { payload: &payload[4..], to, from });
        }
    }

    fn accept(&mut self, remote: SocketAddr) -> bool {
        self.asked.push(remote);
        self.accepts
    }

    fn closed(&mut self, stream: LocalSocket) {
        self.closed.push(stream);
    }
}

/// A shard that accepts plain TCP at the address.
pub(crate) fn tcp(address: &str) -> SocketsConfig {
    let address = address.parse().unwrap();
    let streams = vec![StreamListener { address, tls: None }];
    SocketsConfig { streams, ..config(&["127.0.0.1:0"]) }
}

pub(crate) fn open_tcp() -> Sockets {
    Sockets::open(&tcp("127.0.0.1:0")).unwrap()
}

/// A client whose reads give up in the end.
pub(crate) fn connect(backend: &Sockets) -> TcpStream {
    let client = TcpStream::connect(backend.stream_addresses()[0]).unwrap();
    client.set_nodelay(true).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client
}

/// ChannelData with its padding.
pub(crate) fn channel_data(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    let padding = framing::padding_bytes(data.len());
    [&[0x40, 0x01, length[0], length[1]], data, &[0; 3][..padding]].concat()
}

/// STUN with a body of so many bytes.
pub(crate) fn stun(body_bytes: u16) -> Vec<u8> {
    let length = body_bytes.to_be_bytes();
    let header = [0, 1, length[0], length[1], 0x21, 0x12, 0xA4, 0x42];
    [&header[..], &[9; 12], &vec![5; usize::from(body_bytes)]].concat()
}

/// Reads so many bytes.
pub(crate) fn read(client: &mut impl Read, bytes: usize) -> Vec<u8> {
    let mut room = vec![0; bytes];
    client.read_exact(&mut room).unwrap();
    room
}

/// Sends `bytes` from another thread and reads until the answer is as long, so that neither side's
/// buffers have to hold all of it.
pub(crate) fn echoing(mut client: TcpStream, bytes: Vec<u8>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut writing = client.try_clone().unwrap();
        let expected = bytes.len();
        let writer = std::thread::spawn(move || writing.write_all(&bytes).unwrap());
        let answer = read(&mut client, expected);
        writer.join().unwrap();
        client.shutdown(Shutdown::Both).unwrap();
        answer
    })
}
