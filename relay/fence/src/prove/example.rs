//! The state of sites in which a wrong one is offered.

use crate::select::{Chosen, Distances};
use crate::{Availability, Offer, RegionId, SiteId, SiteState, SiteStates};

use super::Example;
use super::subject::{End, Subject};

impl Subject<'_> {
    /// How one of the sites that are `wrong` comes to be offered first: as long as another is, that
    /// becomes full. `None` if none of the sites that may be offered is wrong.
    pub(super) fn carried(
        &self,
        client: Option<End>,
        peer: Option<End>,
        wrong: impl Fn(SiteId, RegionId) -> bool,
    ) -> Option<Example> {
        if !self.fenced.sites.iter().any(|&(site, region)| wrong(site, region)) {
            return None;
        }
        let distances = self.distances(client);
        let (mut full, mut states) = (Vec::new(), SiteStates::default());
        loop {
            let chosen = self.policy.choose(&self.fenced, &distances, &states);
            let (offer, as_spare) = first(&chosen)?;
            let name = self.policy.site_name(offer.site).to_owned();
            if wrong(offer.site, offer.region) {
                let address = |end: Option<End>| end.map(|end| end.address);
                let (client, peer) = (address(client), address(peer));
                let name_of_use = self.name();
                return Some(Example::Carried {
                    name: name_of_use,
                    client,
                    peer,
                    full,
                    chosen: name,
                    as_spare,
                });
            }
            full.push(name);
            states.set(offer.site, SiteState { availability: Availability::Full, load: 0 });
        }
    }

    fn distances(&self, client: Option<End>) -> Distances {
        let region = client.map(|end| end.seen.embedded.unwrap_or(end.seen.region));
        Distances::new(self.policy, self.used.prefer.clone(), region, Some(self.tenant.home))
    }
}

/// The site that is tried first, and whether it is a spare.
fn first(chosen: &Chosen) -> Option<(&Offer, bool)> {
    let primary = chosen.primaries.first().map(|offer| (offer, false));
    primary.or_else(|| chosen.spares.first().map(|offer| (offer, true)))
}
