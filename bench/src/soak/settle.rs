//! Waits at the end until the relay has given everything back.

use std::thread;
use std::time::{Duration, Instant};

use super::holdings::Holdings;
use super::relay::Subject;

/// Longer than everything that expires by itself, an allocation's ten minutes included.
pub(super) const SETTLE_MAX: Duration = Duration::from_secs(660);

const LOOK: Duration = Duration::from_millis(500);

/// Waits until it holds what it held before, or `longest` has passed: what it holds then, and how long
/// that took, in seconds.
pub(super) fn settle(
    subject: &Subject,
    before: &Holdings,
    longest: Duration,
) -> anyhow::Result<(Holdings, f64)> {
    let began = Instant::now();
    loop {
        let after = subject.holdings()?;
        if before.kept_by(&after).is_empty() || began.elapsed() > longest {
            return Ok((after, began.elapsed().as_secs_f64()));
        }
        thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use ringfence_tests::turn::{Kind, PATIENCE, Server, Setup};

    use super::*;
    use crate::work::Sinks;
    use crate::work::turn::{Direction, Plan, Transport, Turn};

    /// Clients that stay are to the relay what a leak is to whoever looks at it.
    #[test]
    fn what_a_relay_still_holds_is_named_and_what_it_gave_back_is_not() {
        let [ip, client] = ["127.1.0.79", "127.1.15.9"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let server = Server::start(&Setup::on_loopback(Kind::ringfence(), ip, client));
        let subject = Subject::of(&server);
        let before = subject.holdings().unwrap();
        let plan = Plan { flows: 3, direction: Direction::Up, transport: Transport::Tcp };
        let turn = Turn::open(server.address, &plan, Sinks::default(), None).unwrap();

        let (held, _) = settle(&subject, &before, Duration::ZERO).unwrap();
        // A stream and a relayed socket each.
        assert_eq!(held.descriptors, before.descriptors + 6);
        let kept = before.kept_by(&held);
        for name in ["file descriptors", "relayed ports in use", "timers of shards", "streams"] {
            assert!(kept.iter().any(|line| line.starts_with(name)), "{name}: {kept:?}");
        }

        drop(turn);
        let (after, _) = settle(&subject, &before, PATIENCE).unwrap();
        assert_eq!(before.kept_by(&after), [""; 0]);
    }
}
