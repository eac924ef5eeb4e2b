//! When a flood is more than a shard can read, and how much of it is still read then.
//!
//! A receive queue that overflows loses the packets of those who are in with all others. So before that
//! the kernel is told who is in, and lets of what strangers send only as much in as the shard has time for.

use std::time::Duration;

use ringfence_core::Instant;
use ringfence_net::backend::Pending;
use ringfence_net::sockets::Share;

/// Turns in a row that left packets behind, after the first, before strangers are looked at: with a thousand
/// packets or more read, of the ten thousand small ones that a queue holds by default.
const FULL_TURNS: u32 = 1;

/// A flood is what has this part of the packets that come.
const FLOOD_PART: u64 = 4;

/// It is over when strangers have less than this part of them.
const CALM_PART: u64 = 8;

/// For so long.
const CALM: Duration = Duration::from_secs(1);

/// How often the share is set anew.
const LOOK: Duration = Duration::from_millis(100);

/// And how often at most where packets are left behind.
const SOON: Duration = Duration::from_millis(10);

/// Who is in is told again after so long: until then the media of someone who has just been let in is taken
/// for a stranger's.
const RENEWAL: Duration = LOOK;

/// The share that it begins with is so often halved.
const FIRST_HALVINGS: u32 = 6;

/// A shard that works more than this part of its time lets fewer strangers in. Below [`super::load`]'s
/// bound, so that those who are in have room for a burst.
const BUSY: f64 = 0.8;

/// One that works less lets twice as many in, and still has room if all of its work was for strangers.
const ROOM: f64 = 0.4;

/// What a shard has counted since its start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Datagrams that it read.
    pub(super) read: u64,
    /// Of those, strangers'.
    pub(super) strange: u64,
    /// How long it waited.
    pub(super) waited: Duration,
}

/// What is to be done with the sieve.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Order {
    /// Put one with this share.
    Put(Share),
    /// Take it away.
    Lift,
}

/// What a shard shows of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sieved {
    /// How often one was put where there was none.
    pub put: u64,
    /// The part of strangers' STUN that it does not let in.
    pub withheld: f64,
    /// Datagrams that were dropped before the shard could read them while there was one.
    pub dropped: u64,
}

/// A shard's judgement.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    full_turns: u32,
    /// What was seen when the first of them began.
    before: Seen,
    sieve: Option<Sieve>,
    put: u64,
    /// What the kernel dropped while there was one.
    dropped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sieve {
    share: Share,
    told: Instant,
    looked: Instant,
    seen: Seen,
    /// As the kernel counts.
    dropped: u64,
    calm: Duration,
}

impl Strangers {
    /// After a turn, which left packets behind or not. `dropped` asks the kernel what it has dropped.
    pub(super) fn after_turn(
        &mut self,
        now: Instant,
        left: Pending,
        seen: impl FnOnce() -> Seen,
        dropped: impl FnOnce() -> u64,
    ) -> Option<Order> {
        if left == Pending::Nothing && self.sieve.is_none() {
            self.full_turns = 0;
            return None;
        }
        let seen = seen();
        let flooded = self.is_flooded(left, seen);
        match self.sieve {
            None if flooded => Some(self.begin(now, seen, dropped())),
            None => None,
            // Where it is flooded all the same, the next look would be too late.
            Some(sieve) if now >= sieve.looked + if flooded { SOON } else { LOOK } => {
                self.look(now, sieve, flooded, seen, dropped())
            }
            Some(_) => None,
        }
    }

    /// There is no sieve, whatever was ordered.
    pub(super) fn give_up(&mut self) {
        self.sieve = None;
    }

