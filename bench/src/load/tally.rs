//! Counts what arrives, by what each packet says of itself.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::schedule::Schedule;
use super::speaker::read_header;
use super::srtp::Verification;

/// Latencies from a nanosecond to a minute, to three digits.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// What arrived in one trial.
pub(super) struct Tally {
    schedule: Schedule,
    began: Instant,
    lanes: Vec<Lane>,
    /// Copies that arrived.
    pub(super) received: u64,
    /// Of those, behind one that was sent later.
    pub(super) reordered: u64,
    /// Packets that nobody sent, or not so often.
    pub(super) strange: u64,
    /// Nanoseconds from when a packet was meant to leave; where that is asked for.
    pub(super) latency: Option<Histogram<u64>>,
    pub(super) verification: Option<Verification>,
}

#[derive(Clone, Copy, Debug)]
struct Lane {
    copies: u64,
    /// The number behind the last one that was sent.
    sent_to: u64,
    /// The number behind the highest that arrived.
    next: u64,
}

impl Tally {
    pub(super) fn new(
        schedule: Schedule,
        began: Instant,
        copies: impl Iterator<Item = u64>,
    ) -> Self {
        let lane = |copies| Lane { copies, sent_to: 0, next: 0 };
        Self {
            schedule,
            began,
            lanes: copies.map(lane).collect(),
            received: 0,
            reordered: 0,
            strange: 0,
            latency: None,
            verification: None,
        }
    }

    /// Says that packets up to this number have left.
    pub(super) fn sent(&mut self, lane: usize, up_to: u64) {
        self.lanes[lane].sent_to = up_to;
    }

    /// Copies that should arrive of a packet.
    pub(super) fn copies(&self, lane: usize) -> u64 {
        self.lanes[lane].copies
    }

    /// Takes note of what arrived.
    pub(super) fn hear(&mut self, packet: &[u8], at: Instant) {
        let known = read_header(packet).filter(|&(lane, number)| {
            self.lanes.get(lane).is_some_and(|lane| number < lane.sent_to)
        });
        let Some((lane, number)) = known else {
            self.strange += 1;
            return;
        };
        self.count(lane, number);
        if let Some(latency) = &mut self.latency {
            let taken = latency_of(&self.schedule, at.duration_since(self.began), lane, number);
            latency.saturating_record(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
        }
        if let Some(verification) = &mut self.verification {
            verification.see(lane, number, packet);
        }
    }

    /// Where there are several copies, each recipient has an order of its own that does not show here.
    fn count(&mut self, lane: usize, number: u64) {
        let lane = &mut self.lanes[lane];
        self.received += 1;
        if lane.copies == 1 {
            self.strange += u64::from(number + 1 == lane.next);
            self.reordered += u64::from(number + 1 < lane.next);
        }
        lane.next = lane.next.max(number + 1);
    }
}

/// Room for them.
pub(super) fn latencies() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3)?)
}

fn latency_of(schedule: &Schedule, elapsed: Duration, lane: usize, number: u64) -> Duration {
    elapsed.saturating_sub(schedule.intended(lane, number))
}

#[cfg(test)]
mod tests {
    use super::super::shape::Shape;
    use super::*;

    fn packet(lane: u8, number: u8) -> Vec<u8> {
        let header = [0x80, 111, 0, number, 0, 0, 0, number, 0, 0, 0, lane];
        [&header[..], &[0; 160]].concat()
    }

    fn tally(copies: u64) -> Tally {
        let schedule = Schedule::new(&Shape::single(172), 2, 1000);
        let mut tally = Tally::new(schedule, Instant::now(), [copies; 2].into_iter());
        tally.sent(1, 10);
        tally.latency = latencies().ok();
        tally
    }

    #[test]
    fn packets_count_once_and_those_out_of_order_or_of_nobody_show() {
        let mut tally = tally(1);
        let now = Instant::now();
        for (number, reordered) in [(0, 0), (1, 0), (3, 0), (2, 1), (4, 1)] {
            tally.hear(&packet(1, number), now);
            assert_eq!((tally.reordered, tally.strange), (reordered, 0), "{number}");
        }
        for stranger in [packet(0, 0), packet(1, 10), packet(2, 0), vec![0; 172]] {
            let before = tally.strange;
            tally.hear(&stranger, now);
            assert_eq!(tally.strange, before + 1);
        }
        assert_eq!(tally.received, 5);
        tally.hear(&packet(1, 4), now);
        assert_eq!(tally.strange, 5, "twice");
    }

    #[test]
    fn several_copies_are_no_disorder() {
        let mut tally = tally(3);
        for number in [0, 1, 0, 1, 0, 1] {
            tally.hear(&packet(1, number), Instant::now());
        }
        assert_eq!((tally.received, tally.reordered, tally.strange), (6, 0, 0));
    }

    #[test]
    fn latency_counts_from_when_a_packet_was_meant_to_leave() {
        let mut tally = tally(1);
        // The second packet of the second of two lanes is the fourth of 1,000 a second.
        tally.hear(&packet(1, 1), tally.began + Duration::from_millis(7));
        let latency = tally.latency.unwrap();
        assert!(latency.equivalent(latency.max(), 3_000_000), "{}", latency.max());
    }
}
