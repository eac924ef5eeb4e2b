//! When a flood is more than a shard can read, and how much of it is still read then.
//!
//! A receive queue that overflows loses the packets of those who are in with all others. So before that
//! the kernel is told who is in, and lets of what strangers send only as much in as the shard has time for.

use std::time::Duration;

use ringfence_core::{Counters, Instant};
use ringfence_net::backend::Pending;
use ringfence_net::receive_queue::ReceiveQueue;
use ringfence_net::sockets::Share;

/// What may wait in a queue after a full turn before strangers are looked at: with what the turn has read,
/// some 1,500 small packets.
const LONG_BYTES: u32 = 1 << 20;

/// Or this part of it, if it has no such room.
const LONG_PART: u32 = 2;

/// A flood is what has this part of the packets that come.
const FLOOD_PART: u64 = 4;

/// It is over when strangers have less than this part of them.
const CALM_PART: u64 = 8;

/// So few a second are no flood, however little else comes.
const FEW_PER_S: f64 = 1_000.0;

/// For so long.
const CALM: Duration = Duration::from_secs(1);

/// How often the share is set anew.
const LOOK: Duration = Duration::from_millis(100);

/// And how often at most where packets are left behind.
const SOON: Duration = Duration::from_millis(10);

/// Who is in is told again after so long, so that it is not always the same strangers who are taken for one
/// of them. Somebody new among them is told at once, or [`SOON`] after the last time.
const RENEWAL: Duration = Duration::from_secs(1);

/// The share that it begins with is so often halved.
const FIRST_HALVINGS: u32 = 10;

/// What was too much is not tried again before it has been well with half of it and with a quarter, for so
/// long each: every try delays those who are in.
const TRIED: Duration = Duration::from_secs(30);

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
    /// How often somebody was let in.
    pub(super) admissions: u64,
    /// How long it waited.
    pub(super) waited: Duration,
}

impl Seen {
    /// By a shard that has counted so much, and waited so long.
    pub(super) fn by(counters: &Counters, waited: Duration) -> Self {
        let (read, strange) = (counters.received, counters.strange());
        Self { read, strange, admissions: counters.admissions(), waited }
    }
}

/// What the kernel says of the receive queues of a shard.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Queues {
    /// So much waits in one of them that a turn will not read it.
    long: bool,
    /// What was dropped before it could be read.
    dropped: u64,
}

impl Queues {
    /// Asks for them.
    pub(super) fn of(queues: &[ReceiveQueue]) -> Self {
        let levels = queues.iter().filter_map(|queue| queue.read().ok());
        levels.fold(Self::default(), |all, level| Self {
            long: all.long || level.waiting_bytes >= LONG_BYTES.min(level.room_bytes / LONG_PART),
            dropped: all.dropped + u64::from(level.dropped),
        })
    }
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
    /// There is one now.
    pub in_place: bool,
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
    /// What was seen a moment ago.
    noted: Seen,
    sieve: Option<Sieve>,
    put: u64,
    /// What the kernel dropped while there was one.
    dropped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sieve {
    share: Share,
    /// More is not tried.
    ceiling: Share,
    ceiling_since: Instant,
    told: Instant,
    /// Of `seen` when that was.
    told_admissions: u64,
    looked: Instant,
    /// Every turn since then has left packets behind. Time that the shard did not wait would not say so of a
    /// service that may use only a part of a processor: most of what it is denied looks like waiting.
    behind: bool,
    seen: Seen,
    /// As the kernel counts.
    dropped: u64,
    calm: Duration,
}

impl Strangers {
    /// What had been seen a moment before the turns that come.
    pub(super) fn note(&mut self, seen: Seen) {
        self.noted = seen;
    }

    /// After a turn, which left packets behind or not. The kernel is asked only if that may matter.
    pub(super) fn after_turn(
        &mut self,
        now: Instant,
        left: Pending,
        seen: impl FnOnce() -> Seen,
        queues: impl FnOnce() -> Queues,
    ) -> Option<Order> {
        if left == Pending::Nothing && self.sieve.is_none() {
            return None;
        }
        let seen = seen();
        let strange = left == Pending::Maybe && self.are_strangers_many(seen);
        let Some(sieve) = &mut self.sieve else {
            let queues = strange.then(queues)?;
            return queues.long.then(|| self.begin(now, seen, queues.dropped));
        };
        sieve.behind &= left == Pending::Maybe;
        // Where there are many all the same, the next look would be too late.
        if now >= sieve.looked + if strange { SOON } else { LOOK } {
            let queues = queues();
            sieve.behind |= strange && queues.long;
            let sieve = *sieve;
            return self.look(now, sieve, seen, queues.dropped);
        }
        let is_news = seen.admissions != sieve.told_admissions && now >= sieve.told + SOON;
        is_news.then(|| sieve.tell(now, seen))
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
        let in_place = self.sieve.is_some();
        Sieved { in_place, put: self.put, withheld, dropped: self.dropped }
    }

    fn are_strangers_many(&self, seen: Seen) -> bool {
        let (read, strange) = (seen.read - self.noted.read, seen.strange - self.noted.strange);
        strange * FLOOD_PART >= read
    }

    fn begin(&mut self, now: Instant, seen: Seen, dropped: u64) -> Order {
        self.put += 1;
        let sieve = self.sieve.insert(Sieve {
            share: (0..FIRST_HALVINGS).fold(Share::ALL, |share, _| share.halved()),
            ceiling: Share::ALL,
            ceiling_since: now,
            told: now,
            told_admissions: seen.admissions,
            looked: now,
            behind: true,
            seen,
            dropped,
            calm: Duration::ZERO,
        });
        sieve.tell(now, seen)
    }

