//! What is proved of a policy, and the counter-examples to what cannot be.

use ringfence_fence::draft::InvariantDraft;
use ringfence_fence::{
    Availability, Check, Example, Lack, Policy, PolicyDraft, SelectQuestion, SiteState, SiteStates,
    Violation, prove,
};

use crate::drafts::{compiled, fence, name, names, on, site, tenant, world};

fn invariant(clients: &[&str], peers: &[&str], never: &[&str]) -> InvariantDraft {
    InvariantDraft {
        name: name(90, "europe stays out of china"),
        clients: names(91, clients),
        peers: names(92, peers),
        never_transit: names(93, never),
    }
}

fn violations(draft: &PolicyDraft) -> Vec<Violation> {
    prove(&compiled(draft)).unwrap_err()
}

#[test]
fn the_small_world_keeps_its_promises() {
    let mut draft = world();
    draft.invariants = vec![invariant(&["europe"], &[], &["china"])];
    let proof = prove(&compiled(&draft)).unwrap();
    assert_eq!((proof.invariants, proof.uses, proof.sites), (1, 2, 3));
    assert!(proof.atoms > 10 && proof.classes > 3, "{proof:?}");
}

/// The state of sites that the example tells of.
fn full(policy: &Policy, names: &[String]) -> SiteStates {
    let full = SiteState { availability: Availability::Full, load: 0 };
    names.iter().map(|name| (policy.site_id(name).unwrap(), full)).collect()
}

#[test]
fn a_fence_widened_in_a_hurry_has_a_counter_example_that_is_real() {
    let mut draft = world();
    draft.fences[0] = fence(30, "eu-only", [&["europe"], &["europe"], &["europe", "china"]]);
    draft.selection.spare_sites = vec![name(70, "pek1")];
    draft.invariants = vec![invariant(&["europe"], &[], &["china"])];
    let policy = compiled(&draft);
    let [violation] = &prove(&policy).unwrap_err()[..] else { panic!("one violation") };
    assert_eq!(violation.check, Check::Invariant("europe stays out of china".to_owned()));
    assert_eq!(violation.origin, on(90));
    let Example::Carried { name, client, full: overloaded, chosen, as_spare, .. } =
        &violation.example
    else {
        panic!("{violation:?}")
    };
    assert_eq!(
        (chosen.as_str(), *as_spare, overloaded.as_slice()),
        ("pek1", true, &["fra1".to_owned()][..])
    );
    let states = full(&policy, overloaded);
    let question = SelectQuestion {
        tenant: &name.tenant,
        fence: name.fence.as_deref(),
        client: *client,
        states: Some(&states),
        ..Default::default()
    };
    let selected = policy.select(&question).unwrap();
    assert_eq!(policy.site_name(selected.spares[0].site), "pek1");
    assert!(selected.primaries.is_empty());
}

#[test]
fn an_invariant_with_peers_speaks_of_calls_between_both() {
    let mut draft = world();
    draft.fences[0] = fence(30, "eu-only", [&["europe"], &["united-states"], &["any"]]);
    let mut with_peers = |peers: &[&str]| {
        draft.invariants = vec![invariant(&["europe"], peers, &["china"])];
        prove(&compiled(&draft)).err().map_or(0, |violations| violations.len())
    };
    assert_eq!(with_peers(&["united-states"]), 1);
    assert_eq!(with_peers(&["europe"]), 1, "a second client is an other end, too");
    assert_eq!(with_peers(&["china"]), 0);
}

#[test]
fn addresses_of_two_enclaves_are_told_apart() {
    let mut draft = world();
    draft.sites.push(site(60, "gov1", "europe", &["127.1.0.128/25"]));
    assert!(prove(&compiled(&draft)).is_ok(), "two sites of one enclave may share a range");
    draft.sites[3].enclave = Some(name(61, "gov"));
    let found = violations(&draft);
    let expected = Example::SharedAddress {
        address: "127.1.0.128".parse().unwrap(),
        sites: ["fra1".to_owned(), "gov1".to_owned()],
    };
    assert_eq!((&found[0].check, &found[0].example), (&Check::EnclavesApart, &expected));
    assert_eq!(found.len(), 1);
}

#[test]
fn each_range_that_overlaps_another_enclave_is_told() {
    let mut draft = world();
    draft.sites.push(site(60, "gov1", "europe", &["127.1.0.0/23"]));
    draft.sites.push(site(64, "gov2", "europe", &["127.1.0.128/25"]));
    draft.sites[3].enclave = Some(name(61, "gov"));
    draft.sites[4].enclave = Some(name(65, "gov"));
    let sites = violations(&draft).into_iter().map(|violation| match violation.example {
        Example::SharedAddress { sites: [one, other], .. } => (one, other),
        other => panic!("{other:?}"),
    });
    let fra1 = |other: &str| ("fra1".to_owned(), other.to_owned());
    assert_eq!(sites.collect::<Vec<_>>(), [fra1("gov1"), fra1("gov2")]);
}

#[test]
fn a_fence_that_admits_nobody_is_found() {
    let lacks = |draft: &PolicyDraft| match &violations(draft)[..] {
        [
            Violation {
                check: Check::AdmitsSomebody, example: Example::Nobody { lacks, .. }, ..
            },
        ] => *lacks,
        other => panic!("{other:?}"),
    };
    let mut draft = world();
    draft.tenants[0].fences.push(name(52, "nobody"));
    assert_eq!(lacks(&draft), Lack::Client);
    let mut draft = world();
    draft.tenants.push(tenant(80, "ministry", "europe", &["eu-only"]));
    draft.tenants[1].enclave = Some(name(81, "gov"));
    assert_eq!(lacks(&draft), Lack::Site);
}

#[test]
fn a_host_in_the_wrong_place_hides_no_violation() {
    let mut draft = world();
    draft.own_addresses.clear();
    draft.invariants = vec![invariant(&["europe"], &[], &["europe"])];
    assert_eq!(violations(&draft).len(), 2, "each of the two fences");
}
