//! Numbers of many scenarios.

use ringfence_core::DropReason;
use ringfence_fence::Rule;

use crate::sim::Simulation;

/// What happened in some scenarios.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Scenarios run.
    pub scenarios: u64,
    /// Datagrams handed to the relay.
    pub packets_in: u64,
    /// Of those, sent by participants from where their fence does not admit them.
    pub packets_in_forbidden: u64,
    /// Datagrams that left the relay, each judged.
    pub packets_out: u64,
    /// Of those, media, each compared byte by byte with what was sent.
    pub deliveries: u64,
    /// Path checks that the relay sent.
    pub path_checks: u64,
    /// Policies that came into force in mid-call.
    pub reloads: u64,
    /// By reason, in the order of `DropReason::ALL`.
    pub drops: [u64; DropReason::ALL.len()],
    /// By rule, in the order of `Rule::ALL`.
    pub refusals: [u64; Rule::ALL.len()],
}

impl Summary {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            scenarios: 0,
            packets_in: 0,
            packets_in_forbidden: 0,
            packets_out: 0,
            deliveries: 0,
            path_checks: 0,
            reloads: 0,
            drops: [0; DropReason::ALL.len()],
            refusals: [0; Rule::ALL.len()],
        }
    }

    /// What happened in one simulation.
    pub fn of(sim: &Simulation) -> Self {
        let tally = sim.judge.tally;
        let mut summary = Self {
            scenarios: 1,
            packets_in: tally.packets_in,
            packets_in_forbidden: tally.packets_in_forbidden,
            packets_out: tally.packets_out,
            deliveries: tally.deliveries,
            reloads: u64::from(sim.book.newest().epoch().0),
            ..Self::new()
        };
        for (counters, _) in sim.relay().counters() {
            summary.path_checks += counters.path_checks;
            add(&mut summary.drops, &counters.drops);
            add(&mut summary.refusals, &counters.refusals);
        }
        summary
    }

    /// Adds another's numbers.
    pub fn merge(&mut self, other: &Self) {
        self.scenarios += other.scenarios;
        self.packets_in += other.packets_in;
        self.packets_in_forbidden += other.packets_in_forbidden;
        self.packets_out += other.packets_out;
        self.deliveries += other.deliveries;
        self.path_checks += other.path_checks;
        self.reloads += other.reloads;
        add(&mut self.drops, &other.drops);
        add(&mut self.refusals, &other.refusals);
    }

    /// As one JSON object, without a trailing newline.
    pub fn json(&self, violations: u64, seed: u64, seconds: f64) -> String {
        let drops = named(DropReason::ALL.iter().map(|reason| reason.code()), &self.drops);
        let refusals = named(Rule::ALL.iter().map(|rule| rule.code()), &self.refusals);
        format!(
            "{{\"scenarios\":{},\"seed\":{seed},\"seconds\":{seconds:.1},\"packets_in\":{},\
             \"packets_in_from_forbidden_addresses\":{},\"packets_out\":{},\
             \"deliveries_checked\":{},\"path_checks\":{},\"reloads\":{},\"violations\":{violations},\
             \"drops\":{drops},\"refusals\":{refusals}}}",
            self.scenarios,
            self.packets_in,
            self.packets_in_forbidden,
            self.packets_out,
            self.deliveries,
            self.path_checks,
            self.reloads,
        )
    }
}

impl Default for Summary {
    fn default() -> Self {
        Self::new()
    }
}

fn add(sum: &mut [u64], other: &[u64]) {
    sum.iter_mut().zip(other).for_each(|(sum, more)| *sum += more);
}

fn named<'a>(names: impl Iterator<Item = &'a str>, numbers: &[u64]) -> String {
    let pairs = names.zip(numbers).filter(|(_, number)| **number > 0);
    let fields: Vec<_> = pairs.map(|(name, number)| format!("\"{name}\":{number}")).collect();
    format!("{{{}}}", fields.join(","))
}
