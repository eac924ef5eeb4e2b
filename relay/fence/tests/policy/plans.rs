//! What a change would open and close.

use ringfence_fence::{Plan, Policy, Presence, Topic, UseChange, plan};

use crate::drafts::{at, compiled, fence, name, names, nets, region, site, tenant, world};

fn change(edit: impl FnOnce(&mut ringfence_fence::PolicyDraft)) -> Plan {
    let mut draft = world();
    edit(&mut draft);
    plan(&compiled(&world()), &compiled(&draft))
}

fn of<'a>(plan: &'a Plan, fence: Option<&str>) -> &'a UseChange {
    let found = plan.uses().iter().find(|change| change.name.fence.as_deref() == fence);
    found.unwrap_or_else(|| panic!("{fence:?} in {plan:#?}"))
}

fn shown<T: ToString>(nets: impl IntoIterator<Item = T>) -> Vec<String> {
    nets.into_iter().map(|net| net.to_string()).collect()
}

#[test]
fn nothing_changes_between_a_policy_and_itself_written_otherwise() {
    let plan = change(|draft| {
        draft.regions.reverse();
        draft.sites.reverse();
        draft.fences.reverse();
        draft.regions[3].cidrs = nets(11, &["127.1.128.0/17", "127.1.0.0/17", "2a00::/16"]);
    });
    assert!(plan.is_empty(), "{plan:#?}");
    assert!(!plan.widens() && !plan.narrows());
}

#[test]
fn a_prefix_that_changes_its_region_is_gained_and_lost() {
    let plan = change(|draft| draft.regions[2].cidrs = nets(15, &["127.3.0.0/16", "127.1.8.0/21"]));
    let eu_only = of(&plan, Some("eu-only"));
    assert_eq!(shown(eu_only.clients.lost.cidrs()), ["127.1.8.0/21"]);
    assert!(eu_only.clients.gained.is_empty() && eu_only.transit.lost.is_empty());
    assert!(plan.narrows() && !plan.widens());
    let regions: Vec<_> = plan.regions().iter().map(|change| change.region.as_str()).collect();
    assert_eq!(regions, ["china", "europe"]);
    assert_eq!(shown(plan.regions()[0].addresses.gained.cidrs()), ["127.1.8.0/21"]);
}

#[test]
fn a_wider_fence_names_clients_peers_and_sites() {
    let plan = change(|draft| {
        draft.fences[0] = fence(30, "eu-only", [&["europe", "china"], &["europe"], &["any"]]);
    });
    let eu_only = of(&plan, Some("eu-only"));
    assert!(plan.widens() && !plan.narrows());
    assert_eq!(shown(eu_only.clients.gained.cidrs()), ["127.3.0.0/16"]);
    assert!(eu_only.peers.gained.is_empty());
    assert_eq!(eu_only.transit.gained, ["iad1", "pek1"]);
    assert_eq!(plan.uses().len(), 1, "a fence that did not change is not listed");
}

#[test]
fn sites_added_outside_of_the_fence_widen_nothing() {
    let plan = change(|draft| {
        draft.sites.push(site(60, "pek2", "china", &["127.3.1.0/24"]));
        draft.selection.spare_sites = vec![name(70, "pek1"), name(70, "pek2")];
        draft.regions[0].near = names(12, &["china"]);
    });
    assert!(!plan.widens() && !plan.narrows() && plan.uses().is_empty());
    let topics: Vec<_> =
        plan.facts().iter().map(|fact| (fact.topic, fact.subject.as_str())).collect();
    assert_eq!(
        topics,
        [
            (Topic::RegionNear, "europe"),
            (Topic::Site, "pek2"),
            (Topic::SiteEnclave, "pek2"),
            (Topic::SiteSpare, "pek1"),
            (Topic::SiteSpare, "pek2"),
            (Topic::SiteAddresses, "pek2"),
        ]
    );
}

#[test]
fn a_site_in_a_fenced_region_widens_unless_it_is_of_another_enclave() {
    let added = |enclave: Option<&str>| {
        change(|draft| {
            let mut added = site(60, "fra2", "germany", &["127.1.1.0/24"]);
            added.enclave = enclave.map(|enclave| name(61, enclave));
            draft.sites.push(added);
        })
    };
    assert_eq!(of(&added(None), Some("eu-only")).transit.gained, ["fra2"]);
    assert!(added(Some("gov")).uses().is_empty());
}

#[test]
fn a_tenant_and_its_fences_come_and_go_as_a_whole() {
    let plan = change(|draft| draft.tenants[0] = tenant(50, "other", "europe", &["eu-only"]));
    let found: Vec<_> = plan
        .uses()
        .iter()
        .map(|one| (one.name.tenant.as_str(), one.name.fence.as_deref(), one.presence))
        .collect();
    assert_eq!(
        found,
        [
            ("acme", Some("eu-only"), Presence::Removed),
            ("acme", Some("not-china"), Presence::Removed),
            ("other", Some("eu-only"), Presence::Added),
        ]
    );
    assert!(plan.widens() && plan.narrows());
    assert_eq!(plan.uses()[2].transit.gained, ["fra1"]);
    assert_eq!(shown(plan.uses()[0].clients.lost.cidrs()), ["127.1.0.0/16", "2a00::/16"]);
}

