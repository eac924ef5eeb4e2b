//! A room whose participants are sockets of this process, each at its own loopback address.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, bail};
use ringfence_core::Credentials;

use crate::relay::OneShard;
use crate::stun::{self, Reply};

/// One participant.
pub struct Participant {
    /// Where it is.
    pub address: SocketAddr,
    /// Never waits.
    pub socket: UdpSocket,
    credentials: Credentials,
    relay: SocketAddr,
}

/// Checks before giving up, one a second: the relay asks one address no oftener.
const CHECKS_MAX: u64 = 5;

/// Room for the copies that come while the sink is busy elsewhere; the kernel doubles it, and gives
/// no more than `net.core.rmem_max`.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Opens a room and latches all of its participants.
///
/// # Errors
/// The relay refuses one, or does not answer it.
pub fn latched(
    relay: &OneShard,
    room: &str,
    participants: usize,
) -> anyhow::Result<Vec<Participant>> {
    (0..participants).map(|number| Participant::latched(relay, room, number)).collect()
}

impl Participant {
    fn latched(relay: &OneShard, room: &str, number: usize) -> anyhow::Result<Self> {
        let credentials = relay.join(room, &format!("p{number}"))?;
        let socket = UdpSocket::bind((relay.unused_address()?, 0))?;
        socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
        let address = socket.local_addr()?;
        let participant = Self { address, socket, credentials, relay: relay.address() };
        participant.latch().with_context(|| relay.drops())?;
        participant.socket.set_nonblocking(true)?;
        Ok(participant)
    }

    /// Sends to the relay.
    ///
    /// # Errors
    /// What sendto(2) gives.
    pub fn say(&self, datagram: &[u8]) -> std::io::Result<usize> {
        self.socket.send_to(datagram, self.relay)
    }

    /// Sends a check, which renews consent (RFC 7675). Its answer is left to whoever reads next.
    ///
    /// # Errors
    /// What sendto(2) gives.
    pub fn renew_consent(&self) -> anyhow::Result<()> {
        self.say(&stun::check(&self.credentials, 0)?)?;
        Ok(())
    }

    fn latch(&self) -> anyhow::Result<()> {
        self.socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        for attempt in 1..=CHECKS_MAX {
            self.say(&stun::check(&self.credentials, attempt)?)?;
            if self.answers_until_latched()? {
                return Ok(());
            }
        }
        bail!("{} is not latched after {CHECKS_MAX} checks", self.address)
    }

    /// False if the relay says nothing for a second.
    fn answers_until_latched(&self) -> anyhow::Result<bool> {
        let mut buffer = [0; 2048];
        loop {
            let datagram = match self.socket.recv(&mut buffer) {
                Ok(bytes) => &buffer[..bytes],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).context("waiting for the relay's answer"),
            };
            match stun::reply(datagram) {
                Reply::Latched => return Ok(true),
                Reply::Answer(answer) => drop(self.say(&answer)?),
                Reply::None => {}
            }
        }
    }
}
