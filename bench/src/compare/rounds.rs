//! Round by round, each beginning with another server.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Effort;
use super::groups::{Figure, Group, HALF_OF_COTURN};
use crate::load::{self, Load, Manner, Trial, latency_at_rate, search};
use crate::record::{CostAtRate, Outcome};
use crate::servers::Server;
use crate::work::Sinks;

/// What was measured, and how much of it the generator spoilt.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// By server.
    pub outcomes: BTreeMap<String, Outcome>,
    /// By server and figure (see [`Figure::measured_as`]), trials that were not sound and could not be
    /// repeated until they were.
    pub spoilt: BTreeMap<(String, String), usize>,
}

/// A measurement that the generator spoilt is made so often.
const TRIES: usize = 3;

/// Parts of the rate without loss, in percent, at which latency is measured.
const LOADS_PERCENT: [u64; 3] = [10, 50, 90];

pub(super) fn run(
    group: &Group,
    servers: &[&Server],
    effort: Effort,
    told: &mut dyn FnMut(&str),
) -> anyhow::Result<Measured> {
    let mut rounds = Rounds { group, effort, told, measured: Measured::default() };
    for number in 0..effort.rounds {
        (rounds.told)(&format!("{}, round {} of {}", group.name, number + 1, effort.rounds));
        rounds.round(&in_turn(servers, number))?;
    }
    Ok(rounds.measured)
}

/// Every round goes there and the next one back, and each such pair begins one further on: so nobody
/// always begins, or always follows the same one.
fn in_turn<T: Copy>(servers: &[T], round: usize) -> Vec<T> {
    let mut order = servers.to_vec();
    order.rotate_left(round / 2 % servers.len().max(1));
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

struct Rounds<'g> {
    group: &'g Group,
    effort: Effort,
    told: &'g mut dyn FnMut(&str),
    measured: Measured,
}

