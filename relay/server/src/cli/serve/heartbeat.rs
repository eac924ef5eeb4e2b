//! Whether threads go round when they are asked to.

/// How often each thread had gone round when all were asked to.
pub(super) struct Heartbeat(Vec<u64>);

impl Heartbeat {
    /// Threads that are asked now, each with how often it went round so far.
    pub(super) fn asked(rounds: Vec<u64>) -> Self {
        Self(rounds)
    }

    /// The places of those that have not gone round since. A thread that was restarted counts anew,
    /// and lives.
    pub(super) fn silent(&self, rounds: &[u64]) -> Vec<usize> {
        let stands = |&place: &usize| rounds.get(place).is_none_or(|now| *now == self.0[place]);
        (0..self.0.len()).filter(stands).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_answered_before_being_asked() {
        let heartbeat = Heartbeat::asked(vec![7, 0, 3]);
        assert_eq!(heartbeat.silent(&[7, 0, 3]), [0, 1, 2]);
    }

    #[test]
    fn all_have_to_answer() {
        let heartbeat = Heartbeat::asked(vec![7, 0, 3]);
        assert_eq!(heartbeat.silent(&[8, 0, 900]), [1]);
        assert_eq!(heartbeat.silent(&[8, 1, 900]), [0; 0]);
    }

    #[test]
    fn one_that_is_gone_does_not_answer() {
        assert_eq!(Heartbeat::asked(vec![7, 7]).silent(&[8]), [1]);
    }

    #[test]
    fn one_that_was_restarted_does() {
        assert_eq!(Heartbeat::asked(vec![7]).silent(&[0]), [0; 0]);
    }

    #[test]
    fn what_happened_before_the_question_is_no_answer() {
        let first = Heartbeat::asked(vec![1]);
        assert_eq!(first.silent(&[2]), [0; 0]);
        assert_eq!(
            Heartbeat::asked(vec![2]).silent(&[2]),
            [0],
            "each question needs its own answer"
        );
    }
}
