//! A picture of bars: one for each server, in groups, with the extremes over the rounds.

use askama::Template;

use super::lines::{Px, WIDTH_PX};
use super::scale::Scale;
use super::servers::Palette;
use crate::record::{Case, FoundRate, Outcome};
use crate::report::figures::{count, short_count, time_of_ns};
use crate::spread::Spread;

const GROUP_PX: f64 = 26.0;
const ROW_PX: f64 = 27.0;
const BARS: (f64, f64) = (130.0, WIDTH_PX - 86.0);

/// The longest name that fits beside a bar.
const NAME_CHARS_MAX: usize = 18;

/// Bars in groups.
#[derive(Template)]
#[template(path = "bars.svg")]
pub(super) struct Bars {
    title: String,
    height: f64,
    groups: Vec<Group>,
}

struct Group {
    label: String,
    label_y: Px,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    short_name: String,
    colour: usize,
    y: Px,
    width: Px,
    range: (Px, Px),
    middle: String,
    extremes: String,
}

/// What one bar shows.
struct Figures {
    server: String,
    colour: usize,
    spread: Spread,
    /// In front of the figure.
    prefix: &'static str,
}

/// Processor time a packet, one group for each rate; `None` if it was not measured.
pub(super) fn of_costs(case: &Case, palette: &Palette) -> Option<Bars> {
    let costs = || case.results.values().flat_map(|outcome| &outcome.costs);
    let mut rates: Vec<u64> = costs().map(|cost| cost.offered_per_s).collect();
    rates.sort_unstable();
    rates.dedup();
    let group = |rate: u64| {
        let figures = figures(case, palette, |outcome| {
            let cost = outcome.costs.iter().find(|cost| cost.offered_per_s == rate)?;
            Some((Spread::of(cost.ns_per_packet.iter().copied()), ""))
        });
        (format!("at {} packets/s", count(rate)), figures)
    };
    let title = format!("Processor time a packet, {}", case.name);
    Bars::new(title, rates.into_iter().map(group).collect(), time_of_ns)
}

/// The rates that the searches found; `None` if there was no search.
pub(super) fn of_rates(case: &Case, palette: &Palette) -> Option<Bars> {
    let group = |label: &str, found: fn(&Outcome) -> &[FoundRate]| {
        let figures = figures(case, palette, |outcome| {
            let found = found(outcome);
            let limited = found.iter().any(|rate| rate.generator_limited);
            let spread = Spread::of(found.iter().map(|rate| rate.per_s as f64));
            Some((spread, if limited { "≥ " } else { "" }))
        });
        (label.to_owned(), figures)
    };
    let groups = vec![
        group("at most 0.1 % lost", |outcome| &outcome.lossless_per_s),
        group("at most 0.5 % lost", |outcome| &outcome.half_percent_per_s),
    ];
    Bars::new(format!("Highest rates, {}", case.name), groups, |rate| {
        format!("{}/s", short_count(three_digits(rate)))
    })
}

fn three_digits(figure: f64) -> f64 {
    let unit = 10_f64.powf((figure.max(1.0).log10().floor() - 2.0).max(0.0));
    (figure / unit).round() * unit
}

fn figures(
    case: &Case,
    palette: &Palette,
    of: impl Fn(&Outcome) -> Option<(Spread, &'static str)>,
) -> Vec<Figures> {
    let shown = |(colour, name, outcome): (usize, &str, &Outcome)| {
        let (spread, prefix) = of(outcome)?;
        let finite = spread.median.is_finite() && spread.max.is_finite() && spread.min >= 0.0;
        finite.then(|| Figures { server: name.to_owned(), colour, spread, prefix })
    };
    palette.in_order(case).filter_map(shown).collect()
}

impl Bars {
    /// Every group has a scale of its own: they are compared by their figures, bars within one.
    fn new(
        title: String,
        groups: Vec<(String, Vec<Figures>)>,
        words: impl Fn(f64) -> String,
    ) -> Option<Self> {
        let mut height = 0.0;
        let mut drawn = Vec::new();
        for (label, figures) in groups.into_iter().filter(|(_, figures)| !figures.is_empty()) {
            let label_y = Px(height + GROUP_PX - 10.0);
            height += GROUP_PX;
            let most = figures.iter().map(|one| one.spread.max).fold(0.0, f64::max);
            let scale = Scale::linear(most, BARS);
            let rows = figures.iter().zip(0_u32..).map(|(one, place)| {
                Row::new(one, &scale, Px(height + ROW_PX * f64::from(place)), &words)
            });
            let rows: Vec<Row> = rows.collect();
            height += ROW_PX * rows.len() as f64 + 8.0;
            drawn.push(Group { label, label_y, rows });
        }
        (!drawn.is_empty()).then_some(Self { title, height, groups: drawn })
    }

    fn width(&self) -> f64 {
        WIDTH_PX
    }

    fn left(&self) -> f64 {
        BARS.0
    }
}

impl Row {
    fn new(figures: &Figures, scale: &Scale, y: Px, words: impl Fn(f64) -> String) -> Self {
        let Spread { median, min, max } = figures.spread;
        Self {
            name: figures.server.clone(),
            short_name: shortened(&figures.server),
            colour: figures.colour,
            y,
            width: Px(scale.px(median) - BARS.0),
            range: (Px(scale.px(min)), Px(scale.px(max))),
            middle: format!("{}{}", figures.prefix, words(median)),
            extremes: format!("{} – {}", words(min), words(max)),
        }
    }

    fn middle_y(&self) -> Px {
        Px(self.y.0 + 9.0)
    }

    fn text_y(&self) -> Px {
        Px(self.y.0 + 13.0)
    }
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(NAME_CHARS_MAX) {
        None => name.to_owned(),
        Some(_) => name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_dearer_server_has_the_longer_bar_and_its_extremes_lie_around_its_end() {
        let record = sample::record();
        let bars = of_costs(&record.cases[0], &Palette::of(&record)).unwrap();
        let group = bars.groups.last().unwrap();
        assert_eq!(group.label, "at 200,000 packets/s");
        let row = |name: &str| group.rows.iter().find(|row| row.name == name).unwrap();
        assert!(row("coturn").width.0 > row("ringfence").width.0);
        let Row { width, range: (low, high), .. } = row("coturn");
        assert!(low.0 < BARS.0 + width.0 && BARS.0 + width.0 < high.0);
    }

    #[test]
    fn rates_have_three_digits() {
        assert_eq!([812_345.0, 99.0, 1_000_000.0].map(three_digits), [812_000.0, 99.0, 1e6]);
    }
}
