//! What the fence must answer, worked out the slow way.
//!
//! Takes a policy as written and shares no code with the crate it checks: addresses are numbers,
//! blocks are written as text, every look-up is a scan. It judges as the policy's own site.

use std::net::{IpAddr, SocketAddr};

use ringfence_fence::draft::{FenceDraft, RegionDraft};
use ringfence_fence::{Located, PolicyDraft, Role, RoomRegions};

/// Refused whatever a policy lists.
const NEVER: &[&str] = &[
    "0.0.0.0/8",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "::ffff:0:0:0/96",
    "2001::/32",
    "2002::/16",
    "ff00::/8",
];

/// Refused unless the region's prefix lies in the same block.
/// From the IANA special-purpose registries, and RFC 3879.
const SPECIAL: &[&str] = &[
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "::1/128",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
];

/// The naive fence.
#[derive(Clone, Debug)]
pub struct Oracle {
    site_stands: bool,
    site_region: Option<usize>,
    regions: Vec<OracleRegion>,
    fences: Vec<OracleFence>,
    nat64: Vec<Block>,
    own: Vec<Number>,
    never: Vec<Block>,
    special: Vec<Block>,
}

#[derive(Clone, Debug)]
struct OracleRegion {
    name: String,
    blocks: Vec<Block>,
    outer: Option<usize>,
}

#[derive(Clone, Debug)]
struct OracleFence {
    name: String,
    clients: Listed,
    peers: Listed,
    transit: Listed,
}

#[derive(Clone, Debug)]
enum Listed {
    Any,
    Regions(Vec<usize>),
}

/// Addresses of one family whose first bits are those of `first`.
#[derive(Clone, Copy, Debug)]
struct Block {
    first: Number,
    bits: u32,
}

/// An address as a number.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Number {
    Four(u32),
    Six(u128),
}

impl Oracle {
    /// Expects a draft without contradictions.
    pub fn new(draft: &PolicyDraft) -> Self {
        let site = draft.sites.iter().find(|site| site.name.value == draft.own_site.value);
        let ranges = site.map_or(&[][..], |site| &site.addresses);
        let ranges: Vec<_> =
            ranges.iter().map(|range| Block::of(&range.value.to_string())).collect();
        let stands = |address: &Located<IpAddr>| {
            let number = fold(Number::of(address.value));
            ranges.iter().any(|range| range.holds(number))
        };
        Self {
            site_stands: !draft.own_addresses.is_empty() && draft.own_addresses.iter().all(stands),
            site_region: site.and_then(|site| place(&draft.regions, &site.region.value)),
            regions: draft.regions.iter().map(|r| OracleRegion::new(r, draft)).collect(),
            fences: draft.fences.iter().map(|f| OracleFence::new(f, &draft.regions)).collect(),
            nat64: nat64_blocks(draft),
            own: own_numbers(draft),
            never: NEVER.iter().map(|block| Block::of(block)).collect(),
            special: SPECIAL.iter().map(|block| Block::of(block)).collect(),
        }
    }

    /// Whether the fence must admit `addr`; an unknown fence admits nobody.
    pub fn admits(&self, role: Role, fence: &str, addr: SocketAddr) -> bool {
        let Some(fence) = self.fences.iter().find(|known| known.name == fence) else {
            return false;
        };
        let carried = self.site_region.is_some_and(|region| self.lists(&fence.transit, region));
        let list = match role {
            Role::Client => &fence.clients,
            Role::Peer => &fence.peers,
            Role::Transit => &fence.transit,
        };
        let ours = role == Role::Peer && self.is_ours(addr.ip());
        self.site_stands && carried && addr.port() != 0 && !ours && self.admits_ip(list, addr.ip())
    }

