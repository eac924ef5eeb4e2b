//! Whether the time of day can be believed: credentials carry when they end, and the audit trail
//! says when.

use std::time::{Duration, SystemTime};

use super::Finding;

const CHECK: &str = "clock";

/// File systems and clocks that are set a little back are no reason to worry.
const SKEW_MAX: Duration = Duration::from_secs(60);

const FIX: &str = "timedatectl set-ntp true    # after: apt-get install systemd-timesyncd";

/// The clock, and what there is to hold it against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Clock {
    pub(super) now: SystemTime,
    /// Files, and when they were written: not after now.
    pub(super) written: Vec<(String, SystemTime)>,
    /// Whether the kernel says that something keeps it right; `None`: it does not say.
    pub(super) synchronized: Option<bool>,
}

/// Whether it is kept right, and whether it is evidently wrong.
pub(super) fn check(clock: &Clock) -> Vec<Finding> {
    let ahead = clock.written.iter().filter_map(|(file, written)| {
        let ahead = written.duration_since(clock.now).ok()?;
        (ahead > SKEW_MAX).then_some((ahead, file))
    });
    let behind = ahead.max().map(|(ahead, file)| {
        let seconds = ahead.as_secs();
        let message = format!("the clock is behind: {file} was written {seconds} s from now");
        Finding::error(CHECK, message, FIX)
    });
    behind.into_iter().chain([kept_right(clock)]).collect()
}

fn kept_right(clock: &Clock) -> Finding {
    match clock.synchronized {
        Some(true) => Finding::ok(CHECK, "the kernel says that the clock is kept right"),
        Some(false) => {
            let message = "nothing keeps the clock right: credentials end too early or too late";
            Finding::warning(CHECK, message, FIX)
        }
        None => {
            let message = "the kernel does not say whether the clock is kept right";
            Finding::warning(CHECK, message, "timedatectl show -p NTPSynchronized")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn grades(written_ahead_s: u64, synchronized: Option<bool>) -> Vec<Grade> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let ahead = now + Duration::from_secs(written_ahead_s);
        let written = vec![("/old".to_owned(), SystemTime::UNIX_EPOCH), ("/new".to_owned(), ahead)];
        check(&Clock { now, written, synchronized }).iter().map(|found| found.grade).collect()
    }

    #[test]
    fn a_clock_before_its_own_files_is_an_error() {
        assert_eq!(grades(60, Some(true)), [Grade::Ok]);
        assert_eq!(grades(61, Some(true)), [Grade::Error, Grade::Ok]);
    }

    #[test]
    fn a_clock_that_nothing_keeps_right_is_a_warning() {
        assert_eq!(grades(0, Some(false)), [Grade::Warning]);
        assert_eq!(grades(0, None), [Grade::Warning]);
    }
}
