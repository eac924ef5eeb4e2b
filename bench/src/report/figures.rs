//! Figures in words: the fewest digits that still tell.

/// A whole number, its thousands set apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let head = (!head.is_empty()).then(|| head.to_owned());
    head.into_iter().chain(groups).collect::<Vec<_>>().join(",")
}

/// A time with its unit, three digits at least.
pub(super) fn time_of_ns(nanoseconds: f64) -> String {
    let (figure, unit) = match nanoseconds {
        ns if !ns.is_finite() => return "–".to_owned(),
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{} {unit}", digits(figure))
}

/// Three digits, more in front of the point.
pub(super) fn digits(figure: f64) -> String {
    match figure.abs() {
        size if !size.is_finite() => "–".to_owned(),
        size if size >= 100.0 => format!("{figure:.0}"),
        size if size >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// A round number as short as it goes, for the ticks of an axis.
pub(super) fn short_count(number: f64) -> String {
    match number {
        number if number >= 1e6 => format!("{}M", trimmed(number / 1e6)),
        number if number >= 1e3 => format!("{}k", trimmed(number / 1e3)),
        number => trimmed(number),
    }
}

/// Without zeros at its end.
pub(super) fn trimmed(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_with_the_digits_that_tell() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        let times = [412.4, 2_310.0, 48_200.0, 1_200_000.0, f64::NAN].map(time_of_ns);
        assert_eq!(times, ["412 ns", "2.31 µs", "48.2 µs", "1.20 ms", "–"]);
        assert_eq!([50.0, 20_000.0, 1.5e6].map(short_count), ["50", "20k", "1.5M"]);
    }
}
