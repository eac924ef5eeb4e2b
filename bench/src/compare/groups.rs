//! What is measured, and what is expected of it: data.

use std::fmt;

use crate::load::{Mix, Shape};
use crate::work::Task;
use crate::work::turn::{Direction, Plan, Transport};

use super::FLOWS;

/// One kind of work.
#[derive(Clone, Debug)]
pub struct Group {
    /// As `--only` names it.
    pub name: &'static str,
    /// How packets come.
    pub shape: Shape,
    /// What is carried.
    pub task: Task,
    /// Packets are sent evenly spaced, each by itself, also where processor time is measured: then every
    /// one of them wakes the server. Else those that are due within 100 us leave together.
    pub evenly: bool,
    /// Who does it.
    pub servers: &'static [&'static str],
    /// Rates at which processor time is measured, in packets a second.
    pub costs: &'static [u64],
    /// Whose rate without loss is searched for, and whose latency is measured at parts of it.
    pub searched: &'static [&'static str],
    /// Rates at which the latency of all is measured.
    pub timed: &'static [u64],
    /// What is expected.
    pub targets: &'static [Target],
}

/// What is expected of one server beside another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Target {
    /// Of what.
    pub figure: Figure,
    /// Whose.
    pub of: &'static str,
    /// Beside whose.
    pub by: &'static str,
    /// What it has to be.
    pub bound: Bound,
}

/// A figure that a round gives for each server.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Figure {
    /// Processor time a packet at that rate.
    Cost(u64),
    /// The rate without loss.
    Lossless,
    /// A percentile of latency at that rate.
    Latency(f64, u64),
    /// A percentile of latency at half of coturn's rate without loss.
    LatencyAtHalf(f64),
}

/// What A by B has to be.
#[derive(Clone, Copy, PartialEq, Debug)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Bound {
    RatioAtMost(f64),
    RatioAtLeast(f64),
    MicrosecondsMoreAtMost(f64),
}

/// The latency that [`Figure::LatencyAtHalf`] reads.
pub(super) const HALF_OF_COTURN: &str = "half of coturn's rate without loss";

const RELAY: &str = "ringfence";
const COALESCE: &str = "ringfence+coalesce";
const COTURN: &str = "coturn";
const RTPENGINE: &str = "rtpengine";
const CRATE: &str = "turn-server";
const FLOOR: &str = "reflector";
/// For comparison with published reflectors: one socket where TURN needs one for each flow.
const ONE_SOCKET_FLOOR: &str = "reflector+one";
const TRAINS_FLOOR: &str = "reflector+trains";

const SINGLE_RATE: u64 = 200_000;
const BURST_RATE: u64 = 200_000;

/// All of them.
pub fn groups() -> Vec<Group> {
    vec![
        single("single-172", 172, &SINGLE),
        single("single-1200", 1200, &SINGLE),
        burst("burst-172", 172, &BURST_172),
        burst("burst-1200", 1200, &BURST_1200),
        pairs(),
        calls(),
        coalesce(),
    ]
}

fn single(name: &'static str, bytes: usize, targets: &'static [Target]) -> Group {
    Group {
        name,
        shape: Shape { mix: Mix::Bytes(bytes), burst: 1 },
        task: flows(Direction::Both),
        evenly: false,
        servers: &[RELAY, COALESCE, COTURN, FLOOR, ONE_SOCKET_FLOOR],
        costs: &[100_000, SINGLE_RATE],
        searched: &[RELAY, COTURN],
        timed: &[],
        targets,
    }
}

fn burst(name: &'static str, bytes: usize, targets: &'static [Target]) -> Group {
    Group {
        name,
        shape: Shape { mix: Mix::Bytes(bytes), burst: 16 },
        task: flows(Direction::Both),
        evenly: false,
        servers: &[RELAY, COTURN, TRAINS_FLOOR],
        costs: &[BURST_RATE],
        searched: &[RELAY, COTURN],
        timed: &[],
        targets,
    }
}

fn flows(direction: Direction) -> Task {
    Task::Turn(Plan { flows: FLOWS, direction, transport: Transport::Udp })
}

/// The crate `turn-server` forwards only between its own allocations, so all do.
fn pairs() -> Group {
    Group {
        name: "pairs-172",
        shape: Shape { mix: Mix::Bytes(172), burst: 1 },
        task: flows(Direction::Pair),
        evenly: false,
        servers: &[RELAY, COTURN, CRATE],
        costs: &[100_000],
        searched: &[],
        timed: &[],
        targets: &[Target {
            figure: Figure::Cost(100_000),
            of: RELAY,
            by: CRATE,
            bound: Bound::RatioAtMost(0.85),
        }],
    }
}

/// What rtpengine is for; the relay has rooms of two.
fn calls() -> Group {
    Group {
        name: "calls-172",
        shape: Shape { mix: Mix::Bytes(172), burst: 1 },
        task: Task::Calls(64),
        evenly: false,
        servers: &[RELAY, COALESCE, RTPENGINE],
        costs: &[100_000],
        searched: &[],
        timed: &[20_000],
        targets: &[Target {
            figure: Figure::Cost(100_000),
            of: RELAY,
            by: RTPENGINE,
            bound: Bound::RatioAtMost(0.8),
        }],
    }
}

