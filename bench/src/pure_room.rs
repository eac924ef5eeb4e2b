//! A latched room on the engine alone: no socket, no thread, no clock. What an engine puts out is
//! counted and forgotten.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use ringfence_core::{
    Credentials, Engine, EngineSetup, Instant, Limits, Registry, RegistrySetup, RelayPorts, ShardId,
};
use ringfence_wire::datagram::{Datagram, Frame, LocalSocket, Outbox, Transmit};

use crate::relay::{configuration, join_request};
use crate::stun::{self, Reply};

/// An engine with one room.
pub struct PureRoom {
    engine: Engine,
    registry: Registry,
    now: Instant,
    credentials: Vec<Credentials>,
}

/// Counts what leaves, and keeps the last own message.
#[derive(Default)]
struct Counting {
    copies: u64,
    own: Option<Vec<u8>>,
}

impl PureRoom {
    /// A room of that many, all latched.
    ///
    /// # Errors
    /// Somebody is not latched.
    pub fn latched(participants: usize) -> anyhow::Result<Self> {
        let mut room = Self::empty()?;
        for number in 0..participants {
            let joined =
                room.registry.join(room.now, &join_request("room", &format!("p{number}"))?);
            room.credentials.push(joined.map_err(|error| anyhow!("{error}"))?.credentials);
            room.exchange();
            room.latch(number)?;
        }
        Ok(room)
    }

    /// Where a participant is.
    pub fn address(number: usize) -> SocketAddr {
        let [.., high, low] = number.to_be_bytes();
        SocketAddr::from(([127, 1, 1 + high, low], 40_000))
    }

    /// A check that the participant of this number would send.
    ///
    /// # Errors
    /// Never: the credentials fit.
    pub fn check(&self, number: usize) -> anyhow::Result<Vec<u8>> {
        Ok(stun::check(&self.credentials[number], 1)?)
    }

    /// One batch from one participant, a millisecond after the last one; how many copies left.
    pub fn batch<'p>(&mut self, from: usize, packets: impl Iterator<Item = &'p [u8]>) -> u64 {
        self.receive(from, packets).copies
    }

    /// Lets the registry hear what the engine reports, and the engine what it decides.
    pub fn exchange(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            self.registry.on_effect(self.now, ShardId(0), &effect);
        }
        while let Some((_, command)) = self.registry.poll_command() {
            self.engine.apply(self.now, command);
        }
    }

    fn empty() -> anyhow::Result<Self> {
        let policy = configuration(SocketAddr::from(([127, 1, 0, 1], 3478)))?.policy;
        let limits = Limits { participant_kbps_max: 10_000_000, ..Limits::default() };
        let registry = Registry::new(RegistrySetup {
            shards: 1,
            limits,
            quotas: BTreeMap::new(),
            policy: Arc::clone(&policy),
            relay_ports: RelayPorts::none(),
            seed: [1; 32],
        });
        let engine = Engine::new(EngineSetup {
            shard: ShardId(0),
            limits,
            policy,
            turn: None,
            seed: [2; 32],
        });
        Ok(Self { engine, registry, now: Instant::START, credentials: Vec::new() })
    }

    fn latch(&mut self, number: usize) -> anyhow::Result<()> {
        let check = self.check(number)?;
        let asked = self.receive(number, [&check[..]].into_iter()).own.unwrap_or_default();
        let Reply::Answer(answer) = stun::reply(&asked) else {
            bail!("no path check for participant {number}");
        };
        self.receive(number, [&answer[..]].into_iter());
        self.exchange();
        match self.receive(number, [].into_iter()).own.map(|own| stun::reply(&own)) {
            Some(Reply::Latched) => Ok(()),
            _ => bail!("participant {number} is not latched"),
        }
    }

    fn receive<'p>(&mut self, from: usize, packets: impl Iterator<Item = &'p [u8]>) -> Counting {
        let remote = Self::address(from);
        let mut outbox = Counting::default();
        self.now = self.now + Duration::from_millis(1);
        let datagrams =
            packets.map(|packet| Datagram::single(packet, remote, LocalSocket::Listen(0)));
        self.engine.handle_batch(self.now, datagrams, &mut outbox);
        outbox
    }
}

impl<'rx> Outbox<'rx> for Counting {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        std::hint::black_box(transmit);
        self.copies += 1;
    }

    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>) {
        std::hint::black_box((frame, transmit));
        self.copies += 1;
    }

    fn send_own(&mut self, bytes: &[u8], _: SocketAddr, _: LocalSocket) {
        self.own = Some(bytes.to_vec());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::Voice;

    #[test]
    fn everyone_but_the_speaker_gets_each_packet() {
        let mut room = PureRoom::latched(5).unwrap();
        let mut voice = Voice::new(1, 172);
        // The first packet waits for the registry to say whose the SSRC is.
        let first = voice.next(Duration::ZERO).to_vec();
        assert_eq!(room.batch(0, [&first[..]].into_iter()), 0);
        room.exchange();
        let second = voice.next(Duration::ZERO).to_vec();
        assert_eq!(room.batch(0, [&second[..], &second[..]].into_iter()), 8);
    }
}
