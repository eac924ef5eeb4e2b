//! Which sites must be offered.

use ringfence_fence::{
    Availability, NoSite, Offer, Policy, SelectQuestion, Selected, SiteState, SiteStates,
};

use crate::sim::dice::Dice;

use super::universe::SAMPLES;
use super::world::{Name, World};

/// The state of each site, by its place in the draft.
type States = Vec<SiteState>;

const AVAILABILITIES: [Availability; 3] =
    [Availability::Up, Availability::Full, Availability::Down];

/// Asks for one client of one use in every combination of sites up, full and down (at most this many,
/// at random, if `sparse`).
pub(super) fn check(
    policy: &Policy,
    world: &World<'_>,
    sparse: Option<usize>,
    dice: &mut Dice,
) -> Result<(), String> {
    let names: Vec<&Name> = world.uses.keys().collect();
    let name = *dice.pick(&names);
    if !is_here(world, name) {
        return Ok(());
    }
    let clients = (0..SAMPLES.len()).filter(|&place| world.uses[name].clients >> place & 1 == 1);
    let client = if dice.percent(80) { dice.pick_from(clients) } else { None };
    let asked = Asked { policy, world, name, client, prefer: preferred(world, dice) };
    let sites = world.draft.sites.len();
    let all = 3_usize.pow(u32::try_from(sites).unwrap_or_default());
    for turn in 0..sparse.unwrap_or(all).min(all) {
        let combination = if sparse.is_some() { dice.below(all) } else { turn };
        asked.compare(&states(combination, sites, dice))?;
    }
    Ok(())
}

/// Only a relay of the tenant's own enclave answers.
fn is_here(world: &World<'_>, name: &Name) -> bool {
    let enclave = |name: &Option<ringfence_fence::Located<String>>| {
        name.as_ref().map(|enclave| enclave.value.clone())
    };
    let own = world.draft.sites.iter().find(|site| site.name.value == "s0");
    let tenant = world.draft.tenants.iter().find(|tenant| tenant.name.value == name.0);
    own.zip(tenant).is_some_and(|(own, tenant)| enclave(&own.enclave) == enclave(&tenant.enclave))
}

fn preferred(world: &World<'_>, dice: &mut Dice) -> Vec<String> {
    let names = world.draft.regions.iter().map(|region| region.name.value.clone());
    if dice.percent(30) { dice.pick_from(names).into_iter().collect() } else { Vec::new() }
}

fn states(combination: usize, sites: usize, dice: &mut Dice) -> States {
    let mut rest = combination;
    let mut each = || {
        let availability = AVAILABILITIES[rest % 3];
        rest /= 3;
        SiteState { availability, load: u32::from(dice.percent(50)) }
    };
    (0..sites).map(|_| each()).collect()
}

struct Asked<'a> {
    policy: &'a Policy,
    world: &'a World<'a>,
    name: &'a Name,
    client: Option<usize>,
    prefer: Vec<String>,
}

impl Asked<'_> {
    fn compare(&self, states: &States) -> Result<(), String> {
        let (tenant, fence, group) = self.name;
        let sites = self.world.draft.sites.iter().zip(states);
        let known = sites.map(|(site, &state)| {
            (self.policy.site_id(&site.name.value).expect("a site that is declared"), state)
        });
        let known: SiteStates = known.collect();
        let answer = self.policy.select(&SelectQuestion {
            tenant,
            fence: Some(fence),
            group: group.as_deref(),
            prefer: &self.prefer,
            client: self.client.map(|place| SAMPLES[place]),
            states: Some(&known),
            ..Default::default()
        });
        let (shown, expected) = (self.shown(&answer), self.expected(states));
        match shown == expected {
            true => Ok(()),
            false => Err(format!(
                "{:?} {:?} {states:?}: offered {shown:?}, and must be {expected:?}",
                self.name, self.client
            )),
        }
    }

    fn shown(&self, answer: &Result<Selected, NoSite>) -> [Vec<String>; 2] {
        let names = |offers: &Vec<Offer>| {
            offers.iter().map(|offer| self.policy.site_name(offer.site).to_owned()).collect()
        };
        match answer {
            Ok(selected) => [names(&selected.primaries), names(&selected.spares)],
            Err(NoSite { cause: None, .. }) => Default::default(),
            Err(refused) => [vec![refused.code().to_owned()], Vec::new()],
        }
    }

    /// Takes the best site again and again: first those that may be primaries, then whichever is left.
    fn expected(&self, states: &States) -> [Vec<String>; 2] {
        let mut left: Vec<usize> =
            (0..states.len()).filter(|&place| self.may(place, states)).collect();
        let selection = &self.world.draft.selection;
        let is_spare = |place: &usize| {
            let name = &self.world.draft.sites[*place].name.value;
            selection.spare_sites.iter().any(|spare| spare.value == *name)
        };
        let mut offers: [Vec<String>; 2] = Default::default();
        while offers[0].len() < usize::from(selection.primaries.max(1)) {
            let candidates = left.iter().copied().filter(|place| !is_spare(place));
            let Some(best) = self.best(candidates, states) else { break };
            offers[0].push(self.take(best, &mut left));
        }
        let at_least = usize::from(offers[0].is_empty());
        while offers[1].len() < usize::from(selection.spares).max(at_least) {
            let Some(best) = self.best(left.iter().copied(), states) else { break };
            offers[1].push(self.take(best, &mut left));
        }
        offers
    }

    fn may(&self, place: usize, states: &States) -> bool {
        let name = &self.world.draft.sites[place].name.value;
        let own = self.world.draft.own_addresses[0].value;
        let stands =
            name != "s0" || self.world.draft.sites[place].addresses[0].value.contains(&own);
        let fenced = self.world.uses[self.name].sites.contains(name);
        stands && fenced && states[place].availability == Availability::Up
    }

    fn take(&self, best: usize, left: &mut Vec<usize>) -> String {
        left.retain(|&place| place != best);
        self.world.draft.sites[best].name.value.clone()
    }

    fn best(&self, places: impl Iterator<Item = usize>, states: &States) -> Option<usize> {
        places.min_by_key(|&place| {
            let name = &self.world.draft.sites[place].name.value;
            (self.distance(place), states[place].load, name)
        })
    }

    /// Smaller is nearer: preferred, with the client, near the client, at home, elsewhere.
    fn distance(&self, place: usize) -> (usize, usize) {
        let used = &self.world.uses[self.name];
        let around = self.world.outwards(&self.world.draft.sites[place].region.value);
        let place_in = |list: &[&str]| list.iter().position(|region| around.contains(region));
        let prefer: Vec<&str> =
            self.prefer.iter().chain(&used.prefer).map(String::as_str).collect();
        let client = self.client.and_then(|place| self.world.place_of(place));
        let client = client.map(|region| self.world.outwards(region)).unwrap_or_default();
        let regions = client.iter().filter_map(|name| self.world.region(name));
        let near: Vec<&str> =
            regions.flat_map(|region| &region.near).map(|name| name.value.as_str()).collect();
        let lists = [prefer, client, near, vec![used.home.as_str()]];
        let ranked = lists.iter().enumerate();
        let found = ranked.filter_map(|(rank, list)| place_in(list).map(|at| (rank, at))).next();
        found.unwrap_or((lists.len(), 0))
    }
}
