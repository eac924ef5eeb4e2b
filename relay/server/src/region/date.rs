//! A day, as region data carries it.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the years 1970 to 9999, UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Date {
    days_since_1970: u32,
}

const SECONDS_PER_DAY: u64 = 86_400;

impl Date {
    /// The day that holds a moment; before 1970 the first.
    pub fn of(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let days = since_epoch.as_secs() / SECONDS_PER_DAY;
        Self { days_since_1970: u32::try_from(days).unwrap_or(u32::MAX) }
    }

    /// Days from this one to a later one; negative if it is earlier.
    pub fn days_until(self, later: Self) -> i64 {
        i64::from(later.days_since_1970) - i64::from(self.days_since_1970)
    }
}

/// What is written as `2026-11-22` and nothing else.
impl FromStr for Date {
    type Err = NoDate;

    fn from_str(text: &str) -> Result<Self, NoDate> {
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| NoDate);
        let mut parts = text.split('-').map(number);
        let [Some(year), Some(month), Some(day), None] = [(); 4].map(|()| parts.next()) else {
            return Err(NoDate);
        };
        let (year, month, day) = (year?, month?, day?);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
        {
            return Err(NoDate);
        }
        let date = Self { days_since_1970: days_since_1970(year, month, day) };
        // The 31st of a short month comes out as another day, and `+1` as `1`.
        if date.to_string() == text { Ok(date) } else { Err(NoDate) }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = crate::api::calendar_day(self.days_since_1970.into());
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Not a date of the form 2026-11-22.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoDate;

impl fmt::Display for NoDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date is written like 2026-11-22")
    }
}

impl std::error::Error for NoDate {}

/// Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`: years begin
/// in March, so that the leap day is the last of its year. Not for dates before 1970-01-01.
fn days_since_1970(year: u32, month: u32, day: u32) -> u32 {
    const DAYS_BEFORE_1970: u32 = 719_468;
    const DAYS_PER_400_YEARS: u32 = 146_097;
    let year = year - u32::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_400_YEARS + day_of_era - DAYS_BEFORE_1970
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_day_is_read_as_it_is_written() {
        for days in 0..200_000 {
            let date = Date { days_since_1970: days };
            assert_eq!(date.to_string().parse(), Ok(date));
        }
    }

    #[test]
    fn days_are_counted() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(day("2024-02-28").days_until(day("2024-03-01")), 2);
        assert_eq!(day("2026-11-22").days_until(day("2026-11-21")), -1);
        // `date -u -d 2026-11-21T20:03:00Z +%s`
        assert_eq!(Date::of(UNIX_EPOCH + Duration::from_secs(1_795_291_380)), day("2026-11-21"));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "2026-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-01",
            "2026-1-1",
            "26-11-22",
            "+2026-11-22",
            "2026-11-22 ",
            "2026-11",
            "2026-11-22-1",
            "1969-12-31",
            "10000-01-01",
            "",
            "2026-11-+2",
        ] {
            assert_eq!(text.parse::<Date>(), Err(NoDate), "{text}");
        }
    }
}
