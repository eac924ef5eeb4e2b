//! Times and amounts for people.

use crate::timestamp::Moment;

/// `2026-11-22 10:00:05`
pub(super) fn time(moment: Moment) -> String {
    let text = moment.to_string();
    format!("{} {}", text.get(..10).unwrap_or_default(), clock(moment))
}

/// `10:00:05`
pub(super) fn clock(moment: Moment) -> String {
    moment.to_string().get(11..19).unwrap_or_default().to_owned()
}

/// `1.2 MB`, by thousands.
pub(super) fn bytes(bytes: u64) -> String {
    let mut amount = bytes as f64;
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if amount < 1_000.0 {
            break;
        }
        (amount, unit) = (amount / 1_000.0, next);
    }
    match unit {
        "B" => format!("{bytes} B"),
        unit => format!("{amount:.1} {unit}"),
    }
}

/// `1 h 2 min`, `2 min 3 s` or `3 s`.
pub(super) fn duration(from: Moment, to: Moment) -> String {
    let seconds = to.since(from).as_secs();
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// `1 refusal`, `2 refusals`
pub(super) fn some(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
