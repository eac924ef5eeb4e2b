//! From a canonical address to its region, by longest prefix.

mod boundaries;
mod index;
mod line;
mod networks;
mod number;

use std::net::IpAddr;

use ipnet::IpNet;

use crate::address_set::cut_out;
use crate::atom::Atom;
use crate::longest_prefix::flattened;
use crate::ranges::{AddressRange, Family};
use crate::{RegionId, Rule, refused_space, special_purpose};

use boundaries::{atoms, boundaries};
use line::Line;
use networks::Networks;

/// Who has a stretch of addresses: a region, or the rule that refuses it.
pub(crate) type Owner = Result<RegionId, Rule>;

/// The whole address space, cut where the answer changes.
///
/// A region's prefix beats a special-purpose block exactly if it is the same or longer, which is
/// what "a region lists it explicitly" means; space that is always refused beats every prefix.
#[derive(Clone, Debug)]
pub(crate) struct RegionMap {
    v4: Line<u32, Owner>,
    v6: Networks,
}

impl RegionMap {
    /// The map of these prefixes, of which no two are the same.
    pub(crate) fn new(prefixes: impl Iterator<Item = (IpNet, RegionId)>) -> Self {
        let blocks = special_purpose::BLOCKS.iter().map(|&(block, rule)| (block, Err(rule)));
        let prefixes = prefixes.map(|(prefix, region)| (prefix, Ok(region)));
        let owned = without_refused(flattened(blocks.chain(prefixes).collect()));
        let v6 = owned.partition_point(|(range, _)| range.family() == Family::V4);
        let v4 = boundaries(&owned[..v6]).into_iter();
        let v4 = v4.filter_map(|(start, owner)| Some((u32::try_from(start).ok()?, owner)));
        Self { v4: Line::new(v4.collect()), v6: Networks::new(&boundaries(&owned[v6..])) }
    }

    pub(crate) fn locate(&self, ip: IpAddr) -> Owner {
        let found = match ip {
            IpAddr::V4(ip) => self.v4.at(ip.to_bits()),
            IpAddr::V6(ip) => self.v6.at(ip.to_bits()),
        };
        found.unwrap_or(Err(Rule::UnknownAddress))
    }

    /// All stretches in order, IPv4 before IPv6; together they are the whole space.
    pub(crate) fn atoms(&self) -> impl Iterator<Item = Atom> {
        let v4 = self.v4.entries().map(|(start, owner)| (start.into(), owner));
        atoms(Family::V4, v4).chain(atoms(Family::V6, self.v6.boundaries()))
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