    /// When it wants to be asked again though nothing came.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.sieve.map(|sieve| sieve.looked + LOOK)
    }

    /// What is to be shown.
    pub(super) fn shown(&self) -> Sieved {
        let withheld = self.sieve.map_or(0.0, |sieve| 1.0 - sieve.share.ratio());
        Sieved { put: self.put, withheld, dropped: self.dropped }
    }

    fn is_flooded(&mut self, left: Pending, seen: Seen) -> bool {
        if left == Pending::Nothing {
            self.full_turns = 0;
            return false;
        }
        if self.full_turns == 0 {
            self.before = seen;
        }
        self.full_turns += 1;
        if self.full_turns <= FULL_TURNS {
            return false;
        }
        let (read, strange) = (seen.read - self.before.read, seen.strange - self.before.strange);
        self.full_turns = 0;
        strange * FLOOD_PART >= read
    }

    fn begin(&mut self, now: Instant, seen: Seen, dropped: u64) -> Order {
        let share = (0..FIRST_HALVINGS).fold(Share::ALL, |share, _| share.halved());
        let calm = Duration::ZERO;
        self.put += 1;
        self.set(now, Sieve { share, told: now, looked: now, seen, dropped, calm })
    }

    fn set(&mut self, now: Instant, sieve: Sieve) -> Order {
        self.sieve = Some(Sieve { told: now, looked: now, ..sieve });
        Order::Put(sieve.share)
    }

    fn look(
        &mut self,
        now: Instant,
        sieve: Sieve,
        flooded: bool,
        seen: Seen,
        dropped: u64,
    ) -> Option<Order> {
        let elapsed = now.since(sieve.looked);
        let more = dropped.saturating_sub(sieve.dropped);
        self.dropped += more;
        let came = seen.read - sieve.seen.read + more;
        let strange = seen.strange - sieve.seen.strange + more;
        let calm = if strange * CALM_PART > came { Duration::ZERO } else { sieve.calm + elapsed };
        if calm >= CALM {
            self.sieve = None;
            return Some(Order::Lift);
        }
        let waited = seen.waited.saturating_sub(sieve.seen.waited);
        let share = match 1.0 - waited.as_secs_f64() / elapsed.as_secs_f64() {
            _ if flooded => sieve.share.halved().halved(),
            busy if busy > BUSY => sieve.share.halved(),
            busy if busy < ROOM => sieve.share.doubled(),
            _ => sieve.share,
        };
        let next = Sieve { share, looked: now, seen, dropped, calm, ..sieve };
        if share != sieve.share || now >= sieve.told + RENEWAL {
            return Some(self.set(now, next));
        }
        self.sieve = Some(next);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shard that reads 100,000 packets a second at most, and spends no more on those who are in
    /// than on others.
    struct World {
        strangers: Strangers,
        now: Instant,
        seen: Seen,
        dropped: u64,
        /// What the sieve lets in of strangers; nothing is there.
        share: Option<Share>,
        orders: usize,
    }

    const PER_MS_MAX: f64 = 100.0;

    impl World {
        fn new() -> Self {
            let (strangers, seen) = (Strangers::default(), Seen::default());
            Self { strangers, now: Instant::START, seen, dropped: 0, share: None, orders: 0 }
        }

        /// Goes on with so many packets a millisecond of those who are in, and of others.
        fn run(&mut self, ms: u64, own: f64, strange: f64) {
            for _ in 0..ms {
                let let_in = strange * self.share.map_or(1.0, Share::ratio);
                let (read, work) = (own + let_in, (own + let_in) / PER_MS_MAX);
                let fits = 1.0_f64.min(1.0 / work.max(1e-9));
                self.now = self.now + Duration::from_millis(1);
                self.seen.read += whole(read * fits);
                self.seen.strange += whole(let_in * fits);
                self.seen.waited += Duration::from_secs_f64((1.0 - work).max(0.0) / 1e3);
                self.dropped += whole(strange - let_in);
                let left = if work > 1.0 { Pending::Maybe } else { Pending::Nothing };
                self.turn(left);
            }
        }

        fn turn(&mut self, left: Pending) {
            let (seen, dropped) = (self.seen, self.dropped);
            match self.strangers.after_turn(self.now, left, || seen, || dropped) {
                Some(Order::Put(share)) => self.share = Some(share),
                Some(Order::Lift) => self.share = None,
                None => return,
            }
            self.orders += 1;
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "packets of 1 ms")]
    fn whole(packets: f64) -> u64 {
        packets as u64
    }

    #[test]
    fn those_who_are_in_may_fill_a_shard_without_a_sieve() {
        let mut world = World::new();
        world.run(10_000, 200.0, 10.0);
        assert_eq!((world.orders, world.share), (0, None));
    }

    #[test]
    fn a_burst_of_strangers_is_read() {
        let mut world = World::new();
        for _ in 0..100 {
            world.run(1, 10.0, 1000.0);
            world.run(5, 10.0, 0.0);
        }
        assert_eq!(world.orders, 0);
    }

    #[test]
    fn a_flood_is_kept_out_within_a_thousand_packets_and_those_who_are_in_keep_their_room() {
        let mut world = World::new();
        world.run(3, 50.0, 1000.0);
        assert!(world.share.is_some());
        assert!(world.seen.read < 1000);
        world.run(3_000, 50.0, 1000.0);
        let busy = (50.0 + 1000.0 * world.share.unwrap().ratio()) / PER_MS_MAX;
        assert!((0.4..=0.9).contains(&busy), "{busy}");
        assert!(
            world.strangers.shown().withheld > 0.9 && world.strangers.shown().dropped > 1_000_000
        );
    }

    #[test]
    fn strangers_get_what_those_who_are_in_leave() {
        let [crowded, empty] = [78.0, 5.0].map(|own| {
            let mut world = World::new();
            world.run(5_000, own, 1000.0);
            world.share.unwrap()
        });
        assert!(crowded < empty, "{crowded:?} {empty:?}");
    }

    #[test]
    fn a_flood_that_grows_is_cut_down_at_once() {
        let mut world = World::new();
        world.run(3_000, 50.0, 200.0);
        world.run(200, 50.0, 20_000.0);
        let busy = (50.0 + 20_000.0 * world.share.unwrap().ratio()) / PER_MS_MAX;
        assert!(busy <= 1.0, "{busy}");
    }

    #[test]
    fn the_sieve_goes_when_the_flood_has_gone_though_calls_fill_the_shard() {
        for own in [0.0, 50.0, 95.0] {
            let mut world = World::new();
            world.run(3_000, 50.0, 1000.0);
            world.run(900, own, 0.0);
            assert!(world.share.is_some(), "a pause is not the end");
            world.run(400, own, 0.0);
            assert_eq!(world.share, None, "{own}");
            assert_eq!(world.strangers.next_look(), None);
        }
    }
}