fn coalesce() -> Group {
    Group {
        name: "coalesce",
        shape: Shape { mix: Mix::Bytes(172), burst: 1 },
        task: flows(Direction::Both),
        evenly: true,
        servers: &[RELAY, COALESCE],
        costs: &[20_000, 100_000],
        searched: &[],
        timed: &[20_000, 100_000],
        targets: &COALESCING,
    }
}

const SINGLE: [Target; 6] = [
    at_most(Figure::Cost(SINGLE_RATE), RELAY, FLOOR, 1.15),
    at_most(Figure::Cost(SINGLE_RATE), RELAY, COTURN, 0.8),
    at_most(Figure::Cost(SINGLE_RATE), COALESCE, COTURN, 0.6),
    at_least(Figure::Lossless, RELAY, COTURN, 1.5),
    at_most(Figure::LatencyAtHalf(50.0), RELAY, COTURN, 1.0),
    at_most(Figure::LatencyAtHalf(99.0), RELAY, COTURN, 1.0),
];

const BURST_172: [Target; 5] = [
    at_most(Figure::Cost(BURST_RATE), RELAY, TRAINS_FLOOR, 1.3),
    at_most(Figure::Cost(BURST_RATE), RELAY, COTURN, 0.18),
    at_least(Figure::Lossless, RELAY, COTURN, 6.0),
    at_most(Figure::LatencyAtHalf(50.0), RELAY, COTURN, 1.0),
    at_most(Figure::LatencyAtHalf(99.0), RELAY, COTURN, 1.0),
];

const BURST_1200: [Target; 5] = [
    at_most(Figure::Cost(BURST_RATE), RELAY, TRAINS_FLOOR, 1.3),
    at_most(Figure::Cost(BURST_RATE), RELAY, COTURN, 0.25),
    at_least(Figure::Lossless, RELAY, COTURN, 3.5),
    at_most(Figure::LatencyAtHalf(50.0), RELAY, COTURN, 1.0),
    at_most(Figure::LatencyAtHalf(99.0), RELAY, COTURN, 1.0),
];

const COALESCING: [Target; 4] = [
    at_most(Figure::Cost(20_000), COALESCE, RELAY, 0.6),
    at_most(Figure::Cost(100_000), COALESCE, RELAY, 0.6),
    little_more(20_000),
    little_more(100_000),
];

const fn at_most(figure: Figure, of: &'static str, by: &'static str, ratio: f64) -> Target {
    Target { figure, of, by, bound: Bound::RatioAtMost(ratio) }
}

const fn at_least(figure: Figure, of: &'static str, by: &'static str, ratio: f64) -> Target {
    Target { figure, of, by, bound: Bound::RatioAtLeast(ratio) }
}

const fn little_more(rate: u64) -> Target {
    let (figure, bound) = (Figure::Latency(99.0, rate), Bound::MicrosecondsMoreAtMost(120.0));
    Target { figure, of: COALESCE, by: RELAY, bound }
}

impl Group {
    /// For people.
    pub fn title(&self) -> String {
        format!("{}: {}, {}", self.name, self.task, self.shape)
    }
}

impl Figure {
    /// What the trials that give it are called; latencies have this name in a record too.
    pub fn measured_as(self) -> String {
        match self {
            Self::Cost(_) | Self::Lossless => self.to_string(),
            Self::Latency(_, rate) => format!("{rate}/s"),
            Self::LatencyAtHalf(_) => HALF_OF_COTURN.to_owned(),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost(rate) => write!(f, "processor time a packet at {rate}/s"),
            Self::Lossless => f.write_str("rate without loss"),
            Self::Latency(percentile, rate) => write!(f, "p{percentile} of latency at {rate}/s"),
            Self::LatencyAtHalf(percentile) => {
                write!(f, "p{percentile} of latency at {HALF_OF_COTURN}")
            }
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioAtMost(ratio) => write!(f, "at most {ratio:.2}"),
            Self::RatioAtLeast(ratio) => write!(f, "at least {ratio:.2}"),
            Self::MicrosecondsMoreAtMost(us) => write!(f, "at most {us:.0} µs more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_of_something_that_its_group_measures() {
        for group in groups() {
            for target in group.targets {
                for server in [target.of, target.by] {
                    assert!(group.servers.contains(&server), "{}: {server}", group.name);
                    let measured = match target.figure {
                        Figure::Cost(rate) => group.costs.contains(&rate),
                        Figure::Latency(_, rate) => group.timed.contains(&rate),
                        Figure::Lossless | Figure::LatencyAtHalf(_) => {
                            group.searched.contains(&server)
                        }
                    };
                    assert!(measured, "{}: {} of {server}", group.name, target.figure);
                }
            }
        }
    }
}