    /// Whether a room that leaves this out may have a participant there, as far as that goes. A region
    /// that nobody has closes the room.
    pub fn room_admits(&self, regions: &RoomRegions, addr: SocketAddr) -> bool {
        let (Some(refused), Some(required)) = (
            self.list_of(&regions.refuse),
            regions.require.as_ref().map_or(Some(Listed::Any), |names| self.list_of(names)),
        ) else {
            return false;
        };
        let carried = self.site_region.is_some_and(|region| self.lists(&required, region));
        let wire = fold(Number::of(addr.ip()));
        let behind = match self.behind_nat64(wire) {
            Translated::To(four) => Some(Number::Four(four)),
            Translated::Not | Translated::Unclear => None,
        };
        let regions =
            [Some(wire), behind].into_iter().flatten().filter_map(|one| self.region_of(one));
        let refused = |region| self.lists(&refused, region);
        carried && !regions.into_iter().any(refused)
    }

    fn list_of(&self, names: &[String]) -> Option<Listed> {
        let place = |name: &String| self.regions.iter().position(|region| region.name == *name);
        names.iter().map(place).collect::<Option<Vec<_>>>().map(Listed::Regions)
    }

    /// The region that an address that carries no other one is in, counted from 0.
    pub fn region(&self, ip: IpAddr) -> Option<usize> {
        let number = fold(Number::of(ip));
        if self.smuggles_or_nobody(number) { None } else { self.region_of(number) }
    }

    /// Whether the address, or the one that a NAT64 would send to instead, is the relay's or its
    /// host's.
    fn is_ours(&self, ip: IpAddr) -> bool {
        let wire = fold(Number::of(ip));
        let behind = match self.behind_nat64(wire) {
            Translated::To(four) => Some(Number::Four(four)),
            Translated::Not | Translated::Unclear => None,
        };
        self.own.contains(&wire) || behind.is_some_and(|four| self.own.contains(&four))
    }

    fn admits_ip(&self, list: &Listed, ip: IpAddr) -> bool {
        let wire = fold(Number::of(ip));
        match self.behind_nat64(wire) {
            Translated::Not => self.admits_number(list, wire),
            Translated::To(four) => {
                self.admits_number(list, wire) && self.admits_number(list, Number::Four(four))
            }
            Translated::Unclear => false,
        }
    }

    fn admits_number(&self, list: &Listed, number: Number) -> bool {
        !self.smuggles_or_nobody(number)
            && self.region_of(number).is_some_and(|region| self.lists(list, region))
    }

    /// Forms that no policy can open.
    fn smuggles_or_nobody(&self, number: Number) -> bool {
        let form = match number {
            Number::Four(_) => false,
            Number::Six(six) => {
                let compatible = six >> 32 == 0 && six != 1;
                let interface = low_bits(six >> 32);
                let isatap = [0x5efe, 0x0100_5efe, 0x0200_5efe, 0x0300_5efe].contains(&interface);
                compatible || isatap
            }
        };
        form || self.never.iter().any(|block| block.holds(number))
    }

    /// The region with the longest matching prefix, if that prefix opens the address.
    fn region_of(&self, number: Number) -> Option<usize> {
        let mut best: Option<(u32, usize)> = None;
        for (place, region) in self.regions.iter().enumerate() {
            for block in region.blocks.iter().filter(|block| block.holds(number)) {
                if best.is_none_or(|(bits, _)| block.bits > bits) {
                    best = Some((block.bits, place));
                }
            }
        }
        let (bits, place) = best?;
        let mut special = self.special.iter().filter(|block| block.holds(number));
        special.all(|block| bits >= block.bits).then_some(place)
    }

    /// Whether the list has the region or one that it lies within.
    fn lists(&self, list: &Listed, region: usize) -> bool {
        let Listed::Regions(listed) = list else {
            return true;
        };
        let mut next = Some(region);
        while let Some(region) = next {
            if listed.contains(&region) {
                return true;
            }
            next = self.regions[region].outer;
        }
        false
    }

