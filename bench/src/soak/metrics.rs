//! Figures out of what the relay publishes as OpenMetrics.

/// One exposition.
pub(super) struct Metrics(String);

impl Metrics {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// Sum of a family; counters are named with their `_total`. Zero where there is none.
    pub(super) fn sum(&self, family: &str) -> f64 {
        self.samples(family).map(|(_, figure)| figure).sum()
    }

    /// The same of those with this label, such as `state="used"`.
    pub(super) fn labelled(&self, family: &str, label: &str) -> f64 {
        self.samples(family)
            .filter(|(labels, _)| labels.contains(label))
            .map(|(_, figure)| figure)
            .sum()
    }

    /// A sum that counts things.
    pub(super) fn count(&self, family: &str) -> u64 {
        whole(self.sum(family))
    }

    pub(super) fn count_labelled(&self, family: &str, label: &str) -> u64 {
        whole(self.labelled(family, label))
    }

    /// Whether there is such a family.
    pub(super) fn has(&self, family: &str) -> bool {
        self.samples(family).next().is_some()
    }

    fn samples<'m>(&'m self, family: &'m str) -> impl Iterator<Item = (&'m str, f64)> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(family).filter(|rest| rest.starts_with(['{', ' ']))?;
            let (labels, figure) = rest.rsplit_once(' ')?;
            Some((labels, figure.parse().ok()?))
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
fn whole(count: f64) -> u64 {
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_from_those_whose_names_begin_alike() {
        let text = "# TYPE a gauge\na{s=\"x\"} 1\na{s=\"y\"} 2.5\na_b 40\nc 7\n";
        let metrics = Metrics::new(text.to_owned());
        assert_eq!((metrics.sum("a"), metrics.labelled("a", "s=\"y\"")), (3.5, 2.5));
        assert_eq!((metrics.count("c"), metrics.sum("d")), (7, 0.0));
        assert!(metrics.has("a_b") && !metrics.has("d"));
    }
}
