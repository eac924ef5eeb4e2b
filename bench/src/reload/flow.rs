//! One participant: a socket, what it said and what it heard.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use mio::net::UdpSocket;
use ringfence_core::Credentials;

use crate::stun::{self, Reply};
use crate::voice::{self, Voice};

/// A participant of a room of two.
pub(super) struct Flow {
    pub(super) socket: UdpSocket,
    credentials: Credentials,
    relay: SocketAddr,
    voice: Voice,
    pub(super) latched: bool,
    /// Whether the policy in force forbids it, so that nothing may come.
    pub(super) forbidden: bool,
    pub(super) sent: u64,
    pub(super) heard: u64,
    /// Packets that came although they were forbidden.
    pub(super) astray: u64,
}

impl Flow {
    pub(super) fn open(
        ip: Ipv4Addr,
        relay: SocketAddr,
        credentials: Credentials,
        voice: Voice,
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddrV4::new(ip, 0).into())?;
        Ok(Self {
            socket,
            credentials,
            relay,
            voice,
            latched: false,
            forbidden: false,
            sent: 0,
            heard: 0,
            astray: 0,
        })
    }

    /// Says its next packet. A packet that the kernel does not take was not sent.
    pub(super) fn speak(&mut self, now: Duration) -> io::Result<()> {
        match self.socket.send_to(self.voice.next(now), self.relay) {
            Ok(_) => self.sent += 1,
            Err(full) if full.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Asks to be latched, or to stay so (RFC 7675).
    pub(super) fn check(&self, transaction: u64) -> anyhow::Result<()> {
        self.socket.send_to(&stun::check(&self.credentials, transaction)?, self.relay)?;
        Ok(())
    }

    /// Reads all that waits: how many packets of media.
    pub(super) fn listen(&mut self) -> io::Result<u64> {
        let mut buffer = [0; 2048];
        let mut media = 0;
        loop {
            match self.socket.recv(&mut buffer) {
                Ok(bytes) => media += self.note(&buffer[..bytes])?,
                Err(empty) if empty.kind() == ErrorKind::WouldBlock => return Ok(media),
                Err(error) => return Err(error),
            }
        }
    }

    /// From now on nothing may come. What waits was sent before: on loopback the kernel puts a
    /// packet into the receiver's queue before the sender goes on.
    pub(super) fn forbid(&mut self) -> io::Result<()> {
        self.listen()?;
        (self.forbidden, self.latched) = (true, false);
        Ok(())
    }

    /// What comes from now on may come again.
    pub(super) fn permit(&mut self) -> io::Result<()> {
        self.listen()?;
        self.forbidden = false;
        Ok(())
    }

    fn note(&mut self, packet: &[u8]) -> io::Result<u64> {
        if voice::stamp(packet).is_some() {
            self.heard += 1;
            self.astray += u64::from(self.forbidden);
            return Ok(1);
        }
        match stun::reply(packet) {
            Reply::Latched => self.latched = true,
            Reply::Answer(answer) => drop(self.socket.send_to(&answer, self.relay)?),
            Reply::None => {}
        }
        Ok(0)
    }
}
