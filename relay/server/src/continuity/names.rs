//! What descriptors are called in the manager's store. A name has no colon (sd_notify(3), FDNAME).

use std::net::{IpAddr, SocketAddr};

/// What a descriptor is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Descriptor {
    /// A state; the highest number is the last.
    State(u64),
    /// A socket that a shard listens on for datagrams.
    Datagrams(u16, SocketAddr),
    /// One that it accepts streams on.
    Streams(u16, SocketAddr),
    /// A relayed address of an allocation.
    Relayed(u16, SocketAddr),
}

impl Descriptor {
    pub(super) fn name(&self) -> String {
        match self {
            Self::State(number) => format!("state-{number}"),
            Self::Datagrams(shard, at) => format!("udp-{shard}-{}", written(at)),
            Self::Streams(shard, at) => format!("tcp-{shard}-{}", written(at)),
            Self::Relayed(shard, at) => format!("relayed-{shard}-{}", written(at)),
        }
    }

    /// `None` for what is not ours.
    pub(super) fn of(name: &str) -> Option<Self> {
        let (kind, rest) = name.split_once('-')?;
        if kind == "state" {
            return rest.parse().ok().map(Self::State);
        }
        let (shard, at) = rest.split_once('-')?;
        let (shard, at) = (shard.parse().ok()?, read(at)?);
        match kind {
            "udp" => Some(Self::Datagrams(shard, at)),
            "tcp" => Some(Self::Streams(shard, at)),
            "relayed" => Some(Self::Relayed(shard, at)),
            _ => None,
        }
    }
}

fn written(at: &SocketAddr) -> String {
    match at.ip() {
        IpAddr::V4(ip) => format!("{ip}-{}", at.port()),
        IpAddr::V6(ip) => format!("{:032x}-{}", ip.to_bits(), at.port()),
    }
}

fn read(at: &str) -> Option<SocketAddr> {
    let (ip, port) = at.rsplit_once('-')?;
    let v6 = || u128::from_str_radix(ip, 16).ok().filter(|_| ip.len() == 32);
    let ip =
        ip.parse().ok().map(IpAddr::V4).or_else(|| v6().map(|bits| IpAddr::V6(bits.into())))?;
    Some(SocketAddr::new(ip, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_was_written() {
        let addresses = ["127.1.0.1:3478", "[2001:db8::1]:65535"].map(|at| at.parse().unwrap());
        for at in addresses {
            let kinds = [
                Descriptor::Datagrams(0, at),
                Descriptor::Streams(65_535, at),
                Descriptor::Relayed(3, at),
            ];
            for kept in kinds.into_iter().chain([Descriptor::State(0), Descriptor::State(u64::MAX)])
            {
                let name = kept.name();
                assert!(name.len() < 255 && !name.contains(':'), "{name}");
                assert_eq!(Descriptor::of(&name), Some(kept));
            }
        }
    }

    #[test]
    fn other_names_are_not_ours() {
        for name in
            ["", "unknown", "udp", "udp-0", "udp-x-127.0.0.1-1", "state-", "disk-0-127.0.0.1-1"]
        {
            assert_eq!(Descriptor::of(name), None, "{name}");
        }
    }
}
