//! What came of it, in figures.

use std::fmt;

use ringfence_core::Unencrypted;

use super::trial::{Found, Outcome};

/// One class of flows.
pub struct Row {
    /// What was done to the media.
    pub class: String,
    /// Which media.
    pub media: String,
    /// Whether it is encrypted as it should be.
    pub encrypted: bool,
    /// Each flow.
    pub outcomes: Vec<Outcome>,
}

impl Row {
    /// Flows that were found to be unencrypted in this way.
    pub fn found(&self, how: Unencrypted) -> usize {
        self.findings().filter(|found| found.how == how).count()
    }

    /// Flows that were found to be unencrypted.
    pub fn found_at_all(&self) -> usize {
        self.findings().count()
    }

    /// The share of flows that were found, and its 95 % bounds, each 0 to 1: Wilson's interval, which
    /// holds for none and for all as well.
    pub fn rate(&self) -> (f64, f64, f64) {
        const Z: f64 = 1.96;
        let (flows, found) = (count(self.outcomes.len()), count(self.found_at_all()));
        let share = found / flows;
        let spread = Z * (share * (1.0 - share) / flows + Z * Z / (4.0 * flows * flows)).sqrt();
        let middle = share + Z * Z / (2.0 * flows);
        let scale = 1.0 + Z * Z / flows;
        (share, ((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0))
    }

    /// Of samples until the finding, the one that so many percent of findings needed at most.
    pub fn samples_needed(&self, percent: usize) -> Option<usize> {
        let found = self.outcomes.iter().filter(|outcome| outcome.found.is_some());
        percentile(found.map(|outcome| outcome.samples).collect(), percent)
    }

    /// The same of packets that had passed.
    pub fn packets_needed(&self, percent: usize) -> Option<usize> {
        percentile(self.findings().map(|found| found.packets).collect(), percent)
    }

    /// How the columns are called, as the first two lines of a Markdown table.
    pub const HEAD: &str = "\
| class | media | flows | plain | repeating | found, 95 % bounds | samples, median and p95 | packets |
|---|---|---|---|---|---|---|---|";

    fn findings(&self) -> impl Iterator<Item = Found> {
        self.outcomes.iter().filter_map(|outcome| outcome.found)
    }
}

/// One line of a Markdown table.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (share, low, high) = self.rate();
        let percent = |share: f64| format!("{:.2}", share * 100.0);
        write!(f, "| {} | {} | {} ", self.class, self.media, self.outcomes.len())?;
        for how in Unencrypted::ALL {
            write!(f, "| {} ", self.found(how))?;
        }
        write!(f, "| {} % ({} to {}) ", percent(share), percent(low), percent(high))?;
        let pair = |of: &dyn Fn(usize) -> Option<usize>| match (of(50), of(95)) {
            (Some(median), Some(high)) => format!("| {median}, {high} "),
            _ => "| ".to_owned(),
        };
        let samples = pair(&|percent| self.samples_needed(percent));
        let packets = pair(&|percent| self.packets_needed(percent));
        write!(f, "{samples}{packets}|")
    }
}

fn percentile(mut numbers: Vec<usize>, percent: usize) -> Option<usize> {
    numbers.sort_unstable();
    let place = (numbers.len() * percent).div_ceil(100).saturating_sub(1);
    numbers.get(place).copied()
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand flows")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(found: usize, flows: usize) -> Row {
        let one = |number| Outcome {
            found: (number < found).then_some(Found { how: Unencrypted::Plain, packets: number }),
            samples: number + 1,
        };
        let outcomes = (0..flows).map(one).collect();
        Row { class: String::new(), media: String::new(), encrypted: true, outcomes }
    }

    #[test]
    fn bounds_are_wilsons() {
        let (share, low, high) = row(0, 1000).rate();
        assert_eq!((share, low), (0.0, 0.0));
        assert!((high - 0.003_826).abs() < 1e-5, "{high}");
        let (_, low, high) = row(50, 100).rate();
        assert!((low - 0.403_8).abs() < 1e-3 && (high - 0.596_2).abs() < 1e-3, "{low} {high}");
    }

    #[test]
    fn percentiles_are_those_of_the_flows_that_were_found() {
        assert_eq!(row(100, 200).samples_needed(50), Some(50));
        assert_eq!(row(100, 200).samples_needed(95), Some(95));
        assert_eq!(row(0, 10).samples_needed(50), None);
    }
}
