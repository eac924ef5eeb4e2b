//! The configured invariants.

use crate::census::Seen;
use crate::invariant::Invariant;
use crate::region_set::RegionSet;
use crate::{RegionId, Role, SiteId};

use super::subject::{End, Subject};
use super::{Check, Violation};

impl<'a> Subject<'a> {
    /// An invariant is broken if the fence admits a client in its `clients` and, where it names
    /// `peers`, somebody in these as client or peer, and a site in its `never_transit` may carry
    /// them. Who is behind a NAT64 is where the NAT64 is, and where the IPv4 address is.
    pub(super) fn broken_invariants(&self) -> impl Iterator<Item = Violation> {
        self.policy.invariants.iter().filter_map(|invariant| self.broken(invariant))
    }

    fn broken(&self, invariant: &Invariant) -> Option<Violation> {
        if !self.site_regions.meets(&invariant.never_transit) {
            return None;
        }
        let client = self.admitted(Role::Client, |seen| lies_in(seen, &invariant.clients))?;
        let peer = match &invariant.peers {
            None => None,
            Some(peers) => Some(self.other_end(peers)?),
        };
        let forbidden = |_: SiteId, region: RegionId| invariant.never_transit.contains(region);
        let example = self.carried(Some(client), peer, forbidden)?;
        let check = Check::Invariant(invariant.name.clone());
        Some(Violation { check, origin: invariant.origin, example })
    }

    fn other_end(&self, regions: &RegionSet) -> Option<End> {
        let as_role = |role| self.admitted(role, |seen| lies_in(seen, regions));
        as_role(Role::Peer).or_else(|| as_role(Role::Client))
    }
}

fn lies_in(seen: &Seen, regions: &RegionSet) -> bool {
    std::iter::once(seen.region).chain(seen.embedded).any(|region| regions.contains(region))
}