    fn look(&mut self, now: Instant, old: Sieve, seen: Seen, dropped: u64) -> Option<Order> {
        let elapsed = now.since(old.looked);
        let more = dropped.saturating_sub(old.dropped);
        self.dropped += more;
        let came = seen.read - old.seen.read + more;
        let strange = seen.strange - old.seen.strange + more;
        let are_few = strange as f64 <= FEW_PER_S * elapsed.as_secs_f64();
        let are_calm = are_few || strange * CALM_PART <= came;
        let calm = if are_calm { old.calm + elapsed } else { Duration::ZERO };
        if calm >= CALM {
            self.sieve = None;
            return Some(Order::Lift);
        }
        let waited = seen.waited.saturating_sub(old.seen.waited);
        let busy = 1.0 - waited.as_secs_f64() / elapsed.as_secs_f64();
        let next =
            Sieve { looked: now, behind: true, seen, dropped, calm, ..old.adjusted(now, busy) };
        let sieve = self.sieve.insert(next);
        let is_due = sieve.share != old.share || now >= old.told + RENEWAL;
        is_due.then(|| sieve.tell(now, seen))
    }
}

impl Sieve {
    /// With the share that the next strangers get, after a time in which the shard was so busy.
    fn adjusted(self, now: Instant, busy: f64) -> Self {
        if self.behind {
            return self.at_its_least(now);
        }
        let tried = now >= self.ceiling_since + TRIED;
        let (ceiling, ceiling_since) =
            if tried { (self.ceiling.doubled(), now) } else { (self.ceiling, self.ceiling_since) };
        let share = match busy {
            busy if busy > BUSY => self.share.halved(),
            busy if busy < ROOM => self.share.doubled().min(ceiling),
            _ => self.share,
        };
        Self { share, ceiling, ceiling_since, ..self }
    }

    /// What waits is read first. What waits because of an earlier share says nothing of the least.
    fn at_its_least(self, now: Instant) -> Self {
        if self.share == Share::LEAST {
            return Self { ceiling_since: now, ..self };
        }
        let ceiling = self.share.halved().halved();
        Self { share: Share::LEAST, ceiling, ceiling_since: now, ..self }
    }

    fn tell(&mut self, now: Instant, seen: Seen) -> Order {
        (self.told, self.told_admissions) = (now, seen.admissions);
        Order::Put(self.share)
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
        /// Packets in the queue.
        waiting: f64,
        /// What the sieve lets in of strangers; nothing is there.
        share: Option<Share>,
        orders: usize,
    }

    const PER_MS_MAX: f64 = 100.0;

    /// More packets are a long queue.
    const LONG: f64 = 1_200.0;

    impl World {
        fn new() -> Self {
            let (strangers, seen) = (Strangers::default(), Seen::default());
            let (now, share, waiting) = (Instant::START, None, 0.0);
            Self { strangers, now, seen, dropped: 0, waiting, share, orders: 0 }
        }

        /// Goes on with so many packets a millisecond of those who are in, and of others.
        fn run(&mut self, ms: u64, own: f64, strange: f64) {
            for _ in 0..ms {
                let let_in = strange * self.share.map_or(1.0, Share::ratio);
                let came = own + let_in;
                let read = PER_MS_MAX.min(self.waiting + came);
                self.waiting += came - read;
                self.now = self.now + Duration::from_millis(1);
                self.strangers.note(self.seen);
                self.seen.read += whole(read);
                self.seen.strange += whole(read * let_in / came.max(1e-9));
                self.seen.waited += Duration::from_secs_f64((1.0 - read / PER_MS_MAX) / 1e3);
                self.dropped += whole(strange - let_in);
                self.turn(if self.waiting > 0.0 { Pending::Maybe } else { Pending::Nothing });
            }
        }

        fn part_of(&self, share: Share) -> f64 {
            self.share.unwrap().ratio() / share.ratio()
        }

        fn turn(&mut self, left: Pending) {
            let seen = self.seen;
            let queues = Queues { long: self.waiting > LONG, dropped: self.dropped };
            match self.strangers.after_turn(self.now, left, || seen, || queues) {
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
            world.run(15, 10.0, 0.0);
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
    fn what_was_too_much_is_not_tried_again_at_once() {
        let mut world = World::new();
        world.run(3, 50.0, 1000.0);
        let first = world.share.unwrap();
        // What waits has not been read for longer than a look.
        world.run(150, 50.0, 20_000.0);
        assert_eq!(world.share, Some(Share::LEAST));
        world.run(10_000, 5.0, 1000.0);
        assert!((world.part_of(first) - 0.25).abs() < 0.01, "{}", world.part_of(first));
        world.run(30_000, 5.0, 1000.0);
        assert!((world.part_of(first) - 0.5).abs() < 0.01, "{}", world.part_of(first));
    }

    #[test]
    fn whoever_is_let_in_is_told_at_once_and_nothing_is_told_without_need() {
        let mut world = World::new();
        world.run(3_000, 78.0, 1000.0);
        let before = world.orders;
        world.run(900, 78.0, 1000.0);
        assert!(world.orders - before <= 1, "{}", world.orders - before);
        world.run(50, 78.0, 1000.0);
        let before = world.orders;
        world.seen.admissions += 3;
        world.run(2, 78.0, 1000.0);
        assert_eq!(world.orders, before + 1);
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
        for (own, strange) in [(0.0, 0.0), (0.0, 0.5), (50.0, 5.0), (95.0, 0.0)] {
            let mut world = World::new();
            world.run(3_000, 50.0, 1000.0);
            world.run(900, own, strange);
            assert!(world.share.is_some(), "a pause is not the end");
            world.run(400, own, strange);
            assert_eq!(world.share, None, "{own} {strange}");
            assert_eq!(world.strangers.next_look(), None);
        }
    }
}
