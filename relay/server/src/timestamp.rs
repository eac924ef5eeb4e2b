//! Time of day as RFC 3339 has it, always in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// `2026-11-21T20:03:00Z`: whole seconds, rounded down. Before 1970 it says 1970.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}Z", seconds(since_epoch.as_secs()))
}

/// Microseconds since 1970, written as `2026-11-21T20:03:00.000001Z`: always 27 characters up to the
/// year 9999, so that texts sort as times do.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(into = "String", try_from = "String")]
pub struct Moment {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub unix_us: u64,
}

/// What is no moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoMoment;

impl Moment {
    /// The present.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Time since an earlier moment; zero if it is a later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.unix_us.saturating_sub(earlier.unix_us))
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { unix_us: u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX) }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micros) = (self.unix_us / 1_000_000, self.unix_us % 1_000_000);
        write!(f, "{}.{micros:06}Z", seconds(whole))
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = NoMoment;

    fn try_from(text: String) -> Result<Self, NoMoment> {
        text.parse()
    }
}

impl FromStr for Moment {
    type Err = NoMoment;

    /// Reads what [`fmt::Display`] writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let number = |range: std::ops::Range<usize>| {
            let digits = text.get(range).ok_or(NoMoment)?;
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u64>().ok()).flatten().ok_or(NoMoment)
        };
        let days = days(number(0..4)?, number(5..7)?, number(8..10)?).ok_or(NoMoment)?;
        let second = number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?;
        let moment = Self { unix_us: (days * 86_400 + second) * 1_000_000 + number(20..26)? };
        (moment.to_string() == text).then_some(moment).ok_or(NoMoment)
    }
}

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time such as 2026-11-21T20:03:00.000001Z")
    }
}

impl std::error::Error for NoMoment {}

fn seconds(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

const DAYS_BEFORE_1970: u64 = 719_468;
const DAYS_PER_400_YEARS: u64 = 146_097;

/// Year, month and day that many days after 1970-01-01 (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `civil_from_days`): years begin in March, so that the leap day is
/// the last of its year.
pub(crate) fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / DAYS_PER_400_YEARS, days % DAYS_PER_400_YEARS);
    let leap_days = day_of_era / 1_460 + day_of_era / 146_096 - day_of_era / 36_524;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (400 * era + year_of_era + u64::from(month <= 2), month, day)
}

/// The other way (`days_from_civil`); `None` before 1970.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = year.checked_sub(u64::from(month <= 2))?;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * DAYS_PER_400_YEARS + day_of_era).checked_sub(DAYS_BEFORE_1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each from `date -u -d @SECONDS +%FT%TZ`.
    const KNOWN: [(u64, &str); 7] = [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_800, "2000-03-01T00:00:00Z"),
        (1_709_164_800, "2024-02-29T00:00:00Z"),
        (1_795_291_380, "2026-11-21T20:03:00Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ];

    #[test]
    fn known_moments_are_written_right() {
        for (seconds, written) in KNOWN {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), written);
        }
    }

    #[test]
    fn a_moment_reads_back_to_itself() {
        for (seconds, written) in KNOWN {
            let moment = Moment { unix_us: seconds * 1_000_000 + 42 };
            assert_eq!(moment.to_string(), written.replace('Z', ".000042Z"));
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "2026-02-30T00:00:00.000000Z",
            "2026-01-01T24:00:00.000000Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.000000z",
            "2026-01-01T00:00:00.000000Z ",
            "1969-12-31T23:59:59.000000Z",
            "2026-00-01T00:00:00.000000Z",
            "2026-01-00T00:00:00.000000Z",
            "20é6-01-01T00:00:00.000000Z",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(NoMoment), "{text}");
        }
    }
}