#[test]
fn another_default_fence_is_a_change_of_its_own() {
    let plan = change(|draft| draft.tenants[0].fences.reverse());
    let default = of(&plan, None);
    assert_eq!(plan.uses().len(), 1);
    assert!(plan.widens());
    assert_eq!(
        shown(default.clients.gained.cidrs()),
        ["127.2.0.0/15", "2600::/16"],
        "not-china lets everybody in as a client"
    );
}

#[test]
fn encryption_that_is_no_longer_required_widens() {
    let mut strict = world();
    strict.fences[0].require_encryption = true;
    let (strict, lax) = (compiled(&strict), compiled(&world()));
    assert!(plan(&strict, &lax).widens() && !plan(&strict, &lax).narrows());
    assert!(plan(&lax, &strict).narrows() && !plan(&lax, &strict).widens());
}

#[test]
fn an_address_that_is_no_longer_our_own_may_be_a_peer() {
    let plan = change(|draft| draft.own_addresses = vec![at(2, [127, 1, 0, 2].into())]);
    let eu_only = of(&plan, Some("eu-only"));
    assert_eq!(shown(eu_only.peers.gained.cidrs()), ["127.1.0.1/32"]);
    assert_eq!(shown(eu_only.peers.lost.cidrs()), ["127.1.0.2/32"]);
    assert!(eu_only.clients.gained.is_empty() && eu_only.clients.lost.is_empty());
}

#[test]
fn behind_a_nat64_the_embedded_addresses_are_told() {
    let gateway = |cidrs: &[&str]| {
        let mut draft = world();
        draft.regions.push(region(60, "gateway", cidrs));
        draft.nat64 = nets(5, &["2a0a:64::/32"]);
        draft.fences[0].clients.value = names(31, &["europe", "gateway"]);
        draft
    };
    let old = gateway(&["64:ff9b::/96"]);
    let mut new = gateway(&["64:ff9b::/96", "2a0a:64::/32"]);
    new.regions[0].cidrs = nets(11, &["127.1.0.0/16", "127.4.0.0/16", "2a00::/16"]);
    let plan = plan(&compiled(&old), &compiled(&new));
    let gained = &of(&plan, Some("eu-only")).clients.gained;
    assert_eq!(shown(gained.cidrs()), ["127.4.0.0/16"]);
    let behind: Vec<_> = gained
        .behind_nat64()
        .into_iter()
        .map(|one| (one.outer.to_string(), one.prefix_len, shown(one.embedded)))
        .collect();
    let both = vec!["127.1.0.0/16".to_owned(), "127.4.0.0/16".to_owned()];
    assert_eq!(
        behind,
        [
            ("64:ff9b::/96".to_owned(), 96, vec!["127.4.0.0/16".to_owned()]),
            ("2a0a:64::/32".to_owned(), 32, both),
        ]
    );
    assert!(gained.malformed_nat64().is_empty());
}

#[test]
fn a_prefix_that_is_no_nat64_any_more_opens_what_was_malformed() {
    let mut old = world();
    old.regions[0].cidrs = nets(11, &["2a0a:64::/32"]);
    let mut new = old.clone();
    old.nat64 = nets(5, &["2a0a:64::/32"]);
    new.nat64.clear();
    let plan = plan(&compiled(&old), &compiled(&new));
    let gained = &of(&plan, Some("eu-only")).clients.gained;
    assert_eq!(shown(gained.malformed_nat64()), ["2a0a:64::/32"]);
    assert_eq!(shown(&gained.behind_nat64()[0].embedded[..2]), ["0.0.0.0/2", "64.0.0.0/3"]);
}

#[test]
fn fingerprints_tell_policies_apart_and_nothing_else() {
    let fingerprint = |policy: &Policy| {
        let mut bytes = Vec::new();
        policy.fingerprint(|piece| bytes.extend_from_slice(piece));
        bytes
    };
    let base = fingerprint(&compiled(&world()));
    let mut same = world();
    same.regions.reverse();
    same.tenants[0].name.origin.line = 99;
    same.regions[2].cidrs = nets(15, &["127.2.0.0/17", "127.2.128.0/17", "2600::/16"]);
    assert_eq!(fingerprint(&compiled(&same)), base);
    let edits: [fn(&mut ringfence_fence::PolicyDraft); 7] = [
        |draft| draft.regions[2].cidrs = nets(15, &["127.3.0.0/17"]),
        |draft| draft.sites[1].enclave = Some(name(29, "gov")),
        |draft| draft.tenants[0].fences.reverse(),
        |draft| draft.selection.spares = 3,
        |draft| draft.fences[1].require_encryption = true,
        |draft| draft.own_addresses = vec![at(2, [127, 1, 0, 7].into())],
        |draft| draft.regions[3].within = None,
    ];
    for (place, edit) in edits.iter().enumerate() {
        let mut draft = world();
        edit(&mut draft);
        assert_ne!(fingerprint(&compiled(&draft)), base, "edit {place}");
    }
}
