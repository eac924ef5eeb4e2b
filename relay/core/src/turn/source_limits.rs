//! How often something is done for an address that has proved nothing: answering it, or looking at its
//! proof.

use std::net::IpAddr;
use std::time::Duration;

use ahash::RandomState;

use crate::limits::{Limits, PROOFS_PER_SOURCE_INTERVAL, SOURCE_SLOTS};
use crate::time::Instant;

/// What was done lately: by source, in a table of fixed size, and all together. A forged flood can
/// fill it, not make it grow; less is done then, never more.
pub(crate) struct SourceLimits {
    sources: Box<[Slot]>,
    hash: RandomState,
    per_source: Rate,
    together: Option<(Bucket, Rate)>,
}

/// The sources that share a place in the table.
#[derive(Clone, Copy)]
struct Slot {
    source: u64,
    bucket: Bucket,
}

/// When what was done so far will be paid off: the theoretical arrival time of the Generic Cell
/// Rate Algorithm (ITU-T I.371).
#[derive(Clone, Copy)]
struct Bucket(Instant);

#[derive(Clone, Copy)]
struct Rate {
    /// What doing it once costs.
    interval: Duration,
    /// How far ahead of it a burst may run.
    tolerance: Duration,
}

impl SourceLimits {
    /// Of answers.
    pub(crate) fn of_answers(limits: &Limits, hash: RandomState) -> Self {
        let together = Rate {
            interval: Duration::from_secs(1) / limits.unproven_answers_per_s.max(1),
            tolerance: Duration::from_millis(100),
        };
        let together = Some((Bucket(Instant::START), together));
        Self { together, ..Self::per_source(limits.unproven_answer_interval, hash) }
    }

    /// Of requests whose nonce and integrity are looked at. There is no limit for all together: whoever
    /// forges sources would use it up for everybody, and each of his requests costs less than an answer.
    pub(crate) fn of_proofs(hash: RandomState) -> Self {
        Self::per_source(PROOFS_PER_SOURCE_INTERVAL, hash)
    }

    /// As much in a burst as in a second after it.
    fn per_source(interval: Duration, hash: RandomState) -> Self {
        let empty = Slot { source: u64::MAX, bucket: Bucket(Instant::START) };
        let tolerance = Duration::from_secs(1).saturating_sub(interval);
        Self {
            // Written to from the start, so that a flood does not make the relay's memory grow.
            sources: vec![empty; SOURCE_SLOTS].into_boxed_slice(),
            hash,
            per_source: Rate { interval, tolerance },
            together: None,
        }
    }

    /// Whether it may be done once more for that address now; if so it is counted.
    pub(crate) fn allow(&mut self, now: Instant, ip: IpAddr) -> bool {
        let source = self.hash.hash_one(network(ip));
        let mut slot = self.slot(now, source);
        let room = |(all, rate): (Bucket, Rate)| all.has_room(now, rate);
        let allowed = slot.bucket.has_room(now, self.per_source) && self.together.is_none_or(room);
        if allowed {
            slot.bucket.pay(now, self.per_source);
            slot.source = source;
            if let Some((all, rate)) = &mut self.together {
                all.pay(now, *rate);
            }
            self.sources[place(source)] = slot;
        }
        allowed
    }

    /// A source that nobody has used lately makes room for another; otherwise the two share.
    fn slot(&self, now: Instant, source: u64) -> Slot {
        let slot = self.sources[place(source)];
        let free = slot.source != source && slot.bucket.0 <= now;
        if free { Slot { source, bucket: Bucket(Instant::START) } } else { slot }
    }
}

/// What counts as one source: a host, or the network that one customer gets (RFC 6177).
fn network(ip: IpAddr) -> u64 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => u64::from(u32::from(ip)),
        IpAddr::V6(ip) => (u128::from(ip) >> 64) as u64 | 1 << 63,
    }
}

fn place(source: u64) -> usize {
    usize::try_from(source % SOURCE_SLOTS as u64).unwrap_or(0)
}

impl Bucket {
    fn has_room(self, now: Instant, rate: Rate) -> bool {
        self.0 <= now + rate.tolerance
    }

    fn pay(&mut self, now: Instant, rate: Rate) {
        self.0 = self.0.max(now) + rate.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Csprng;

    fn limits() -> SourceLimits {
        SourceLimits::of_answers(&Limits::default(), Csprng::new([1; 32]).table_keys())
    }

    fn at(ms: u64) -> Instant {
        Instant::from_start(Duration::from_millis(ms))
    }

    /// Answers in each second, asked for every millisecond.
    fn answers(limits: &mut SourceLimits, of: impl Fn(u64) -> IpAddr) -> Vec<usize> {
        let second = |s: u64| s * 1000..(s + 1) * 1000;
        (5..9).map(|s| second(s).filter(|&ms| limits.allow(at(ms), of(ms))).count()).collect()
    }

    #[test]
    fn a_host_gets_at_most_ten_answers_a_second() {
        let counts = answers(&mut limits(), |_| [9, 9, 9, 9].into());
        assert!(counts.iter().all(|count| (4..=10).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_customers_ipv6_network_counts_as_one() {
        let host = |ms: u64| IpAddr::from([0x2a00, 1, 2, 3, 0, 0, 0, u16::try_from(ms).unwrap()]);
        let counts = answers(&mut limits(), host);
        assert!(counts.iter().all(|count| (4..=10).contains(count)), "{counts:?}");
    }

    #[test]
    fn one_busy_host_does_not_silence_another() {
        let mut limits = limits();
        assert_eq!((0..100).filter(|_| limits.allow(at(5000), [9, 9, 9, 9].into())).count(), 5);
        assert!(limits.allow(at(5000), [9, 9, 9, 10].into()));
    }

    #[test]
    fn all_together_have_a_limit_too() {
        let mut limits = limits();
        let sources = 0..200_000_u32;
        let answered = sources.filter(|&ip| limits.allow(at(5000), ip.to_be_bytes().into()));
        let per_s = Limits::default().unproven_answers_per_s as usize;
        assert!(answered.count() <= per_s / 10 + 1);
    }

    #[test]
    fn proofs_have_a_limit_for_each_source_and_none_for_all() {
        let proofs = || SourceLimits::of_proofs(Csprng::new([1; 32]).table_keys());
        let (mut one, mut many) = (proofs(), proofs());
        let per_s = 1 + Duration::from_secs(1).as_nanos() / PROOFS_PER_SOURCE_INTERVAL.as_nanos();
        let here = [9, 9, 9, 9].into();
        let of_one = (0..2 * per_s).filter(|_| one.allow(at(5000), here)).count();
        assert!(of_one as u128 <= per_s, "{of_one}");
        // Several of so many share a place, and all have room there.
        let of_many = (0..100_000_u32).filter(|ip| many.allow(at(5000), ip.to_be_bytes().into()));
        assert_eq!(of_many.count(), 100_000);
    }
}
