//! The two servers, on one processor; the generator has the other.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use clap::ValueEnum;
use ringfence_net::affinity::{Cpu, allowed, pin_current_thread};
use ringfence_tests::turn::{Kind, Server, Setup};
use serde::Serialize;

/// Whose server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Make {
    /// The relay, beside this program.
    Ringfence,
    /// Debian's coturn.
    Coturn,
}

/// A and B, both running.
pub struct Sides {
    /// The one that is to be better.
    pub a: Side,
    /// The one it is measured against.
    pub b: Side,
}

/// One server.
pub struct Side {
    /// Whose.
    pub make: Make,
    server: Server,
}

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 3, 100));

impl Sides {
    /// Starts both on the first processor, and moves the calling thread to the last.
    ///
    /// # Errors
    /// There is only one processor, or the relay's binary is missing.
    pub fn start(a: Make, b: Make) -> anyhow::Result<Self> {
        let cpus = allowed()?;
        let (&serving, &loading) = cpus.first().zip(cpus.last()).context("no processors")?;
        anyhow::ensure!(serving != loading, "servers and generator need a processor each");
        pin_current_thread(loading)?;
        let at = |last| IpAddr::V4(Ipv4Addr::new(127, 1, 0, last));
        Ok(Self { a: Side::start(a, at(1), serving)?, b: Side::start(b, at(2), serving)? })
    }

    /// A first in odd rounds, B first in even ones.
    pub(super) fn in_turn(&self, round: usize) -> [&Side; 2] {
        if round % 2 == 1 { [&self.a, &self.b] } else { [&self.b, &self.a] }
    }

    /// Whether that side is A.
    pub(super) fn is_a(&self, side: &Side) -> bool {
        std::ptr::eq(side, &raw const self.a)
    }
}

impl Side {
    fn start(make: Make, ip: IpAddr, cpu: Cpu) -> anyhow::Result<Self> {
        let kind = make.kind()?;
        let taskset = ["taskset".to_owned(), "-c".to_owned(), cpu.0.to_string()];
        let setup = Setup { under: taskset.to_vec(), ..Setup::on_loopback(kind, ip, CLIENT) };
        Ok(Self { make, server: Server::start(&setup) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub(super) fn process(&self) -> u32 {
        self.server.process.id()
    }
}

impl Make {
    /// What it says of itself.
    ///
    /// # Errors
    /// It does not start.
    pub fn version(self) -> anyhow::Result<String> {
        let output = match self.kind()? {
            Kind::Coturn => Command::new("turnserver").arg("--version").output(),
            Kind::Ringfence(binary) => Command::new(binary).arg("--version").output(),
        };
        let text = String::from_utf8_lossy(&output?.stdout).into_owned();
        let last = text.lines().last().unwrap_or_default();
        Ok(format!("{self:?} {last}").to_lowercase())
    }

    fn kind(self) -> anyhow::Result<Kind> {
        match self {
            Self::Coturn => Ok(Kind::Coturn),
            Self::Ringfence => Ok(Kind::Ringfence(binary()?)),
        }
    }
}

/// The relay's binary of this build.
fn binary() -> anyhow::Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("ringfence");
    anyhow::ensure!(binary.exists(), "{} is missing: build it first", binary.display());
    Ok(binary)
}
