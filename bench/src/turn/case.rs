//! What the servers are asked to do, and what is expected of the comparison.

use clap::ValueEnum;
use serde::Serialize;

use super::flows::FLOWS;

/// How packets come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// Datagrams one by one, each of another flow or direction than the one before.
    Single,
    /// Sixteen datagrams of one flow and direction at once, in one train (udp(7), UDP_SEGMENT).
    Burst,
}

/// One kind of work: eight flows, both directions at once, half of the packets each way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Case {
    /// How packets come.
    pub pattern: Pattern,
    /// Application data of each packet.
    pub payload_bytes: usize,
}

/// What a ratio, A by B, has to be.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Of processor time.
    AtMost(f64),
    /// Of a rate.
    AtLeast(f64),
}

impl Pattern {
    /// Packets that one flow sends in one direction at once.
    pub fn packets(self) -> u64 {
        match self {
            Self::Single => 1,
            Self::Burst => 16,
        }
    }

    /// Rates at which the cost is measured, in packets a second of all flows.
    pub fn rates(self) -> &'static [u64] {
        match self {
            Self::Single => &[100_000, 200_000],
            Self::Burst => &[200_000],
        }
    }

    /// For processor time a packet.
    pub fn cost_target(self) -> Target {
        match self {
            Self::Single => Target::AtMost(0.85),
            Self::Burst => Target::AtMost(0.25),
        }
    }

    /// For the rate without loss.
    pub fn rate_target(self) -> Target {
        match self {
            Self::Single => Target::AtLeast(1.4),
            Self::Burst => Target::AtLeast(3.0),
        }
    }
}

impl Target {
    /// Whether a ratio meets it; no figure never does.
    pub fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(most) => ratio <= most,
            Self::AtLeast(least) => ratio >= least,
        }
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pattern = format!("{:?}", self.pattern).to_lowercase();
        write!(f, "{pattern:<6} {:>4} bytes, {FLOWS} flows", self.payload_bytes)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "<= {most:.2}"),
            Self::AtLeast(least) => write!(f, ">= {least:.2}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_without_a_figure_is_missed() {
        assert!(!Target::AtMost(0.85).is_met(f64::NAN));
        assert!(!Target::AtLeast(1.4).is_met(f64::NAN));
        assert!(Target::AtMost(0.85).is_met(0.85) && Target::AtLeast(1.4).is_met(1.4));
    }
}
