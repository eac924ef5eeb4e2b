//! What the relay counts of itself while it is loaded, by its metrics.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use ringfence_tests::scrape::scrape;

/// Samples by name and labels, as the relay writes them.
pub(super) struct Counts(BTreeMap<String, f64>);

impl Counts {
    /// Those of now.
    pub(super) fn of(control: &Path) -> anyhow::Result<Self> {
        Ok(Self::parse(&scrape(control).context("the relay's metrics")?))
    }

    fn parse(text: &str) -> Self {
        let samples = text.lines().filter(|line| line.starts_with("ringfence_"));
        let numbers = samples.filter_map(|line| {
            let (name, number) = line.rsplit_once(' ')?;
            Some((name.to_owned(), number.parse().ok()?))
        });
        Self(numbers.collect())
    }

    /// What the datagrams that were dropped since came to, by fault and reason; none of zero.
    pub(super) fn drops_since(&self, before: &Self) -> BTreeMap<String, u64> {
        let dropped = self.0.iter().filter_map(|(name, &count)| {
            let labels = name.strip_prefix("ringfence_datagrams_dropped_total{")?;
            let more = count - before.0.get(name).copied().unwrap_or(0.0);
            Some((labels.trim_end_matches('}').replace('"', ""), whole(more)))
        });
        dropped.filter(|(_, count)| *count > 0).collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of datagrams that only rise"
)]
fn whole(count: f64) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_told_by_reason_and_only_those_that_happened() {
        let text = |few: u64| {
            format!(
                "# TYPE ringfence_datagrams_dropped counter\n\
                 ringfence_datagrams_dropped_total{{fault=\"sender\",reason=\"no_door\"}} {few}\n\
                 ringfence_datagrams_dropped_total{{fault=\"relay\",reason=\"reports_full\"}} 7\n\
                 ringfence_rooms 9\n"
            )
        };
        let drops = Counts::parse(&text(12)).drops_since(&Counts::parse(&text(5)));
        assert_eq!(drops, [("fault=sender,reason=no_door".to_owned(), 7)].into());
    }
}
