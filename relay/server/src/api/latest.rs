//! Answers that are dear to make, and may not keep the thread that decides from its work, however many ask.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;

/// Of the time of the thread that decides, answers may take one part in so many.
const PART: u32 = 10;

/// And for a while all of it: whoever asks now and then is told what is so now.
const SPARE_MAX: Duration = Duration::from_secs(1);

/// The last answer to one question.
#[derive(Clone, Default)]
pub(super) struct Latest(Arc<Mutex<Option<Made>>>);

struct Made {
    answer: Bytes,
    at: Instant,
    /// How long it may take to make more of them.
    spare: Duration,
}

impl Latest {
    /// A new answer; or the last one, where making them has taken too much time of late.
    pub(super) fn get(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        self.get_by(Instant::now, make)
    }

    fn get_by(&self, now: impl Fn() -> Instant, make: impl FnOnce() -> Bytes) -> Bytes {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let began = now();
        let spare = match &*latest {
            None => SPARE_MAX,
            Some(made) => {
                let earned = began.saturating_duration_since(made.at) / PART;
                SPARE_MAX.min(made.spare + earned)
            }
        };
        if let Some(made) = &*latest
            && spare.is_zero()
        {
            return made.answer.clone();
        }
        let answer = make();
        let at = now();
        let spare = spare.saturating_sub(at.saturating_duration_since(began));
        latest.insert(Made { answer, at, spare }).answer.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn whoever_asks_now_and_then_is_told_what_is_so_and_whoever_asks_all_the_time_is_not() {
        let (latest, now) = (Latest::default(), Cell::new(Instant::now()));
        let pass = |ms| now.set(now.get() + Duration::from_millis(ms));
        let made = Cell::new(0_u8);
        let ask = || {
            let make = || {
                made.set(made.get() + 1);
                pass(100);
                Bytes::from(vec![made.get()])
            };
            latest.get_by(|| now.get(), make)
        };
        for number in 1..=10 {
            assert_eq!(ask()[0], number, "at once");
        }
        assert_eq!((ask()[0], ask()[0]), (10, 10), "a second is used up");
        pass(100);
        assert_eq!((ask()[0], ask()[0]), (11, 11));
        pass(60_000);
        for number in 12..=21 {
            assert_eq!(ask()[0], number, "time that was not used");
        }
        assert_eq!(ask()[0], 21);
    }
}
