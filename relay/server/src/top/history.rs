//! What a relay said, lately.

use std::collections::VecDeque;

use super::Growth;
use crate::status::Status;

/// As many as the widest terminal has columns.
const SAMPLES_MAX: usize = 500;

/// Samples of one process, oldest first, and whether it still answers.
#[derive(Clone, Debug, Default)]
pub struct History {
    samples: VecDeque<Status>,
    silence: Option<String>,
}

impl History {
    /// Takes in an answer. One that was given before is left out; one of another process, which counts
    /// from zero, begins anew.
    pub fn answered(&mut self, status: Status) {
        self.silence = None;
        match self.samples.back() {
            Some(last) if last.uptime_s == status.uptime_s => return,
            Some(last) if last.uptime_s > status.uptime_s => self.samples.clear(),
            _ => {}
        }
        if self.samples.len() == SAMPLES_MAX {
            self.samples.pop_front();
        }
        self.samples.push_back(status);
    }

    /// Takes in why there was no answer.
    pub fn silent(&mut self, why: String) {
        self.silence = Some(why);
    }

    /// The last answer.
    pub fn latest(&self) -> Option<&Status> {
        self.samples.back()
    }

    /// Why there was none after that, if there was none.
    pub fn silence(&self) -> Option<&str> {
        self.silence.as_deref()
    }

    /// Between the last two answers.
    pub fn growth(&self) -> Option<Growth<'_>> {
        let earlier =
            self.samples.len().checked_sub(2).and_then(|place| self.samples.get(place))?;
        Growth::between(earlier, self.latest()?)
    }

    /// How fast something grew between each two answers, in whole numbers each second; the last so many.
    pub(super) fn curve(&self, last: usize, read: fn(&Status) -> f64) -> Vec<u64> {
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1));
        let rates = pairs.filter_map(|(earlier, later)| Growth::between(earlier, later));
        let rates: Vec<u64> = rates.map(|growth| whole(growth.each_second(read))).collect();
        rates[rates.len().saturating_sub(last)..].to_vec()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is cut to the range of the integer, and rates are not negative"
)]
fn whole(rate: f64) -> u64 {
    rate.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(uptime_s: f64, rooms: usize) -> Status {
        Status { uptime_s, rooms, ..Status::default() }
    }

    fn rooms(status: &Status) -> f64 {
        status.rooms as f64
    }

    #[test]
    fn rates_are_by_the_relay_s_own_time() {
        let mut history = History::default();
        assert!(history.growth().is_none());
        [(1.0, 10), (3.0, 20), (3.5, 20), (4.0, 50)]
            .into_iter()
            .for_each(|(uptime_s, count)| history.answered(sample(uptime_s, count)));
        assert_eq!(history.curve(9, rooms), [5, 0, 60]);
        assert_eq!(history.curve(2, rooms), [0, 60]);
        assert_eq!(history.growth().unwrap().each_second(rooms), 60.0);
    }

    #[test]
    fn an_answer_that_is_given_again_is_left_out() {
        let mut history = History::default();
        (0..3).for_each(|_| history.answered(sample(1.0, 1)));
        assert!(history.growth().is_none());
    }

    #[test]
    fn another_process_begins_anew() {
        let mut history = History::default();
        [sample(5.0, 9), sample(6.0, 9), sample(1.0, 0)]
            .into_iter()
            .for_each(|status| history.answered(status));
        assert!(history.growth().is_none() && history.curve(9, rooms).is_empty());
        assert_eq!(history.latest().unwrap().rooms, 0);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut history = History::default();
        (0..2 * SAMPLES_MAX).for_each(|second| history.answered(sample(second as f64, 0)));
        assert_eq!(history.samples.len(), SAMPLES_MAX);
    }

    #[test]
    fn silence_lasts_until_the_next_answer() {
        let mut history = History::default();
        history.answered(sample(1.0, 1));
        history.silent("gone".into());
        assert_eq!((history.silence(), history.latest().unwrap().rooms), (Some("gone"), 1));
        history.answered(sample(1.0, 1));
        assert_eq!(history.silence(), None);
    }
}
