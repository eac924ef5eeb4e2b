//! The sockets and streams of clients and peers.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use ringfence_wire::channel_data::{self, ChannelNumber};

use super::stream::Stream;
use super::{CLIENTS_HALL, Direction, PEERS_HALL, Plan, Transport};
use crate::work::sockets::{Sinks, Sockets, party_address};

/// What a party sends from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Socket(usize),
    Stream(usize),
}

/// All ends: clients first among the sockets, if they have any.
pub(super) struct Ends {
    sockets: Sockets,
    streams: Vec<Stream>,
    clients: usize,
    client_sockets: usize,
    next_stream: usize,
    message: Vec<u8>,
}

impl Ends {
    /// Clients are connected to the server, peers to nobody yet.
    pub(super) fn open(server: SocketAddr, plan: &Plan, sinks: Sinks) -> anyhow::Result<Self> {
        let (clients, peers) = match plan.direction {
            Direction::Pair => (2 * plan.flows, 0),
            _ => (plan.flows, plan.flows),
        };
        let address = |hall| move |number| party_address(server.ip(), hall, number);
        let client_addresses = (0..clients).map(address(CLIENTS_HALL));
        let client_addresses: Vec<_> = client_addresses.collect::<io::Result<_>>()?;
        let peers: Vec<_> = (0..peers).map(address(PEERS_HALL)).collect::<io::Result<_>>()?;
        let (of_sockets, streams) = match plan.transport {
            Transport::Udp => (client_addresses, Vec::new()),
            Transport::Tcp | Transport::Tls => {
                let tls = plan.transport == Transport::Tls;
                let open = |&from| Stream::open(from, server, tls);
                (Vec::new(), client_addresses.iter().map(open).collect::<anyhow::Result<_>>()?)
            }
        };
        let client_sockets = of_sockets.len();
        let sockets = Sockets::open(&[of_sockets, peers].concat(), sinks)?;
        for socket in 0..client_sockets {
            sockets.connect(socket, server)?;
        }
        let message = Vec::new();
        Ok(Self { sockets, streams, clients, client_sockets, next_stream: 0, message })
    }

    pub(super) fn clients(&self) -> usize {
        self.clients
    }

    pub(super) fn client(&self, number: usize) -> End {
        if self.streams.is_empty() { End::Socket(number) } else { End::Stream(number) }
    }

    /// Tells a client's peer where to send.
    pub(super) fn connect_peer(&self, number: usize, relayed: SocketAddr) -> io::Result<End> {
        let peer = self.client_sockets + number;
        self.sockets.connect(peer, relayed)?;
        Ok(End::Socket(peer))
    }

    /// Where a client's packets are to go: to its peer, or to the other client of its pair.
    pub(super) fn peer_of(
        &self,
        plan: &Plan,
        number: usize,
        relayed: &[SocketAddr],
    ) -> io::Result<SocketAddr> {
        match plan.direction {
            Direction::Pair => Ok(relayed[number ^ 1]),
            _ => self.sockets.address(self.client_sockets + number),
        }
    }

    /// Sends RTP packets, in ChannelData where there is a channel.
    pub(super) fn send_media(
        &mut self,
        from: End,
        channel: Option<ChannelNumber>,
        packets: &[u8],
        packet_bytes: usize,
    ) -> io::Result<()> {
        let Some(channel) = channel else {
            return self.send(from, packets, packet_bytes);
        };
        let mut message = std::mem::take(&mut self.message);
        message.clear();
        for packet in packets.chunks(packet_bytes) {
            let header = channel_data::header(channel, packet.len());
            message.extend_from_slice(&header.ok_or(io::ErrorKind::InvalidInput)?);
            message.extend_from_slice(packet);
        }
        let sent = self.send(from, &message, packet_bytes + channel_data::HEADER_BYTES);
        self.message = message;
        sent
    }

    /// Sends messages that lie back to back, the last perhaps shorter.
    pub(super) fn send(
        &mut self,
        from: End,
        messages: &[u8],
        message_bytes: usize,
    ) -> io::Result<()> {
        match from {
            End::Socket(socket) => self.sockets.send(socket, messages, message_bytes),
            End::Stream(stream) => {
                let stream = &mut self.streams[stream];
                messages.chunks(message_bytes).for_each(|message| stream.queue(message));
                Ok(())
            }
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.streams.iter_mut().try_for_each(Stream::flush)
    }

    /// Gives a part of what arrived, and whether a client got it. Whether there may be more.
    pub(super) fn receive(
        &mut self,
        heard: &mut dyn FnMut(bool, &[u8], Instant),
    ) -> io::Result<bool> {
        let clients = self.client_sockets;
        let more = self.sockets.receive(&mut |socket, message, at| {
            heard(socket < clients, message, at);
        })?;
        if self.streams.is_empty() {
            return Ok(more);
        }
        self.next_stream = (self.next_stream + 1) % self.streams.len();
        let in_stream =
            self.streams[self.next_stream].receive(&mut |message, at| heard(true, message, at))?;
        Ok(more || in_stream || self.next_stream != 0)
    }

    /// The same of one client.
    pub(super) fn receive_at(
        &mut self,
        end: End,
        heard: &mut dyn FnMut(&[u8], Instant),
    ) -> io::Result<bool> {
        match end {
            End::Socket(socket) => {
                self.sockets.receive_at(socket, &mut |_, message, at| heard(message, at))
            }
            End::Stream(stream) => self.streams[stream].receive(heard),
        }
    }

    pub(super) fn own_drops(&self) -> u64 {
        self.sockets.own_drops()
    }
}
