//! Which promises a policy breaks, and whether the counter-examples are real.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ringfence_fence::draft::{InvariantDraft, SiteDraft};
use ringfence_fence::{
    Availability, Check, Example, Located, Policy, SelectQuestion, SiteState, Violation, prove,
};

use super::universe::{SAMPLES, Samples};
use super::world::{Name, Regions, World};

/// A promise by its code and name, and who breaks it.
type Broken = (&'static str, String, Option<Name>);

/// Complains if a promise is broken and nobody says so, or the other way round.
pub(super) fn check(policy: &Policy, world: &World<'_>) -> Result<usize, String> {
    let violations = prove(policy).err().unwrap_or_default();
    let shown: BTreeSet<Broken> = violations.iter().map(broken).collect();
    let expected = expected(world);
    if shown != expected {
        return Err(format!("broken: {shown:#?}\nand must be {expected:#?}"));
    }
    for violation in &violations {
        is_real(violation, policy, world).map_err(|why| format!("{why}: {violation:#?}"))?;
    }
    Ok(violations.len())
}

fn broken(violation: &Violation) -> Broken {
    let invariant = match &violation.check {
        Check::Invariant(name) => name.clone(),
        _ => String::new(),
    };
    let name = match &violation.example {
        Example::Carried { name, .. }
        | Example::HomeLeftOut { name, .. }
        | Example::Nobody { name, .. } => Some(name),
        Example::SharedAddress { .. } => None,
    };
    let whose = name.map(|name| {
        (name.tenant.clone(), name.fence.clone().unwrap_or_default(), name.group.clone())
    });
    (violation.check.code(), invariant, whose)
}

fn expected(world: &World<'_>) -> BTreeSet<Broken> {
    let mut broken = BTreeSet::new();
    if shares_an_address(&world.draft.sites) {
        broken.insert(("enclaves_apart", String::new(), None));
    }
    for (name, used) in &world.uses {
        if used.clients == 0 || used.sites.is_empty() {
            broken.insert(("admits_somebody", String::new(), Some(name.clone())));
        }
        for invariant in &world.draft.invariants {
            if is_broken(world, name, invariant) {
                broken.insert(("invariant", invariant.name.value.clone(), Some(name.clone())));
            }
        }
    }
    broken
}

fn is_broken(world: &World<'_>, name: &Name, invariant: &InvariantDraft) -> bool {
    let used = &world.uses[name];
    let in_either = |names: &[Located<String>]| world.in_either_way(&world.listed(names));
    let never = world.listed(&invariant.never_transit);
    let carried = used.sites.iter().any(|site| never.contains(region_of(world, site)));
    let client = used.clients & in_either(&invariant.clients) != 0;
    let others = (used.clients | used.peers) & in_either(&invariant.peers);
    carried && client && (invariant.peers.is_empty() || others != 0)
}

fn region_of<'a>(world: &World<'a>, site: &str) -> &'a str {
    let found = world.draft.sites.iter().find(|known| known.name.value == site);
    &found.expect("a site that is declared").region.value
}

/// Looks at every pair.
fn shares_an_address(sites: &[SiteDraft]) -> bool {
    let enclave = |site: &SiteDraft| site.enclave.as_ref().map(|one| one.value.clone());
    let overlap = |one: &SiteDraft, other: &SiteDraft| {
        let (a, b) = (one.addresses[0].value, other.addresses[0].value);
        a.contains(&b) || b.contains(&a)
    };
    let pairs = sites.iter().flat_map(|one| sites.iter().map(move |other| (one, other)));
    pairs.into_iter().any(|(one, other)| enclave(one) != enclave(other) && overlap(one, other))
}

/// Asks whether what the example tells does happen.
fn is_real(violation: &Violation, policy: &Policy, world: &World<'_>) -> Result<(), &'static str> {
    let Example::Carried { name, client, peer, full, chosen, as_spare } = &violation.example else {
        return Ok(());
    };
    let Check::Invariant(invariant) = &violation.check else { return Err("not an invariant") };
    let invariants = &world.draft.invariants;
    let invariant = invariants.iter().find(|known| known.name.value == *invariant);
    let invariant = invariant.ok_or("no such invariant")?;
    let fence = name.fence.clone().ok_or("no fence")?;
    let used = &world.uses[&(name.tenant.clone(), fence.clone(), name.group.clone())];
    let never: Regions = world.listed(&invariant.never_transit);
    if !never.contains(region_of(world, chosen)) || full.contains(chosen) {
        return Err("the site is not forbidden, or full");
    }
    let is_in = |end: IpAddr, samples: Samples, names: &[Located<String>]| {
        let place = SAMPLES.iter().position(|&known| known == end);
        let inside = samples & world.in_either_way(&world.listed(names));
        place.is_some_and(|place| inside >> place & 1 == 1)
    };
    let client = client.ok_or("no client")?;
    // Where a block has more addresses than samples, the example may be none of these.
    if SAMPLES.contains(&client) && !is_in(client, used.clients, &invariant.clients) {
        return Err("the client is not admitted, or none of those that are meant");
    }
    let ends = used.clients | used.peers;
    if peer.is_some_and(|peer| SAMPLES.contains(&peer) && !is_in(peer, ends, &invariant.peers)) {
        return Err("the peer is not admitted, or none of those that are meant");
    }
    let question = SelectQuestion {
        tenant: &name.tenant,
        fence: Some(&fence),
        group: name.group.as_deref(),
        client: Some(client),
        ..Default::default()
    };
    is_offered(policy, &question, full, chosen, *as_spare)
}

fn is_offered(
    policy: &Policy,
    question: &SelectQuestion<'_>,
    full: &[String],
    chosen: &str,
    as_spare: bool,
) -> Result<(), &'static str> {
    let state = SiteState { availability: Availability::Full, load: 0 };
    let full = full.iter().map(|name| (policy.site_id(name).expect("a site"), state)).collect();
    let elsewhere = [ringfence_fence::Rule::WrongEnclave];
    match policy.select(&SelectQuestion { states: Some(&full), ..*question }) {
        Ok(selected) => {
            let list = if as_spare { &selected.spares } else { &selected.primaries };
            let first = list.first().map(|offer| policy.site_name(offer.site));
            let alone = !as_spare || selected.primaries.is_empty();
            // A relay in bad standing leaves itself out, which a proof does not.
            let stands = policy.own_site_standing().is_ok();
            if !stands || (first == Some(chosen) && alone) {
                Ok(())
            } else {
                Err("not offered first")
            }
        }
        Err(none) if none.cause.is_some_and(|cause| elsewhere.contains(&cause.rule)) => Ok(()),
        Err(_) if policy.own_site_standing().is_err() => Ok(()),
        Err(_) => Err("nothing is offered"),
    }
}
