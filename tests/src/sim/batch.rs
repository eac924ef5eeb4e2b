//! What an engine is handed and what it hands back.

use std::net::SocketAddr;

use ringfence_wire::datagram::{Datagram, Frame, LocalSocket, Outbox, Transmit};

/// A datagram on its way to the relay.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// The source that its header claims.
    pub from: SocketAddr,
    /// The relay's socket.
    pub local: LocalSocket,
    /// UDP payload.
    pub bytes: Vec<u8>,
}

/// A datagram that the relay sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// UDP payload.
    pub bytes: Vec<u8>,
    /// Destination.
    pub to: SocketAddr,
    /// The relay's socket.
    pub from: LocalSocket,
}

/// An outbox that keeps what is put in.
#[derive(Default)]
pub struct Collector(pub Vec<Sent>);

impl<'rx> Outbox<'rx> for Collector {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        self.send_own(transmit.payload, transmit.to, transmit.from);
    }

    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>) {
        let padding = vec![0; frame.padding_bytes];
        let bytes = [frame.header, transmit.payload, &padding].concat();
        self.send_own(&bytes, transmit.to, transmit.from);
    }

    fn send_own(&mut self, bytes: &[u8], to: SocketAddr, from: LocalSocket) {
        let bytes = bytes.to_vec();
        self.0.push(Sent { bytes, to, from });
    }
}

/// Datagrams of one source, coalesced as UDP_GRO does.
pub struct Train {
    bytes: Vec<u8>,
    segment_bytes: usize,
    from: SocketAddr,
    local: LocalSocket,
}

impl Train {
    /// Coalesces neighbours of one source: all segments of one length but the last, which may be
    /// shorter.
    pub fn couple(packets: Vec<Packet>) -> Vec<Self> {
        let mut trains: Vec<Self> = Vec::new();
        for packet in packets {
            match trains.last_mut().filter(|train| train.takes(&packet)) {
                Some(train) => train.bytes.extend(packet.bytes),
                None => trains.push(Self {
                    segment_bytes: packet.bytes.len(),
                    bytes: packet.bytes,
                    from: packet.from,
                    local: packet.local,
                }),
            }
        }
        trains
    }

    /// As the engine reads it.
    pub fn datagram(&self) -> Datagram<'_> {
        Datagram {
            payload: &self.bytes,
            segment_bytes: self.segment_bytes,
            remote: self.from,
            local: self.local,
        }
    }

    fn takes(&self, packet: &Packet) -> bool {
        let same_flow = self.from == packet.from && self.local == packet.local;
        let open = self.segment_bytes > 0 && self.bytes.len().is_multiple_of(self.segment_bytes);
        same_flow && open && (1..=self.segment_bytes).contains(&packet.bytes.len())
    }
}
