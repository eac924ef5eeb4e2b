//! Amounts for people.

/// `12,345`
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate in whole numbers; a dash where there is none yet.
pub(super) fn rate(each_second: Option<f64>) -> String {
    each_second.map_or("-".to_owned(), |rate| format!("{rate:.0}"))
}

/// `12.3 Mbit/s`, of bytes each second.
pub(super) fn bits(bytes_each_second: Option<f64>) -> String {
    let Some(bytes) = bytes_each_second else { return "-".to_owned() };
    let mut amount = 8.0 * bytes;
    let mut unit = "bit/s";
    for next in ["kbit/s", "Mbit/s", "Gbit/s"] {
        if amount < 1_000.0 {
            break;
        }
        (amount, unit) = (amount / 1_000.0, next);
    }
    format!("{amount:.1} {unit}")
}

/// `37 %`, of a share.
pub(super) fn share(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// `2 d 3 h`, `1 h 2 min`, `2 min 3 s` or `3 s`.
pub(super) fn time(seconds: f64) -> String {
    let span = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    match (span / 86_400, span / 3_600 % 24, span / 60 % 60, span % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        let counts = [0, 999, 1_000, 1_234_567].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "1,234,567"]);
        let rates = [None, Some(0.0), Some(124.0), Some(1.5e6)].map(bits);
        assert_eq!(rates, ["-", "0.0 bit/s", "992.0 bit/s", "12.0 Mbit/s"]);
        let times = [3.9, 123.0, 3_720.0, 183_600.0].map(time);
        assert_eq!(times, ["3 s", "2 min 3 s", "1 h 2 min", "2 d 3 h"]);
        assert_eq!((rate(Some(1.6)), share(0.374)), ("2".to_owned(), "37 %".to_owned()));
    }
}
