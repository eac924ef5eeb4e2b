//! Which sites to offer to a client: the fence first, nearness second, load third.
//!
//! Primaries and spares are taken out of one list, and that list is made by the fence: whatever is
//! full or down, a site that is not on it is not offered. Of the sites of other enclaves an answer
//! says nothing, not even that they are refused.

mod fenced;
mod nearness;
mod question;
mod states;

use crate::{Policy, SiteId};

pub use nearness::Nearness;
pub use question::{NoSite, NotOffered, Offer, RefusedSite, SelectQuestion, Selected};
pub use states::{Availability, SiteState, SiteStates};

pub(crate) use fenced::{Fenced, Standing};
pub(crate) use nearness::Distances;

/// Sites to offer, best first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) primaries: Vec<Offer>,
    pub(crate) spares: Vec<Offer>,
}

impl Policy {
    /// The sites to offer to a client.
    ///
    /// Sites come in the order of [`Nearness`], then of their load, then of their names. Primaries
    /// are the first sites that are up and not marked as spares, spares the next ones, marked or
    /// not. While any site is up that may carry, at least one is offered, whatever the configured
    /// numbers.
    ///
    /// # Errors
    /// The question is refused, or no site that may carry is up: never "any" site.
    pub fn select(&self, question: &SelectQuestion<'_>) -> Result<Selected, NoSite> {
        let asked = self.understand(question)?;
        let fenced = self.fenced(asked.scope(), asked.required.as_ref(), Standing::Judged);
        let all_up = SiteStates::default();
        let states = question.states.unwrap_or(&all_up);
        let Chosen { primaries, spares } = self.choose(&fenced, &asked.distances, states);
        let refused = self.refusals(fenced, states);
        if primaries.is_empty() && spares.is_empty() {
            return Err(NoSite { cause: None, refused });
        }
        let client_region = asked.distances.client_region();
        Ok(Selected { fence: asked.fence, client_region, primaries, spares, refused })
    }

    /// Takes out of what the fence allows, and only out of that.
    pub(crate) fn choose(
        &self,
        fenced: &Fenced,
        distances: &Distances,
        states: &SiteStates,
    ) -> Chosen {
        let up = fenced.sites.iter().filter(|(site, _)| states.is_up(*site));
        let mut offers: Vec<Offer> = up
            .map(|&(site, region)| Offer { site, region, nearness: distances.nearness(region) })
            .collect();
        offers.sort_by_cached_key(|offer| {
            let name = self.site_name(offer.site).to_owned();
            (offer.nearness, states.load(offer.site), name)
        });
        let (marked, unmarked): (Vec<_>, Vec<_>) =
            (0..offers.len()).partition(|&at| self.is_spare(offers[at].site));
        let first = usize::from(self.primaries.max(1)).min(unmarked.len());
        let (primaries, left_over) = unmarked.split_at(first);
        let spares = self.spares.max(u8::from(primaries.is_empty()));
        let mut rest = [left_over, &marked].concat();
        rest.sort_unstable();
        rest.truncate(spares.into());
        let offers = |places: &[usize]| places.iter().map(|&at| offers[at]).collect();
        Chosen { primaries: offers(primaries), spares: offers(&rest) }
    }

    fn refusals(&self, fenced: Fenced, states: &SiteStates) -> Vec<RefusedSite> {
        let mut refused = fenced.refused;
        for (site, region) in fenced.sites {
            let reason = match states.availability(site) {
                Availability::Up => continue,
                Availability::Full => NotOffered::Full,
                Availability::Down => NotOffered::Down,
            };
            refused.push(RefusedSite { site, region, reason });
        }
        refused.sort_by_cached_key(|refused| self.site_name(refused.site).to_owned());
        refused
    }

    fn is_spare(&self, site: SiteId) -> bool {
        self.sites.get(site.index()).is_none_or(|site| site.spare)
    }
}
