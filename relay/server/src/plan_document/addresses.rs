//! Addresses as lists of prefixes, of which a document holds so many and no more.

use std::collections::HashMap;
use std::fmt::Display;

use ringfence_fence::{Addresses, Change};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::digest::Hash;

/// Prefixes that one document lists, all lists together: a few megabytes. Of what is beyond it says
/// the number and the SHA-256, so that its digest still stands for all of it.
const PREFIXES_MAX: usize = 200_000;

/// Prefixes, the fewest that hold exactly these addresses, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Prefixes {
    /// How many there are.
    pub count: usize,
    /// The prefixes; not all of them in a document that would grow too long.
    #[schema(example = json!(["127.3.0.0/16"]))]
    pub cidrs: Vec<String>,
    /// Where not all are listed, SHA-256 of all: each on a line of its own, with a line break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Addresses that a fence judges.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct AddressList {
    /// Those whose form carries no other address.
    #[serde(flatten)]
    pub prefixes: Prefixes,
    /// Those in NAT64 prefixes, by the IPv4 addresses behind them.
    pub behind_nat64: Vec<BehindNat64>,
    /// In these IPv6 prefixes those whose bits 64 to 71 are not zero: only one of the policies takes
    /// them for malformed NAT64 addresses.
    pub malformed_nat64: Vec<String>,
}

/// Addresses in a NAT64 prefix, of which the IPv4 address in them is judged too (RFC 6052).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct BehindNat64 {
    /// Where the addresses are that go over the wire.
    #[schema(example = "64:ff9b::/96")]
    pub outer: String,
    /// How many bits stand before the IPv4 address in them.
    pub prefix_len: u8,
    /// The IPv4 addresses in them.
    #[serde(flatten)]
    pub embedded: Prefixes,
}

/// Addresses that are let in now and were not, and the other way round.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct AddressChange {
    /// Let in now.
    pub gained: AddressList,
    /// No longer let in.
    pub lost: AddressList,
}

/// Prefixes that a region has now and had not, and the other way round.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct PrefixChange {
    /// Has now.
    pub gained: Prefixes,
    /// Has no longer.
    pub lost: Prefixes,
}

/// Makes the lists of one document; the same addresses are put together once.
#[derive(Default)]
pub(super) struct Lists<'p> {
    listed: usize,
    known: HashMap<&'p Addresses, AddressList>,
}

impl<'p> Lists<'p> {
    pub(super) fn change(&mut self, change: &'p Change<Addresses>) -> AddressChange {
        AddressChange { gained: self.list(&change.gained), lost: self.list(&change.lost) }
    }

    /// The same list is named twice where that leaves room for others, else by its hash.
    fn list(&mut self, addresses: &'p Addresses) -> AddressList {
        if let Some(known) = self.known.get(addresses) {
            self.listed = self.listed.saturating_add(known.listed());
            return if self.listed <= PREFIXES_MAX { known.clone() } else { known.unlisted() };
        }
        let list = AddressList {
            prefixes: self.prefixes(addresses.cidrs()),
            behind_nat64: self.behind_nat64(addresses),
            malformed_nat64: addresses.malformed_nat64().iter().map(ToString::to_string).collect(),
        };
        self.known.insert(addresses, list.clone());
        list
    }

    fn behind_nat64(&mut self, addresses: &Addresses) -> Vec<BehindNat64> {
        let each = addresses.behind_nat64().into_iter().map(|behind| BehindNat64 {
            outer: behind.outer.to_string(),
            prefix_len: behind.prefix_len,
            embedded: self.prefixes(behind.embedded),
        });
        each.collect()
    }

    pub(super) fn prefixes(&mut self, cidrs: impl IntoIterator<Item = impl Display>) -> Prefixes {
        let mut hash = Hash::default();
        let mut prefixes = Prefixes::default();
        for cidr in cidrs {
            let cidr = cidr.to_string();
            hash.feed(cidr.as_bytes());
            hash.feed(b"\n");
            prefixes.count += 1;
            if self.listed < PREFIXES_MAX {
                self.listed += 1;
                prefixes.cidrs.push(cidr);
            }
        }
        prefixes.sha256 = Some(hash.hex());
        prefixes.without_needless_hash()
    }
}

impl AddressList {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.prefixes.count == 0 && self.behind_nat64.is_empty() && self.malformed_nat64.is_empty()
    }

    fn listed(&self) -> usize {
        let embedded = self.behind_nat64.iter().map(|behind| &behind.embedded);
        embedded.chain([&self.prefixes]).map(|prefixes| prefixes.cidrs.len()).sum()
    }

    fn unlisted(&self) -> Self {
        let behind_nat64 = self.behind_nat64.iter().map(|behind| BehindNat64 {
            outer: behind.outer.clone(),
            prefix_len: behind.prefix_len,
            embedded: behind.embedded.unlisted(),
        });
        Self {
            prefixes: self.prefixes.unlisted(),
            behind_nat64: behind_nat64.collect(),
            malformed_nat64: self.malformed_nat64.clone(),
        }
    }
}

impl Prefixes {
    /// Those of the list that are not in it.
    pub fn more(&self) -> usize {
        self.count.saturating_sub(self.cidrs.len())
    }

    fn without_needless_hash(self) -> Self {
        let sha256 = self.sha256.filter(|_| self.count > self.cidrs.len());
        Self { sha256, ..self }
    }

    fn unlisted(&self) -> Self {
        let hash = || {
            let mut hash = Hash::default();
            for cidr in &self.cidrs {
                hash.feed(cidr.as_bytes());
                hash.feed(b"\n");
            }
            hash.hex()
        };
        let sha256 = Some(self.sha256.clone().unwrap_or_else(hash));
        Self { count: self.count, cidrs: Vec::new(), sha256 }.without_needless_hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_to_list_is_counted_and_hashed() {
        let mut lists = Lists::default();
        let short = lists.prefixes(["a", "b"]);
        assert_eq!((short.count, short.sha256.as_ref()), (2, None));
        let long = lists.prefixes((0..PREFIXES_MAX).map(|number| number.to_string()));
        assert_eq!((long.count, long.cidrs.len()), (PREFIXES_MAX, PREFIXES_MAX - 2));
        let other = lists.prefixes(["c"]);
        assert_eq!((other.count, other.cidrs.len(), other.more()), (1, 0, 1));
        assert_ne!((&long.sha256, &None), (&other.sha256, &long.sha256));
    }

    #[test]
    fn a_list_that_is_cut_has_the_hash_of_the_whole() {
        let whole = Lists::default().prefixes(["a", "b"]);
        let mut full = Lists { listed: PREFIXES_MAX, ..Lists::default() };
        assert_eq!(full.prefixes(["a", "b"]), whole.unlisted());
        assert_ne!(full.prefixes(["a", "c"]), whole.unlisted());
    }
}
