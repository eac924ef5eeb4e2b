//! From a canonical address to its region, by longest prefix.

use std::net::IpAddr;

use ipnet::IpNet;
use prefix_trie::joint::map::JointPrefixMap;

use crate::{RegionId, Rule, special_purpose};

/// Prefixes of all regions over the special-purpose blocks, in one trie.
///
/// A region's prefix beats a special-purpose block exactly if it is the same or longer, which is
/// what "a region lists it explicitly" means: one look-up answers both questions.
#[derive(Clone, Debug)]
pub(crate) struct RegionMap {
    prefixes: JointPrefixMap<IpNet, Owner>,
}

#[derive(Clone, Copy, Debug)]
enum Owner {
    Region(RegionId),
    SpecialPurpose(Rule),
}

impl RegionMap {
    /// A map in which every address is unknown or special.
    pub(crate) fn new() -> Self {
        let mut prefixes = JointPrefixMap::new();
        for (block, rule) in special_purpose::BLOCKS {
            prefixes.insert(block, Owner::SpecialPurpose(rule));
        }
        Self { prefixes }
    }

    pub(crate) fn insert(&mut self, prefix: IpNet, region: RegionId) {
        self.prefixes.insert(prefix, Owner::Region(region));
    }

    pub(crate) fn locate(&self, ip: IpAddr) -> Result<RegionId, Rule> {
        match self.prefixes.get_lpm(&IpNet::from(ip)) {
            Some((_, &Owner::Region(region))) => Ok(region),
            Some((_, &Owner::SpecialPurpose(rule))) => Err(rule),
            None => Err(Rule::UnknownAddress),
        }
    }
}
