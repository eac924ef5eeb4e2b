//! From a canonical address to its region, by longest prefix.

mod index;
mod line;
mod number;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::address_set::cut_out;
use crate::atom::Atom;
use crate::longest_prefix::flattened;
use crate::ranges::{AddressRange, Family};
use crate::{RegionId, Rule, refused_space, special_purpose};

use line::Line;

/// Who has a stretch of addresses: a region, or the rule that refuses it.
pub(crate) type Owner = Result<RegionId, Rule>;

/// The whole address space, cut where the answer changes.
///
/// A region's prefix beats a special-purpose block exactly if it is the same or longer, which is
/// what "a region lists it explicitly" means; space that is always refused beats every prefix.
#[derive(Clone, Debug)]
pub(crate) struct RegionMap {
    v4: Line<u32>,
    v6: Line<u128>,
}

impl RegionMap {
    /// The map of these prefixes, of which no two are the same.
    pub(crate) fn new(prefixes: impl Iterator<Item = (IpNet, RegionId)>) -> Self {
        let blocks = special_purpose::BLOCKS.iter().map(|&(block, rule)| (block, Err(rule)));
        let prefixes = prefixes.map(|(prefix, region)| (prefix, Ok(region)));
        let owned = without_refused(flattened(blocks.chain(prefixes).collect()));
        let v6 = owned.partition_point(|(range, _)| range.family() == Family::V4);
        Self { v4: Line::new(&owned[..v6]), v6: Line::new(&owned[v6..]) }
    }

    pub(crate) fn locate(&self, ip: IpAddr) -> Owner {
        match ip {
            IpAddr::V4(ip) => self.v4.owner(ip.to_bits()),
            IpAddr::V6(ip) => self.v6.owner(ip.to_bits()),
        }
    }

    /// All stretches in order, IPv4 before IPv6; together they are the whole space.
    pub(crate) fn atoms(&self) -> impl Iterator<Item = Atom> {
        self.v4.atoms().chain(self.v6.atoms())
    }
}

/// The same ranges with space that is always refused laid over them.
fn without_refused(owned: Vec<(AddressRange, Owner)>) -> Vec<(AddressRange, Owner)> {
    let refused = refused_space::ranges();
    let cuts: Vec<AddressRange> = refused.iter().map(|&(range, _)| range).collect();
    let mut result = Vec::with_capacity(owned.len() + refused.len());
    for (range, owner) in owned {
        let behind = cuts.partition_point(|cut| cut.last() < range.first());
        cut_out(range, &cuts[behind..], |piece| result.push((piece, owner)));
    }
    result.extend(refused.into_iter().map(|(range, rule)| (range, Err(rule))));
    result.sort_by_key(|(range, _)| *range);
    result
}
