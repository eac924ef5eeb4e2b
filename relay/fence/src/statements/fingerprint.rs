//! A policy as bytes to be hashed.

use std::net::IpAddr;

use crate::{Policy, RegionId};

use super::said;

/// First of all bytes, so that what is fed never means two things.
const FORMAT: &[u8] = b"ringfence-policy-1\n";

impl Policy {
    /// Calls `feed` with pieces of bytes that together are the same for two policies exactly if they
    /// say the same under the same names, however they are written; the epoch and the places where
    /// things are written are left out. Hash them with something that resists collisions.
    ///
    /// First come the number of sentences and the sentences, each as topic, subject and text, each of
    /// these with its length in front; then the stretches of addresses that regions have, in order:
    /// 4 or 6 for the family, first and last address, place of the region among the names. Numbers
    /// are eight bytes, high byte first.
    pub fn fingerprint(&self, mut feed: impl FnMut(&[u8])) {
        feed(FORMAT);
        let statements = said::statements(self);
        feed(&(statements.len() as u64).to_be_bytes());
        for ((topic, subject), text) in statements {
            for part in [topic.code(), &subject, &text] {
                feed_text(part, &mut feed);
            }
        }
        let ranks = self.ranks_by_name();
        for atom in self.atoms() {
            if let Ok(region) = atom.owner {
                feed(&[if atom.first.is_ipv4() { 4 } else { 6 }]);
                feed_address(atom.first, &mut feed);
                feed_address(atom.last, &mut feed);
                feed(&ranks.get(region.index()).copied().unwrap_or_default().to_be_bytes());
            }
        }
    }

    /// Of each region, its place in the order of names.
    fn ranks_by_name(&self) -> Vec<u64> {
        let mut by_name: Vec<_> =
            (0..self.regions.len()).filter_map(RegionId::from_index).collect();
        by_name.sort_by_key(|&region| self.region_name(region));
        let mut ranks = vec![0; by_name.len()];
        (0..).zip(by_name).for_each(|(rank, region)| ranks[region.index()] = rank);
        ranks
    }
}

fn feed_text(text: &str, feed: &mut impl FnMut(&[u8])) {
    feed(&(text.len() as u64).to_be_bytes());
    feed(text.as_bytes());
}

fn feed_address(address: IpAddr, feed: &mut impl FnMut(&[u8])) {
    match address {
        IpAddr::V4(v4) => feed(&v4.octets()),
        IpAddr::V6(v6) => feed(&v6.octets()),
    }
}
