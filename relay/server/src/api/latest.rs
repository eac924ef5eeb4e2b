//! Answers that are dear to make, and made once for all who ask within a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;

/// An answer is given again for so many times as long as it took to make: however many ask, the thread that
/// decides has nine tenths of its time for other work.
const TIMES: u32 = 10;

/// The last answer to one question.
#[derive(Clone, Default)]
pub(super) struct Latest(Arc<Mutex<Option<Made>>>);

struct Made {
    at: Instant,
    took: Duration,
    answer: Bytes,
}

impl Latest {
    /// The last answer, or a new one where that is old.
    pub(super) fn get(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        self.get_by(Instant::now, make)
    }

    fn get_by(&self, now: impl Fn() -> Instant, make: impl FnOnce() -> Bytes) -> Bytes {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now();
        if let Some(made) = &*latest
            && at.saturating_duration_since(made.at) < made.took * TIMES
        {
            return made.answer.clone();
        }
        let answer = make();
        let took = now().saturating_duration_since(at);
        latest.insert(Made { at, took, answer }).answer.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn an_answer_is_given_again_for_ten_times_as_long_as_it_took() {
        let (latest, start) = (Latest::default(), Instant::now());
        let at = |age_ms, took_ms, answer: &'static str| {
            let now = Cell::new(start + Duration::from_millis(age_ms));
            let make = || {
                now.set(now.get() + Duration::from_millis(took_ms));
                Bytes::from_static(answer.as_bytes())
            };
            latest.get_by(|| now.get(), make)
        };
        assert_eq!(at(0, 25, "first"), "first");
        assert_eq!(at(249, 25, "second"), "first");
        assert_eq!(at(250, 1, "third"), "third");
        assert_eq!(at(261, 1, "fourth"), "fourth");
    }
}