impl Rounds<'_> {
    fn round(&mut self, servers: &[&Server]) -> anyhow::Result<()> {
        for &rate in self.group.costs {
            servers.iter().try_for_each(|server| self.cost(server, rate))?;
        }
        for &rate in self.group.timed {
            let name = Figure::Latency(50.0, rate).measured_as();
            servers.iter().try_for_each(|server| self.latency(server, rate, &name))?;
        }
        let is_searched = |server: &&&Server| self.group.searched.contains(&server.name.as_str());
        let searched: Vec<&Server> = servers.iter().filter(is_searched).copied().collect();
        searched.iter().try_for_each(|server| self.lossless(server))?;
        self.latencies(&searched)
    }

    fn cost(&mut self, server: &Server, rate: u64) -> anyhow::Result<()> {
        let trial = self.sound(server, rate, Kind::Cost, &Figure::Cost(rate).measured_as())?;
        // One that delivered nothing was as dear as can be.
        let ns = trial.cpu.unwrap_or_default().as_secs_f64() * 1e9 / trial.received.max(1) as f64;
        let Self { group, measured, told, .. } = self;
        told(&format!(
            "  {}, {rate}/s: {ns:.0} ns a packet, {:.3} % lost",
            server.name,
            trial.loss() * 100.0
        ));
        let costs = &mut outcome(measured, server).costs;
        let index = group.costs.iter().position(|&one| one == rate).unwrap_or(0);
        if costs.len() <= index {
            costs.push(CostAtRate { offered_per_s: rate, ns_per_packet: Vec::new() });
        }
        costs[index].ns_per_packet.push(ns);
        Ok(())
    }

    fn lossless(&mut self, server: &Server) -> anyhow::Result<()> {
        let found = search(&mut |rate| self.trial(server, rate, Kind::Search))?;
        let limit = if found.lossless.generator_limited { " or more" } else { "" };
        (self.told)(&format!("  {}: {}/s{limit} without loss", server.name, found.lossless.per_s));
        let outcome = outcome(&mut self.measured, server);
        outcome.loss_by_rate.extend(found.trials);
        outcome.lossless_per_s.push(found.lossless);
        outcome.half_percent_per_s.push(found.half_percent);
        Ok(())
    }

    /// At parts of each server's own rate without loss, and of all at half of coturn's.
    fn latencies(&mut self, servers: &[&Server]) -> anyhow::Result<()> {
        for server in servers {
            let Some(lossless) = self.last_lossless(&server.name) else { continue };
            for percent in LOADS_PERCENT {
                let name = format!("{percent} % of the rate without loss");
                self.latency(server, lossless * percent / 100, &name)?;
            }
        }
        let Some(of_coturn) = self.last_lossless("coturn") else { return Ok(()) };
        servers.iter().try_for_each(|server| self.latency(server, of_coturn / 2, HALF_OF_COTURN))
    }

    fn last_lossless(&self, server: &str) -> Option<u64> {
        let found = self.measured.outcomes.get(server)?.lossless_per_s.last()?;
        (found.per_s > 0).then_some(found.per_s)
    }

    fn latency(&mut self, server: &Server, rate: u64, name: &str) -> anyhow::Result<()> {
        let trial = self.sound(server, rate, Kind::Latency, name)?;
        let load = self.load(rate, Kind::Latency);
        if let Some(latency) = latency_at_rate(name, &load, &trial) {
            let us = |wanted| super::judge::percentile(&latency, wanted).unwrap_or(f64::NAN);
            let (p50, p99) = (us(50.0), us(99.0));
            (self.told)(&format!("  {}, {name}: p50 {p50:.0} µs, p99 {p99:.0} µs", server.name));
            outcome(&mut self.measured, server).latencies.push(latency);
        }
        Ok(())
    }

    fn sound(
        &mut self,
        server: &Server,
        rate: u64,
        kind: Kind,
        figure: &str,
    ) -> anyhow::Result<Trial> {
        for _ in 1..TRIES {
            let trial = self.trial(server, rate, kind)?;
            if trial.is_sound() {
                return Ok(trial);
            }
        }
        let trial = self.trial(server, rate, kind)?;
        if !trial.is_sound() {
            let spoilt = (server.name.clone(), figure.to_owned());
            *self.measured.spoilt.entry(spoilt).or_default() += 1;
        }
        Ok(trial)
    }

    fn trial(&self, server: &Server, rate: u64, kind: Kind) -> anyhow::Result<Trial> {
        let bursts = self.group.shape.burst > 1;
        let sinks = match kind {
            Kind::Cost => Sinks { trains: bursts, stamps: false },
            // With plain sinks the generator would be at its limit before the server is.
            Kind::Search => Sinks { trains: true, stamps: false },
            Kind::Latency => Sinks { trains: bursts, stamps: true },
        };
        let mut work = server.work(&self.group.task, sinks)?;
        load::run(&mut *work, &self.load(rate, kind), server.process, &mut |_| {})
    }

    fn load(&self, packets_per_s: u64, kind: Kind) -> Load {
        let timed = kind == Kind::Latency;
        Load {
            shape: self.group.shape,
            packets_per_s,
            span: kind.span(self.effort),
            manner: if timed || self.group.evenly { Manner::Exact } else { Manner::Grains },
            srtp: false,
            timed,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cost,
    Search,
    Latency,
}

impl Kind {
    fn span(self, effort: Effort) -> Duration {
        match self {
            Self::Cost => effort.cost_span,
            Self::Search => effort.search_span,
            Self::Latency => effort.latency_span,
        }
    }
}

fn outcome<'m>(measured: &'m mut Measured, server: &Server) -> &'m mut Outcome {
    measured.outcomes.entry(server.name.clone()).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_begins_equally_often() {
        for count in 2..5 {
            let servers: Vec<usize> = (0..count).collect();
            let first = |round| in_turn(&servers, round)[0];
            let mut firsts: Vec<usize> = (0..2 * count).map(first).collect();
            firsts.sort_unstable();
            let each: Vec<usize> = (0..count).flat_map(|server| [server; 2]).collect();
            assert_eq!(firsts, each, "{count} servers");
        }
    }
}
