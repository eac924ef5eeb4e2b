//! Reads what this host says of itself.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ringfence_net::interfaces::{self, Interface};
use ringfence_net::sockets::{Sockets, SocketsConfig};
use ringfence_net::{affinity, timekeeping};
use rlimit::Resource;

use super::buffers::{self, BufferLimits};
use super::clock::Clock;
use super::offload::Offloads;
use super::ports::{self, KernelPorts};
use super::queues::Card;
use crate::config::Config;

/// What checks are about. What the system does not tell is `None`.
pub(super) struct Host {
    pub(super) interfaces: Vec<Interface>,
    /// Processors that this process may use.
    pub(super) cpus: usize,
    pub(super) ports: KernelPorts,
    pub(super) buffers: BufferLimits,
    /// The hard limit of open files.
    pub(super) descriptors_max: Option<u64>,
    pub(super) offload: Option<Offloads>,
    pub(super) clock: Clock,
}

impl Host {
    pub(super) fn read(config: &Config) -> Self {
        Self {
            interfaces: interfaces::all().unwrap_or_default(),
            cpus: affinity::allowed().map_or(1, |cpus| cpus.len()),
            ports: KernelPorts {
                ephemeral: text(ports::EPHEMERAL_FILE).as_deref().and_then(ports::parse_pair),
                reserved: text("/proc/sys/net/ipv4/ip_local_reserved_ports").unwrap_or_default(),
            },
            buffers: BufferLimits {
                receive_bytes: parameter("net.core.rmem_max"),
                send_bytes: parameter("net.core.wmem_max"),
            },
            descriptors_max: Resource::NOFILE.get_hard().ok(),
            offload: probe(),
            clock: clock(config),
        }
    }

    /// The network cards that the relay's addresses are on.
    pub(super) fn cards(&self, own: &BTreeSet<IpAddr>) -> Vec<Card> {
        let carries =
            |interface: &&Interface| own.contains(&interface.ip) && !interface.ip.is_loopback();
        let names = self.interfaces.iter().filter(carries).map(|interface| &interface.name);
        let names: BTreeSet<&String> = names.collect();
        names.into_iter().map(|name| card(Path::new("/sys/class/net"), name)).collect()
    }
}

fn card(sysfs: &Path, name: &str) -> Card {
    let folder = sysfs.join(name).join("queues");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let receives = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rx-"))
    };
    let queues: Vec<PathBuf> = entries.filter(receives).collect();
    let steered = |queue: &PathBuf| {
        let mask = fs::read_to_string(queue.join("rps_cpus")).unwrap_or_default();
        mask.chars().any(|digit| digit.is_ascii_hexdigit() && digit != '0')
    };
    Card { name: name.to_owned(), queues: queues.len(), steered: queues.iter().any(steered) }
}

/// Opens a socket as a shard would, and asks what the kernel granted.
fn probe() -> Option<Offloads> {
    let config = SocketsConfig::listening(vec![(Ipv4Addr::LOCALHOST, 0).into()]);
    let sockets = Sockets::open(&config).ok()?;
    let report = sockets.reports().next()?;
    let segments = report.train_segment_bytes_max > 0;
    Some(Offloads { coalesces: report.coalesces, segments })
}

fn clock(config: &Config) -> Clock {
    let data = config.region_data.as_ref().map(|data| data.file.clone());
    let files = std::env::current_exe().into_iter().chain(data);
    let written = |file: PathBuf| {
        let modified = fs::metadata(&file).and_then(|about| about.modified()).ok()?;
        Some((file.display().to_string(), modified))
    };
    Clock {
        now: SystemTime::now(),
        written: files.filter_map(written).collect(),
        synchronized: timekeeping::is_synchronized().ok(),
    }
}

fn parameter(name: &str) -> Option<u64> {
    text(&buffers::file(name))?.trim().parse().ok()
}

fn text(file: &str) -> Option<String> {
    fs::read_to_string(file).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sysfs(queues: &[(&str, &str)]) -> tempfile::TempDir {
        let sysfs = tempfile::tempdir().unwrap();
        for (queue, mask) in queues {
            let folder = sysfs.path().join("eth0/queues").join(queue);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("rps_cpus"), mask).unwrap();
        }
        sysfs
    }

    #[test]
    fn receive_queues_are_counted_and_steering_is_seen() {
        let plain = sysfs(&[("rx-0", "0\n"), ("rx-1", "00000000,00000000\n"), ("tx-0", "f\n")]);
        let expected = Card { name: "eth0".into(), queues: 2, steered: false };
        assert_eq!(card(plain.path(), "eth0"), expected);
        let steered = sysfs(&[("rx-0", "00000000,0000000c\n")]);
        assert!(card(steered.path(), "eth0").steered);
        assert_eq!(card(plain.path(), "eth9").queues, 0);
    }

    #[test]
    fn this_host_tells_what_every_linux_tells() {
        assert!(parameter("net.core.rmem_max").is_some_and(|bytes| bytes > 0));
        assert!(text(ports::EPHEMERAL_FILE).as_deref().and_then(ports::parse_pair).is_some());
        assert!(probe().is_some());
    }
}
