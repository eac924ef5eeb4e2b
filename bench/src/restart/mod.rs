//! A relay that is killed over and over while it is loaded, under a small service manager that keeps its
//! descriptors: how soon the next one is ready, how soon media flows again, and whether anything goes to an
//! address that the next one's policy forbids.

mod guests;
mod load;
mod world;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use ringfence_tests::supervisor::Notice;
use serde::Serialize;

use self::guests::Guests;
use self::load::Load;
use self::world::World;

/// What is asked.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Case {
    /// Times that it is killed.
    pub kills: u32,
    /// Times that it is restarted as an operator would, after that.
    pub restarts: u32,
    /// Packets a second of all streams together.
    pub packets_per_s: u32,
    /// Bytes of each, RTP header included.
    pub packet_bytes: usize,
    /// Time from one end of it to the next, in milliseconds.
    pub interval_ms: u64,
    /// Shards.
    pub workers: u16,
}

/// How it went.
#[derive(Debug, Serialize)]
pub struct Restarted {
    /// What the relay calls itself.
    pub version: String,
    /// After it was killed.
    pub killed: Ends,
    /// After it was told to stop.
    pub told: Ends,
    /// Packets of forbidden addresses that arrived after the relay had ended that admitted them.
    pub astray: u64,
    /// Guests who were forbidden, each by the next relay's policy.
    pub forbidden: u64,
    /// Relayed addresses of the streams, and how many of them were the same at the end.
    pub relayed: usize,
    /// See there.
    pub relayed_kept: usize,
}

/// What came of some ends.
#[derive(Debug, Default, Serialize)]
pub struct Ends {
    /// How many.
    pub number: u32,
    /// From the order to end until the next relay says that it is ready.
    pub ready_ms: Times,
    /// From that order until every stream of a room has been heard again.
    pub rooms_ms: Times,
    /// The same of TURN.
    pub turn_ms: Times,
    /// Packets sent from the first end to the last, and a while after.
    pub sent: u64,
    /// Copies that should have arrived and did not.
    pub lost: u64,
    /// Of these, those that the kernel dropped at our own sockets.
    pub own_drops: u64,
}

/// Of some times, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Times {
    /// The middle one.
    pub p50: f64,
    /// The one that 99 of 100 are not above.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// An end is one of both.
#[derive(Clone, Copy)]
enum By {
    Kill,
    Order,
}

/// A relay that does not come back, or a stream that does not, is an error after this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the relay has to keep after somebody came: it looks ten times a second.
const KEPT_WITHIN: Duration = Duration::from_millis(400);

/// Does it. `told` gets the number of each end.
///
/// # Errors
/// The relay does not start, ends by itself, or media does not flow again.
pub fn run(case: &Case, told: &mut dyn FnMut(u32)) -> anyhow::Result<Restarted> {
    let mut world = World::start(case.workers)?;
    let mut load = Load::open(&world, case)?;
    let before = world.relayed()?;
    let mut guests = Guests::default();
    let mut ended = 0;
    let mut ends = |number, by, world: &mut World, load: &mut Load| {
        several(case, number, by, world, load, &mut guests, &mut || {
            ended += 1;
            told(ended);
        })
    };
    let killed = ends(case.kills, By::Kill, &mut world, &mut load)?;
    let orderly = ends(case.restarts, By::Order, &mut world, &mut load)?;
    let after = world.relayed()?;
    Ok(Restarted {
        version: world.version()?,
        killed,
        told: orderly,
        astray: guests.astray,
        forbidden: guests.forbidden,
        relayed: before.len(),
        relayed_kept: before.intersection(&after).count(),
    })
}

fn several(
    case: &Case,
    number: u32,
    by: By,
    world: &mut World,
    load: &mut Load,
    guests: &mut Guests,
    told: &mut dyn FnMut(),
) -> anyhow::Result<Ends> {
    let before = load.carried();
    let (mut ready, mut rooms, mut turn) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..number {
        let began = Instant::now();
        guests.invite(world)?;
        load.run_until(began + KEPT_WITHIN, || guests.speak())?;
        let times = end_once(by, world, load, guests)?;
        ready.push(times.0);
        rooms.push(times.1);
        turn.push(times.2);
        load.run_until(began + Duration::from_millis(case.interval_ms), || guests.speak())?;
        guests.leave()?;
        load.tend()?;
        told();
    }
    load.settle()?;
    let carried = load.carried();
    Ok(Ends {
        number,
        ready_ms: Times::of(&ready),
        rooms_ms: Times::of(&rooms),
        turn_ms: Times::of(&turn),
        sent: carried.sent - before.sent,
        lost: carried.lost() - before.lost(),
        own_drops: carried.own_drops - before.own_drops,
    })
}

/// Ready, rooms and TURN, each since the order.
fn end_once(
    by: By,
    world: &mut World,
    load: &mut Load,
    guests: &mut Guests,
) -> anyhow::Result<(Duration, Duration, Duration)> {
    world.forbid(&guests.addresses()?)?;
    let ordered = Instant::now();
    match by {
        By::Kill => world.supervisor.kill()?,
        By::Order => world.supervisor.restart()?,
    }
    let mut ready = None;
    while ready.is_none() || load.returned().is_none() {
        ensure!(ordered.elapsed() < PATIENCE, "{}", world.complaint("media does not flow again"));
        load.step()?;
        guests.speak()?;
        match world.supervisor.notice(Duration::ZERO)? {
            None => {}
            Some(Notice::Ready { .. }) => ready = Some(ordered.elapsed()),
            Some(Notice::Ended(0 | -9)) => {
                // What waits now was sent by the relay that admitted it.
                guests.forbid()?;
                load.mark();
            }
            Some(other) => bail!("{}", world.complaint(&format!("{other:?}"))),
        }
    }
    let (rooms, turn) = load.returned().context("they have")?;
    Ok((ready.context("it is")?, rooms - ordered, turn - ordered))
}

impl Times {
    fn of(times: &[Duration]) -> Self {
        let mut sorted: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        sorted.sort_by(f64::total_cmp);
        // Nearest rank: the least that so many of a hundred are not above.
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).max(1);
            sorted.get(rank - 1).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

impl Restarted {
    /// Whether what is promised was kept, whatever the times were: the streams' addresses, and nothing to
    /// whom the policy in force forbids; and nothing lost where it was told to stop.
    pub fn is_right(&self) -> bool {
        self.astray == 0
            && self.relayed_kept == self.relayed
            && self.told.lost <= self.told.own_drops
    }
}

/// Relayed addresses.
type Relayed = BTreeSet<String>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_of_200_times_is_the_198th() {
        let times = Times::of(&(1..=200).map(Duration::from_millis).collect::<Vec<_>>());
        assert_eq!((times.p50, times.p99, times.max), (100.0, 198.0, 200.0));
        assert_eq!(Times::of(&[]).p99, 0.0);
    }
}
