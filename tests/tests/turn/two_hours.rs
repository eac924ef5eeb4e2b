//! Two hours in the life of a relay with ten thousand allocations.

use std::time::Duration;

use ringfence_core::Instant;
use ringfence_tests::turn_world::crowd::Crowd;
use ringfence_tests::turn_world::turn_world;

use super::*;

const CLIENTS: usize = 14_000;

/// After this nobody does anything any more.
const ACTIVE: Duration = Duration::from_secs(70 * 60);

#[test]
fn two_hours() {
    let setup = Setup { shards: 4, ports: 50_000..=65_535, ..Setup::default() };
    let mut crowd = Crowd::new(&setup, CLIENTS, 200..=900);
    crowd.world.audited = false;
    let mut policies = [turn_world(), turn_world(), turn_world()];
    policies[0].fences[1].peers.value.remove(1);
    policies[1].fences[1].clients.value.remove(0);
    let mut policies = policies.into_iter();
    for minutes in 1..=70 {
        crowd.live_until(Instant::from_start(Duration::from_secs(60 * minutes)));
        if minutes % 20 == 0 {
            crowd.world.adopt(&policies.next().unwrap());
        }
    }
    assert!(crowd.most >= 10_000, "{} at a time", crowd.most);
    assert!(crowd.world.counters().allocations_made >= 20_000);
    let rest = Duration::from_secs(7200) - ACTIVE;
    crowd.world.pass(rest);
    crowd.world.settle();
    let world = &crowd.world;
    assert!(
        world.holdings().iter().all(|held| *held == Default::default()),
        "{:?}",
        world.holdings()
    );
    assert_eq!((world.ports().used, world.ports().reserved), (0, 0));
    assert_eq!((world.registry().next_timeout(), world.next_due()), (None, None));
    assert_eq!((world.counters().allocations, world.sockets.total()), (0, 0));
}
