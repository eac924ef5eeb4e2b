//! Which packet is meant to leave when: a function of its lane and number, in both directions.

use std::time::Duration;

use super::shape::{Shape, Turn};

/// Turns at equal distances that the lanes take in order.
#[derive(Clone, Debug)]
pub struct Schedule {
    lanes: u64,
    cycle: Vec<Turn>,
    /// The number of the first packet of each turn of the cycle.
    firsts: Vec<u64>,
    /// The turn of the cycle that each of its packets belongs to.
    turns: Vec<u64>,
    turn_ns: f64,
}

/// One turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) lane: usize,
    /// Number in the lane of the first of its packets.
    pub(super) first: u64,
    pub(super) turn: Turn,
}

impl Schedule {
    /// For so many packets a second of all lanes together, on average over a cycle.
    pub fn new(shape: &Shape, lanes: usize, packets_per_s: u64) -> Self {
        let cycle = shape.cycle();
        let (mut firsts, mut turns) = (Vec::new(), Vec::new());
        for (number, turn) in (0..).zip(&cycle) {
            firsts.push(turns.len() as u64);
            turns.extend((0..turn.packets).map(|_| number));
        }
        let packets_a_turn = turns.len() as f64 / cycle.len() as f64;
        let turn_ns = packets_a_turn * 1e9 / packets_per_s.max(1) as f64;
        Self { lanes: lanes.max(1) as u64, cycle, firsts, turns, turn_ns }
    }

    /// When a packet is meant to leave, from the start.
    pub fn intended(&self, lane: usize, number: u64) -> Duration {
        let cycle_packets = self.turns.len() as u64;
        let (cycles, within) = (number / cycle_packets, index(number % cycle_packets));
        let turn_of_lane = cycles * self.cycle.len() as u64 + self.turns[within];
        self.turn_at(turn_of_lane * self.lanes + lane as u64)
    }

    /// How many turns are due by then.
    pub(super) fn turns_by(&self, elapsed: Duration) -> u64 {
        whole(elapsed.as_nanos() as f64 / self.turn_ns)
    }

    /// When a turn is due.
    pub(super) fn turn_at(&self, turn: u64) -> Duration {
        Duration::from_nanos(whole((turn + 1) as f64 * self.turn_ns))
    }

    pub(super) fn place(&self, turn: u64) -> Place {
        let (turn_of_lane, lane) = (turn / self.lanes, index(turn % self.lanes));
        let cycle_turns = self.cycle.len() as u64;
        let (cycles, within) = (turn_of_lane / cycle_turns, index(turn_of_lane % cycle_turns));
        let first = cycles * self.turns.len() as u64 + self.firsts[within];
        Place { lane, first, turn: self.cycle[within] }
    }

    /// The most bytes that one turn has.
    pub(super) fn turn_bytes_max(&self) -> usize {
        self.cycle.iter().map(Turn::bytes_total).max().unwrap_or(0)
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative; a double counts the nanoseconds of 104 days"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::super::shape::Mix;
    use super::*;

    #[test]
    fn the_time_of_a_packet_follows_from_its_lane_and_number() {
        for shape in [
            Shape::single(172),
            Shape::burst(1200, 16),
            Shape { mix: Mix::Opus, burst: 3 },
            Shape { mix: Mix::Video, burst: 1 },
        ] {
            let schedule = Schedule::new(&shape, 6, 77_777);
            let mut next = [0; 6];
            for turn in 0..2000 {
                let place = schedule.place(turn);
                assert_eq!(place.first, next[place.lane], "no gap, nothing twice");
                next[place.lane] += place.turn.packets;
                for number in place.first..next[place.lane] {
                    assert_eq!(schedule.intended(place.lane, number), schedule.turn_at(turn));
                }
            }
        }
    }

    #[test]
    fn a_second_has_as_many_packets_as_were_asked_for() {
        for shape in
            [Shape::single(172), Shape::burst(172, 16), Shape { mix: Mix::Video, burst: 1 }]
        {
            let schedule = Schedule::new(&shape, 16, 200_000);
            let turns = schedule.turns_by(Duration::from_secs(1));
            let packets: u64 = (0..turns).map(|turn| schedule.place(turn).turn.packets).sum();
            // The last cycle of a lane may not be whole.
            assert!(packets.abs_diff(200_000) < 2_000, "{packets}");
            assert!(schedule.turn_at(turns - 1) <= Duration::from_secs(1));
            assert!(schedule.turn_at(turns) > Duration::from_secs(1));
        }
    }
}
