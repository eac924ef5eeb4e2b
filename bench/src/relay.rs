//! The product with one shard: what is measured is what `ringfence serve` runs.

use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use ringfence::config::{self, Loaded};
use ringfence::relay::{Relay, ShardStatus};
use ringfence_core::{Credentials, DropReason, Join, Name};
use ringfence_net::affinity::{Cpu, allowed, pin_current_thread};

/// A relay with one shard on the first processor, and this thread on the last.
pub struct OneShard {
    relay: Relay,
    address: SocketAddr,
    cpus: Cpus,
    /// Participants so far.
    placed: Cell<usize>,
}

/// Who has which processor.
#[derive(Clone, Copy, Debug)]
pub struct Cpus {
    /// The shard's, and the floor's while the shard sleeps.
    pub shard: Cpu,
    /// That of whoever speaks and listens.
    pub load: Cpu,
}

impl OneShard {
    /// Starts the relay, then moves the calling thread away from the shard's processor.
    ///
    /// # Errors
    /// The machine has fewer than two processors for us, or the relay does not start.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_tuned("")
    }

    /// As [`OneShard::start`], with these keys under `[tuning]`, such as `coalesce_us = 100`.
    ///
    /// # Errors
    /// As [`OneShard::start`], or the product does not take them.
    pub fn start_tuned(keys: &str) -> anyhow::Result<Self> {
        let cpus = allowed()?;
        let (&shard, &load) = cpus.first().zip(cpus.last()).context("no processors")?;
        anyhow::ensure!(shard != load, "the shard and the load need a processor each");
        let address = free_address()?;
        let relay = Relay::start(tuned(address, keys)?, ());
        let relay = relay.map_err(|error| anyhow!("the relay does not start: {error}"))?;
        pin_current_thread(load)?;
        Ok(Self { relay, address, cpus: Cpus { shard, load }, placed: Cell::new(0) })
    }

    /// Where media goes.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who has which processor.
    pub fn cpus(&self) -> Cpus {
        self.cpus
    }

    /// An address for one more participant: `127.1.1.1`, `127.1.1.2`, … None is given twice, since
    /// the relay keeps an address for its participant for 30 s after that has gone.
    ///
    /// # Errors
    /// There are no more.
    pub fn unused_address(&self) -> anyhow::Result<Ipv4Addr> {
        let number = self.placed.replace(self.placed.get() + 1);
        let third = u8::try_from(1 + number / 250).context("too many participants")?;
        let fourth = u8::try_from(1 + number % 250)?;
        Ok(Ipv4Addr::new(127, 1, third, fourth))
    }

    /// What the shard did so far.
    ///
    /// # Errors
    /// The shard's thread has ended.
    pub fn shard(&self) -> anyhow::Result<ShardStatus> {
        let shard = self.relay.control().shards().into_iter().next();
        shard.filter(|shard| shard.running).context("the shard has ended")
    }

    /// What the shard dropped so far and why, for an error message.
    pub fn drops(&self) -> String {
        let counters = self.shard().map(|shard| shard.snapshot.engine).unwrap_or_default();
        let counted =
            DropReason::ALL.iter().map(|&reason| (reason.code(), counters.dropped(reason)));
        let dropped: Vec<_> = counted.filter(|(_, count)| *count > 0).collect();
        format!("dropped by the shard so far: {dropped:?}")
    }

    /// Lets a participant in.
    ///
    /// # Errors
    /// The relay refuses.
    pub fn join(&self, room: &str, participant: &str) -> anyhow::Result<Credentials> {
        let join = join_request(room, participant)?;
        let joined = self.relay.control().join(&join);
        Ok(joined.map_err(|refused| anyhow!("{participant} may not join: {refused}"))?.credentials)
    }
}

/// A request that [`configuration`] admits.
///
/// # Errors
/// A name that is no name.
pub fn join_request(room: &str, participant: &str) -> anyhow::Result<Join> {
    let name = |text| Name::new(text).map_err(|error| anyhow!("{text}: {error}"));
    Ok(Join {
        tenant: "bench".to_owned(),
        room: name(room)?,
        participant: name(participant)?,
        fence: None,
        group: None,
        regions: Default::default(),
        ice: None,
        hears: None,
        kbps_max: None,
        ttl: Duration::from_secs(86_400),
    })
}

/// One shard, one tenant, everyone of `127.1.0.0/16` admitted, and no ceiling that a single speaker
/// would meet before the shard is full.
///
/// # Errors
/// The product no longer takes this configuration.
pub fn configuration(listen: SocketAddr) -> anyhow::Result<Loaded> {
    tuned(listen, "")
}

fn tuned(listen: SocketAddr, keys: &str) -> anyhow::Result<Loaded> {
    let text = CONFIGURATION.replace("LISTEN", &listen.to_string());
    let text = format!("{text}\n[tuning]\n{keys}\n");
    let loaded = config::parse("bench.toml", &text, Path::new("/"), []);
    loaded.map_err(|failure| anyhow!("{failure}"))
}

const CONFIGURATION: &str = r#"
node = { site = "bench", workers = 1, pin = true }
listen = { media = ["LISTEN"] }
limits = { participant_kbps_max = 10_000_000 }
regions.loopback = { cidrs = ["127.1.0.0/16"] }
sites.bench = { region = "loopback", addresses = ["127.1.0.0/24"] }
fences.here = { clients = ["loopback"], peers = ["loopback"], transit = ["loopback"] }
tenants.bench = { home = "loopback", fences = ["here"] }
"#;

/// The relay shares its port with whoever else listens there (SO_REUSEPORT), so it gets one that
/// nobody has.
fn free_address() -> std::io::Result<SocketAddr> {
    UdpSocket::bind("127.1.0.1:0")?.local_addr()
}
