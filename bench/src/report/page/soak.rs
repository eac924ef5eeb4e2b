//! A soak as one page: memory, load, packets and what is held, over time.

use std::collections::BTreeMap;

use anyhow::Context;
use askama::Template;

use super::lines::{Lines, PLOT_X, PLOT_Y, Px, Series, Tick};
use super::printable;
use super::scale::Scale;
use crate::report::figures::short_count;
use crate::report::soak_table::{lives, trend};
use crate::soak::{Case, Sample, Soaked};

/// The page.
///
/// # Errors
/// Never for what a run has left.
pub fn soak_page(
    circumstances: &BTreeMap<String, String>,
    case: &Case,
    soaked: &Soaked,
) -> anyhow::Result<String> {
    let page = Page { circumstances, case, soaked, pictures: pictures(&soaked.samples) };
    let text = page.render().context("the soak does not fit the page")?;
    Ok(text.chars().map(printable).collect())
}

#[derive(Template)]
#[template(path = "soak.html")]
struct Page<'s> {
    circumstances: &'s BTreeMap<String, String>,
    case: &'s Case,
    soaked: &'s Soaked,
    pictures: Vec<Picture>,
}

struct Picture {
    caption: &'static str,
    /// Of its lines, in the order of their colours.
    names: Vec<&'static str>,
    lines: Lines,
}

type Figure = fn(&Sample) -> f64;

/// What a picture is about, and what each of its lines shows.
type Subject = (&'static str, &'static [(&'static str, Figure)]);

const PICTURES: [Subject; 4] = [
    (
        "Memory, MiB",
        &[
            ("all (RSS)", |one| one.rss_kb as f64 / 1024.0),
            ("its share (PSS)", |one| one.pss_kb as f64 / 1024.0),
            ("without files", |one| one.anonymous_kb as f64 / 1024.0),
        ],
    ),
    ("Load of the shard, percent", &[("load", |one| one.load * 100.0)]),
    ("Packets a second", &[("came in", |one| one.received_per_s), ("left", |one| one.sent_per_s)]),
    (
        "Held",
        &[
            ("file descriptors", |one| one.holdings.descriptors as f64),
            ("allocations", |one| one.holdings.allocations as f64),
            ("participants", |one| one.holdings.participants as f64),
            ("timers of the shard", |one| one.holdings.shard_timers as f64),
        ],
    ),
];

impl Page<'_> {
    fn rss(&self) -> String {
        trend(&self.soaked.rss)
    }

    fn anonymous(&self) -> String {
        trend(&self.soaked.anonymous)
    }

    fn lives(&self) -> String {
        lives(&self.soaked.lives)
    }

    fn load(&self) -> String {
        let Soaked { load_mean, load_kept, .. } = self.soaked;
        format!(
            "{load_mean:.3} on average, {:.1} % of samples near {}",
            load_kept * 100.0,
            self.case.load
        )
    }

    fn held(&self) -> Vec<(&'static str, u64, u64)> {
        let (before, after) = (self.soaked.before.named(), self.soaked.after.named());
        before
            .into_iter()
            .zip(after)
            .map(|((name, before), (_, after))| (name, before, after))
            .collect()
    }
}

fn pictures(samples: &[Sample]) -> Vec<Picture> {
    PICTURES.iter().map(|subject| picture(subject, samples)).collect()
}

fn picture((caption, lines): &Subject, samples: &[Sample]) -> Picture {
    let highest = |figures: &mut dyn Iterator<Item = f64>| figures.fold(0.0, f64::max);
    let minutes = highest(&mut samples.iter().map(|one| one.minutes));
    let high = lines.iter().map(|(_, figure)| highest(&mut samples.iter().map(figure)));
    let high = highest(&mut { high }) * 1.05;
    let (x, y) = (Scale::linear(minutes, PLOT_X), Scale::linear(high, PLOT_Y));
    let series = |(colour, (_, figure)): (usize, &(&str, Figure))| Series {
        colour,
        line: samples.iter().map(|one| (Px(x.px(one.minutes)), Px(y.px(figure(one))))).collect(),
        dots: Vec::new(),
    };
    Picture {
        caption,
        names: lines.iter().map(|(name, _)| *name).collect(),
        lines: Lines {
            title: format!("{caption} over time"),
            below: "minutes",
            across: even_ticks(&x, minutes),
            up: even_ticks(&y, high),
            limits: Vec::new(),
            series: lines.iter().enumerate().map(series).collect(),
        },
    }
}

/// Four to eleven round figures from zero on.
fn even_ticks(scale: &Scale, high: f64) -> Vec<Tick> {
    let decade = 10_f64.powf(high.max(1e-9).log10().floor());
    let step = match high / decade {
        part if part >= 5.0 => decade,
        part if part >= 2.0 => decade / 2.0,
        _ => decade / 4.0,
    };
    let figures = (0_u8..=16).map(|number| f64::from(number) * step);
    let figures = figures.take_while(|figure| *figure <= high);
    figures.map(|figure| Tick { at: Px(scale.px(figure)), label: short_count(figure) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_a_few_round_figures() {
        for (high, labels) in [
            (60.0, vec!["0", "10", "20", "30", "40", "50", "60"]),
            (100.0, vec!["0", "25", "50", "75", "100"]),
            (2_100.0, vec!["0", "500", "1k", "1.5k", "2k"]),
        ] {
            let scale = Scale::linear(high, (0.0, 100.0));
            let ticks: Vec<_> =
                even_ticks(&scale, high).into_iter().map(|tick| tick.label).collect();
            assert_eq!(ticks, labels, "{high}");
        }
    }

    #[test]
    fn a_line_that_grows_goes_up() {
        let sample = |minutes, rss_kb| Sample { minutes, rss_kb, ..Sample::default() };
        let samples = [sample(0.2, 50_000), sample(0.4, 60_000)];
        let memory = &pictures(&samples)[0];
        let line = &memory.lines.series[0].line;
        assert!(line[1].0.0 > line[0].0.0 && line[1].1.0 < line[0].1.0, "up is less in a picture");
        assert_eq!(memory.names.len(), memory.lines.series.len());
    }
}
