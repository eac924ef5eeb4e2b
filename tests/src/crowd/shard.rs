//! One engine and the registry behind it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ringfence_core::{
    Engine, EngineSetup, Family, Instant, Limits, Registry, RegistrySetup, RelayPorts, ShardId,
    TurnSetup,
};
use ringfence_fence::{Epoch, Policy};
use ringfence_wire::channel_data::ChannelNumbers;
use ringfence_wire::datagram::{Datagram, LocalSocket};

use super::Host;
use crate::turn_world::world::UNIX_START;
use crate::turn_world::{client, turn_world};

/// An engine, its registry, and a host that opens whatever it is asked to.
pub struct Shard {
    /// One shard of the relay, the only one.
    pub engine: Engine,
    /// What decides for it.
    pub registry: Registry,
    /// Where its datagrams go.
    pub host: Host,
    /// What both believe the time to be.
    pub now: Instant,
}

/// Of one relay: enough for 100,000 allocations and more.
const RELAY_ADDRESSES: u8 = 4;

impl Shard {
    /// With both doors, room for a million participants, and nobody there.
    ///
    /// # Panics
    /// If the policy of the TURN world does not compile.
    pub fn empty() -> Self {
        let policy = Arc::new(Policy::compile(&turn_world(), Epoch(1)).expect("it compiles"));
        let limits = Limits {
            rooms_max: 1_000_000,
            participants_max: 1_000_000,
            participant_kbps_max: 10_000_000,
            ..Limits::default()
        };
        let addresses = (1..=RELAY_ADDRESSES).map(|last| IpAddr::from([127, 1, 0, last]));
        let registry = Registry::new(RegistrySetup {
            shards: 1,
            limits,
            quotas: Default::default(),
            policy: Arc::clone(&policy),
            relay_ports: RelayPorts { addresses: addresses.collect(), ports: 10_000..=65_535 },
            seed: [1; 32],
        });
        let turn = Some(TurnSetup {
            channel_numbers: ChannelNumbers::Rfc8656,
            realm: client::REALM_TEXT.into(),
            accounts: client::accounts(),
            families: vec![Family::Ipv4],
            alternates: Vec::new(),
            nonce_secret: [3; 32].into(),
            unix_start: UNIX_START,
        });
        let shard = ShardId(0);
        let engine = Engine::new(EngineSetup { shard, limits, policy, turn, seed: [2; 32] });
        Self { engine, registry, host: Host::default(), now: Instant::START }
    }

    /// One batch, `later` after the last one; how many copies left.
    pub fn batch<'p>(
        &mut self,
        later: Duration,
        datagrams: impl Iterator<Item = Datagram<'p>>,
    ) -> u64 {
        let before = self.host.copies;
        self.now = self.now + later;
        self.engine.handle_batch(self.now, datagrams, &mut self.host);
        self.host.copies - before
    }

    /// Reports to the registry and its commands back until there is nothing to tell, and what waited
    /// for that.
    pub fn settle(&mut self) {
        while let Some(effect) = self.engine.poll_effect() {
            self.registry.on_effect(self.now, ShardId(0), &effect);
        }
        while let Some((_, command)) = self.registry.poll_command() {
            self.engine.apply(self.now, command);
        }
        self.engine.handle_timeout(self.now, &mut self.host);
        while self.engine.poll_sample().is_some() {}
        while self.registry.poll_event().is_some() {}
    }

    /// What the relay itself answers to one datagram.
    pub fn ask(&mut self, from: SocketAddr, bytes: &[u8]) -> Vec<u8> {
        self.host.own.clear();
        let datagram = Datagram::single(bytes, from, LocalSocket::Listen(0));
        self.batch(Duration::ZERO, [datagram].into_iter());
        self.settle();
        std::mem::take(&mut self.host.own)
    }
}
