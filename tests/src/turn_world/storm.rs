//! Everything at once on a small relay, its books checked after every request: ports that others
//! have, descriptors that run out, quotas that are full, policies that come and go.

use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::{Instant, Limits, TenantQuota};

use super::crowd::Crowd;
use super::{Setup, turn_world};

/// Clients of one storm.
const CLIENTS: usize = 40;

/// What came of one storm, or of several.
#[derive(Clone, Copy, Default, Debug)]
pub struct Weathered {
    /// What clients did.
    pub operations: u64,
    /// Allocations that were made.
    pub allocations: u64,
    /// Most of them that stood at a time.
    pub most: u64,
    /// Datagrams that left, each judged.
    pub judged: u64,
}

impl Weathered {
    /// What came of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            allocations: self.allocations + other.allocations,
            most: self.most.max(other.most),
            judged: self.judged + other.judged,
        }
    }
}

/// A storm of so many minutes, and then an hour of silence, after which all is given back.
///
/// # Panics
/// If a port is lost, a datagram leaves that must not, or anything is left in the end.
pub fn weather(seed: u64, minutes: u64) -> Weathered {
    let mut crowd = Crowd::new(&small(seed), CLIENTS, 5..=60);
    for minute in 1..=minutes {
        crowd.live_until(Instant::from_start(Duration::from_secs(60 * minute)));
        disturb(&mut crowd);
    }
    crowd.world.sockets.taken.clear();
    crowd.world.pass(Duration::from_secs(3600));
    crowd.world.settle();
    let world = &crowd.world;
    assert!(world.holdings().iter().all(|held| *held == Default::default()));
    assert_eq!((world.ports().used, world.ports().reserved), (0, 0));
    assert_eq!((world.next_due(), world.sockets.total()), (None, 0));
    Weathered {
        operations: crowd.operations,
        allocations: world.counters().allocations_made,
        most: crowd.most,
        judged: world.judge.seen,
    }
}

fn small(seed: u64) -> Setup {
    let quota = TenantQuota {
        rooms_max: 0,
        participants_max: 0,
        allocations_max: 18,
        allocations_per_party_max: 2,
    };
    Setup {
        seed,
        shards: 3,
        mail_ms: 0..=400,
        ports: 50_000..=50_011,
        quotas: [("acme".to_owned(), quota)].into(),
        limits: Limits {
            permissions_per_allocation_max: 4,
            channels_per_allocation_max: 3,
            ..Limits::default()
        },
        ..Setup::default()
    }
}

/// What the host and its operator do.
fn disturb(crowd: &mut Crowd) {
    let port = 50_000 + u16::try_from(crowd.dice.below(12)).expect("below 12");
    let taken = SocketAddr::from(([127, 1, 0, 1], port));
    let mut draft = turn_world();
    match crowd.dice.below(6) {
        0 | 1 => drop(crowd.world.sockets.taken.insert(taken)),
        2 => crowd.world.sockets.taken.clear(),
        3 => crowd.world.sockets.open_max = 1 + crowd.dice.below(20),
        4 => drop(draft.fences[1].peers.value.remove(1)),
        _ => drop(draft.fences[0].clients.value.remove(0)),
    }
    crowd.world.adopt(&draft);
}