    fn behind_nat64(&self, number: Number) -> Translated {
        let Number::Six(six) = number else {
            return Translated::Not;
        };
        let Some(prefix) = self.nat64.iter().find(|prefix| prefix.holds(number)) else {
            let local_use = six >> 80 == 0x0064_ff9b_0001;
            return if local_use { Translated::Unclear } else { Translated::Not };
        };
        if (six >> 56) & 0xff != 0 {
            return Translated::Unclear;
        }
        Translated::To(rfc6052(six, prefix.bits))
    }
}

enum Translated {
    Not,
    To(u32),
    Unclear,
}

/// The figure of RFC 6052 section 2.2, row by row.
fn rfc6052(six: u128, prefix_bits: u32) -> u32 {
    let number = match prefix_bits {
        32 => six >> 64,
        40 => ((six >> 64) & 0xff_ffff) << 8 | (six >> 48) & 0xff,
        48 => ((six >> 64) & 0xffff) << 16 | (six >> 40) & 0xffff,
        56 => ((six >> 64) & 0xff) << 24 | (six >> 32) & 0xff_ffff,
        64 => six >> 24,
        _ => six,
    };
    low_bits(number)
}

#[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
fn low_bits(number: u128) -> u32 {
    number as u32
}

fn nat64_blocks(draft: &PolicyDraft) -> Vec<Block> {
    let configured = draft.nat64.iter().map(|prefix| Block::of(&prefix.value.to_string()));
    configured.chain([Block::of("64:ff9b::/96")]).collect()
}

fn own_numbers(draft: &PolicyDraft) -> Vec<Number> {
    let relay = draft.own_addresses.iter().map(|own| own.value);
    relay.chain(draft.host_addresses.iter().copied()).map(|ip| fold(Number::of(ip))).collect()
}

/// ::ffff:a.b.c.d means a.b.c.d.
fn fold(number: Number) -> Number {
    match number {
        Number::Six(six) if six >> 32 == 0xffff => Number::Four(low_bits(six)),
        other => other,
    }
}

fn place(regions: &[RegionDraft], name: &str) -> Option<usize> {
    regions.iter().position(|region| region.name.value == name)
}

impl OracleRegion {
    fn new(draft: &RegionDraft, policy: &PolicyDraft) -> Self {
        let mut blocks: Vec<_> =
            draft.cidrs.iter().map(|cidr| Block::of(&cidr.value.to_string())).collect();
        if let Some(data) = &policy.region_data {
            let label = |label| data.table.labels().name(label);
            let ours = |name: &str| draft.labels.iter().any(|label| label.value == name);
            let lines = data.table.prefixes().iter().filter(|line| ours(label(line.1)));
            blocks.extend(lines.map(|line| Block::of(&line.0.to_string())));
        }
        let outer = draft.within.as_ref();
        let outer = outer.and_then(|outer| place(&policy.regions, &outer.value));
        Self { name: draft.name.value.clone(), blocks, outer }
    }
}

impl OracleFence {
    fn new(draft: &FenceDraft, regions: &[RegionDraft]) -> Self {
        let listed = |names: &Located<Vec<Located<String>>>| {
            let names = &names.value;
            if names.iter().any(|name| name.value == "any") {
                return Listed::Any;
            }
            Listed::Regions(names.iter().filter_map(|name| place(regions, &name.value)).collect())
        };
        Self {
            name: draft.name.value.clone(),
            clients: listed(&draft.clients),
            peers: listed(&draft.peers),
            transit: listed(&draft.transit),
        }
    }
}

impl Block {
    /// Reads `address/bits`.
    fn of(text: &str) -> Self {
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let first = Number::of(address.parse().unwrap_or_else(|_| panic!("no address: {text}")));
        Self { first, bits: bits.parse().unwrap_or_else(|_| panic!("no length: {text}")) }
    }

    fn holds(&self, number: Number) -> bool {
        match (self.first, number) {
            (Number::Four(first), Number::Four(other)) => {
                (first ^ other).leading_zeros() >= self.bits
            }
            (Number::Six(first), Number::Six(other)) => {
                (first ^ other).leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl Number {
    fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(four) => Self::Four(four.into()),
            IpAddr::V6(six) => Self::Six(six.into()),
        }
    }
}
