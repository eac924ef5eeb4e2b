//! Single decisions, and the traces that explain them.

use std::net::{IpAddr, SocketAddr};

use ringfence_fence::{Policy, Refusal, Role, RoomRegions, Scope, Step};

use crate::sim::dice::Dice;

use super::universe::SAMPLES;
use super::world::{Name, World};

/// How often each policy is asked.
const QUESTIONS: usize = 8;

/// Asks about random addresses and sites; of each answer, its trace must say the same.
pub(super) fn check(policy: &Policy, world: &World<'_>, dice: &mut Dice) -> Result<(), String> {
    let names: Vec<Name> = world.uses.keys().cloned().collect();
    for _ in 0..QUESTIONS {
        ask(policy, world, dice.pick(&names), dice)?;
    }
    Ok(())
}

fn ask(policy: &Policy, world: &World<'_>, name: &Name, dice: &mut Dice) -> Result<(), String> {
    let Ok(fence) = policy.fence_of(&name.0, Some(&name.1), name.2.as_deref()) else {
        return Ok(()); // a tenant of another enclave
    };
    let region = dice.pick(&world.draft.regions).name.value.clone();
    let room = RoomRegions { require: None, refuse: vec![region] };
    let narrowing = policy.narrow(fence, &room).map_err(|refusal| refusal.to_string())?;
    let narrowing = dice.percent(30).then_some(&narrowing);
    let sample = dice.below(SAMPLES.len());
    let role = *dice.pick(&[Role::Client, Role::Peer, Role::Transit]);
    let addr = SocketAddr::new(SAMPLES[sample], if dice.percent(95) { 9 } else { 0 });
    let draft = dice.pick(&world.draft.sites);
    let site = policy.site_id(&draft.name.value).ok_or("no such site")?;
    let scope = Scope { fence, narrowing };
    let decision = policy.decide(scope, role, addr, site);
    let trace = policy.trace(scope, role, addr, site);
    ends_with(&trace, decision.err()).map_err(|why| format!("{why}: {decision:?} {trace:#?}"))?;
    let own = world.draft.own_addresses[0].value;
    let stands = draft.name.value != "s0" || draft.addresses[0].value.contains(&own);
    let same_enclave =
        enclave_of(world, &name.0) == draft.enclave.as_ref().map(|enclave| enclave.value.clone());
    if narrowing.is_some() || role == Role::Transit || !same_enclave {
        return Ok(());
    }
    let used = &world.uses[name];
    let samples = if role == Role::Client { used.clients } else { used.peers };
    let carried = stands && used.sites.contains(&draft.name.value);
    let expected = carried && addr.port() != 0 && samples >> sample & 1 == 1;
    match decision.is_ok() == expected {
        true => Ok(()),
        false => Err(format!("{name:?} {role:?} {addr} at {site:?}: {decision:?}, {expected}")),
    }
}

fn enclave_of(world: &World<'_>, tenant: &str) -> Option<String> {
    let found = world.draft.tenants.iter().find(|known| known.name.value == tenant)?;
    found.enclave.as_ref().map(|enclave| enclave.value.clone())
}

/// Whether only the last question is refused, and as the decision is.
fn ends_with(trace: &[Step], refusal: Option<Refusal>) -> Result<(), &'static str> {
    let (last, before) = trace.split_last().ok_or("nothing was asked")?;
    if before.iter().any(|step| step.verdict.is_err()) {
        return Err("it goes on after a refusal");
    }
    let located = |address: &IpAddr| {
        before.iter().chain([last]).any(|step| {
            matches!(step.question, ringfence_fence::Question::Region { address: asked, prefix }
            if asked == *address && prefix.is_none() && step.verdict.is_ok())
        })
    };
    if SAMPLES.iter().any(located) {
        return Err("a region without a prefix");
    }
    if last.verdict.err() == refusal { Ok(()) } else { Err("it ends otherwise") }
}
