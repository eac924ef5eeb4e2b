//! The servers have the first processor and the generator the last.

use anyhow::Context;
use ringfence_net::affinity::{Cpu, allowed, pin_current_thread};

/// Who has which.
#[derive(Clone, Copy, Debug)]
pub struct Processors {
    serving: Cpu,
    loading: Cpu,
}

impl Processors {
    /// Of those that this process may use.
    ///
    /// # Errors
    /// There is only one.
    pub fn of_this_machine() -> anyhow::Result<Self> {
        let cpus = allowed()?;
        let (&serving, &loading) = cpus.first().zip(cpus.last()).context("no processors")?;
        let enough = serving != loading;
        anyhow::ensure!(enough, "servers and generator need a processor each, and there is one");
        Ok(Self { serving, loading })
    }

    /// Moves the calling thread to the generator's.
    ///
    /// # Errors
    /// What sched_setaffinity(2) gives.
    pub fn take_the_generators(&self) -> anyhow::Result<()> {
        Ok(pin_current_thread(self.loading)?)
    }

    /// That of the servers.
    pub fn serving(&self) -> Cpu {
        self.serving
    }

    /// What to write before a server's command.
    pub(super) fn taskset(&self) -> [String; 3] {
        ["taskset".to_owned(), "-c".to_owned(), self.serving.0.to_string()]
    }
}
