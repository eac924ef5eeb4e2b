//! Any number of servers at the same work, in turn, so that whatever else the machine does meets all.

mod groups;
mod judge;
mod rounds;

use std::collections::BTreeMap;
use std::time::Duration;

pub use groups::{Bound, Figure, Group, Target, groups};
pub use judge::judge;
pub use rounds::Measured;

use crate::record::{Case, Server as ServerRecord};
use crate::servers::{self, Processors, Server, Wish};

/// How thorough a comparison is.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Measurements of each server for each figure.
    pub rounds: usize,
    /// How long each measurement of processor time loads the server.
    pub cost_span: Duration,
    /// How long each trial of a search does.
    pub search_span: Duration,
    /// How long each measurement of latency does.
    pub latency_span: Duration,
}

/// Flows of a comparison, so that no single one's order or hash decides.
pub const FLOWS: usize = 8;

/// The servers of a run. One that is not there is left out, with the reason.
pub struct Field {
    running: Vec<Server>,
    /// Why a server does not run, by its name.
    pub absent: BTreeMap<String, String>,
}

impl Field {
    /// Starts all that the groups name, and moves the calling thread to the generator's processor.
    ///
    /// # Errors
    /// There is only one processor.
    pub fn start(groups: &[Group], told: &mut dyn FnMut(&str)) -> anyhow::Result<Self> {
        let processors = Processors::of_this_machine()?;
        let mut names: Vec<&str> = groups.iter().flat_map(|group| group.servers).copied().collect();
        names.sort_unstable();
        names.dedup();
        let wish = Wish { tls: false, flows: FLOWS, processors };
        let (mut running, mut absent) = (Vec::new(), BTreeMap::new());
        for (number, name) in (0..).zip(names) {
            match servers::start(name, number, &wish) {
                Ok(server) => running.push(server),
                Err(error) => {
                    told(&format!("{name} is left out: {error:#}"));
                    absent.insert(name.to_owned(), format!("{error:#}"));
                }
            }
        }
        processors.take_the_generators()?;
        Ok(Self { running, absent })
    }

    /// As a record has them.
    pub fn records(&self) -> Vec<ServerRecord> {
        self.running.iter().map(Server::record).collect()
    }

    /// Measures one group; `told` hears of each figure.
    ///
    /// # Errors
    /// A server refuses, or has ended.
    pub fn measure(
        &self,
        group: &Group,
        effort: Effort,
        told: &mut dyn FnMut(&str),
    ) -> anyhow::Result<Case> {
        let servers: Vec<&Server> =
            self.running.iter().filter(|one| group.servers.contains(&one.name.as_str())).collect();
        let measured = rounds::run(group, &servers, effort, told)?;
        let verdict = |target: &Target| judge(target, &measured, &self.absent);
        let targets = group.targets.iter().map(verdict).collect();
        Ok(Case { name: group.title(), results: measured.outcomes, targets })
    }
}
