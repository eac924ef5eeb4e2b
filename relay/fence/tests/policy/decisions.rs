//! What a policy decides, by which rule, and on which line.

use std::net::{SocketAddr, SocketAddrV6};

use ringfence_fence::{Pass, Policy, Refusal, Role, Rule};

use super::drafts::{self, EPOCH, at, compiled, name, nets, on, region, world};

/// Judges `addr` at the policy's own site.
fn judge(policy: &Policy, fence: &str, role: Role, addr: &str) -> Result<Pass, Refusal> {
    let fence = policy.fence_id(fence).unwrap();
    policy.decide(fence, role, addr.parse().unwrap(), policy.own_site())
}

fn rule<T: std::fmt::Debug>(decision: Result<T, Refusal>) -> Rule {
    decision.expect_err("this is to be refused").rule
}

#[test]
fn a_pass_tells_what_was_admitted() {
    let policy = compiled(&world());
    let pass = judge(&policy, "eu-only", Role::Peer, "[::ffff:127.1.0.9]:40").unwrap();
    assert_eq!(pass.addr(), "127.1.0.9:40".parse::<SocketAddr>().unwrap());
    assert_eq!(policy.region_name(pass.region()), "europe");
    assert_eq!(policy.fence_name(pass.fence()), "eu-only");
    assert_eq!((pass.role(), pass.epoch()), (Role::Peer, EPOCH));
}

#[test]
fn a_pass_keeps_the_scope_and_clears_the_flow_label() {
    let mut draft = world();
    draft.regions[0].cidrs.extend(nets(11, &["fe80::/64"]));
    let policy = compiled(&draft);
    let link_local = "fe80::9".parse().unwrap();
    let addr = SocketAddrV6::new(link_local, 40, 0xabcde, 3).into();
    let fence = policy.fence_id("eu-only").unwrap();
    let pass = policy.decide(fence, Role::Client, addr, policy.own_site()).unwrap();
    assert_eq!(pass.addr(), SocketAddrV6::new(link_local, 40, 0, 3).into());
}

#[test]
fn each_role_has_its_own_list() {
    let policy = compiled(&world());
    let refusals = [
        ("eu-only", Role::Client, Rule::RegionNotInClients, on(31)),
        ("not-china", Role::Peer, Rule::RegionNotInPeers, on(36)),
        ("eu-only", Role::Transit, Rule::RegionNotInTransit, on(33)),
    ];
    for (fence, role, rule, origin) in refusals {
        let refusal = judge(&policy, fence, role, "127.3.0.1:9").unwrap_err();
        let region = policy.region_id("china");
        let expected = Refusal { rule, origin: Some(origin), region, epoch: EPOCH };
        assert_eq!(refusal, expected);
    }
    assert!(judge(&policy, "not-china", Role::Client, "127.3.0.1:9").is_ok());
}

#[test]
fn the_longer_prefix_wins_and_the_outer_region_admits_the_inner() {
    let mut draft = world();
    let policy = compiled(&draft);
    let pass = judge(&policy, "eu-only", Role::Client, "127.1.49.9:9").unwrap();
    assert_eq!(policy.region_name(pass.region()), "germany");
    draft.regions[3].within = None;
    let refused = judge(&compiled(&draft), "eu-only", Role::Client, "127.1.49.9:9");
    assert_eq!(rule(refused), Rule::RegionNotInClients);
}

#[test]
fn the_inner_region_does_not_admit_the_outer() {
    let mut draft = world();
    draft.fences[0].clients.value = drafts::names(31, &["germany"]);
    let refused = judge(&compiled(&draft), "eu-only", Role::Client, "127.1.0.9:9");
    assert_eq!(rule(refused), Rule::RegionNotInClients);
}

#[test]
fn within_is_followed_over_several_levels_in_any_order() {
    let mut draft = world();
    let mut berlin = region(60, "berlin", &["127.1.49.128/25"]);
    berlin.within = Some(name(62, "germany"));
    draft.regions.insert(0, berlin);
    let pass = judge(&compiled(&draft), "eu-only", Role::Client, "127.1.49.200:9");
    assert!(pass.is_ok());
}

#[test]
fn near_is_no_permission() {
    let mut draft = world();
    draft.regions[0].near = drafts::names(11, &["united-states"]);
    let refused = judge(&compiled(&draft), "eu-only", Role::Client, "127.2.0.9:9");
    assert_eq!(rule(refused), Rule::RegionNotInClients);
}

#[test]
fn unknown_means_no_even_for_any() {
    let policy = compiled(&world());
    let refusal = judge(&policy, "not-china", Role::Client, "8.8.8.8:9").unwrap_err();
    assert_eq!((refusal.rule, refusal.origin), (Rule::UnknownAddress, None));
}

#[test]
fn an_empty_list_admits_nobody() {
    let policy = compiled(&world());
    let refused = judge(&policy, "nobody", Role::Client, "127.1.0.9:9");
    assert_eq!(rule(refused), Rule::RegionNotInClients);
}

#[test]
fn port_zero_is_refused() {
    let policy = compiled(&world());
    assert_eq!(rule(judge(&policy, "eu-only", Role::Client, "127.1.0.9:0")), Rule::PortZero);
}

#[test]
fn the_site_that_carries_is_judged_first() {
    let policy = compiled(&world());
    let fence = policy.fence_id("eu-only").unwrap();
    let site = policy.site_id("pek1").unwrap();
    let refused = policy.decide(fence, Role::Client, "0.0.0.0:0".parse().unwrap(), site);
    let region = policy.region_id("china");
    let expected =
        Refusal { rule: Rule::SiteNotInTransit, origin: Some(on(33)), region, epoch: EPOCH };
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_host_outside_its_site_gets_no_fenced_work() {
    let mut draft = world();
    draft.own_addresses.push(at(3, [127, 3, 0, 1].into()));
    assert_bad_standing(&compiled(&draft), Rule::OwnAddressOutsideSite);
    draft.own_addresses.clear();
    assert_bad_standing(&compiled(&draft), Rule::OwnAddressMissing);
}

fn assert_bad_standing(policy: &Policy, expected: Rule) {
    let refusal = policy.own_site_standing().unwrap_err();
    assert_eq!((refusal.rule, refusal.origin), (expected, Some(on(20))));
    assert_eq!(judge(policy, "eu-only", Role::Client, "127.1.0.9:9"), Err(refusal));
    assert_eq!(policy.room_fence("acme", None, None), Err(refusal));
}

#[test]
fn an_own_address_may_be_written_as_ipv4_mapped() {
    let mut draft = world();
    draft.own_addresses = vec![at(2, "::ffff:127.1.0.1".parse().unwrap())];
    assert_eq!(compiled(&draft).own_site_standing(), Ok(()));
}

#[test]
fn handles_of_another_policy_are_refused() {
    let mut bigger = world();
    // Handles of what tenants use follow those of the fences.
    for (line, called) in (100..).step_by(4).zip(["a", "b", "c", "more"]) {
        bigger.fences.push(drafts::fence(line, called, [&["any"]; 3]));
    }
    bigger.sites.push(drafts::site(64, "more", "europe", &["127.1.9.0/24"]));
    let (policy, bigger) = (compiled(&world()), compiled(&bigger));
    let addr = "127.1.0.9:9".parse().unwrap();
    let (fence, site) = (bigger.fence_id("more").unwrap(), bigger.site_id("more").unwrap());
    let by_fence = policy.decide(fence, Role::Client, addr, policy.own_site());
    assert_eq!(rule(by_fence), Rule::UnknownFence);
    let known = policy.fence_id("eu-only").unwrap();
    assert_eq!(rule(policy.decide(known, Role::Client, addr, site)), Rule::UnknownSite);
    assert_eq!((policy.fence_name(fence), policy.site_name(site)), ("", ""));
}

#[test]
fn a_room_gets_the_default_fence_or_the_one_asked_for() {
    let policy = compiled(&world());
    let name = |asked| policy.room_fence("acme", asked, None).map(|fence| policy.fence_name(fence));
    assert_eq!(name(None), Ok("eu-only"));
    assert_eq!(name(Some("not-china")), Ok("not-china"));
}

#[test]
fn a_room_gets_no_fence_of_somebody_else() {
    let policy = compiled(&world());
    assert_eq!(rule(policy.room_fence("acme", Some("nobody"), None)), Rule::FenceNotOfTenant);
    assert_eq!(rule(policy.room_fence("acme", Some("no-such"), None)), Rule::FenceNotOfTenant);
    let unknown = policy.room_fence("nobody-we-know", None, None).unwrap_err();
    assert_eq!((unknown.rule, unknown.origin), (Rule::UnknownTenant, None));
}

#[test]
fn a_room_stays_in_its_enclave() {
    let mut draft = world();
    draft.sites[0].enclave = Some(name(29, "gov"));
    assert_eq!(rule(compiled(&draft).room_fence("acme", None, None)), Rule::WrongEnclave);
    draft.tenants[0].enclave = Some(name(53, "gov"));
    assert!(compiled(&draft).room_fence("acme", None, None).is_ok());
    draft.sites[0].enclave = None;
    assert_eq!(rule(compiled(&draft).room_fence("acme", None, None)), Rule::WrongEnclave);
}

#[test]
fn a_room_is_not_made_at_a_site_that_may_not_carry_it() {
    let mut draft = world();
    draft.own_site = name(1, "iad1");
    draft.own_addresses = vec![at(2, [127, 2, 0, 1].into())];
    assert_eq!(rule(compiled(&draft).room_fence("acme", None, None)), Rule::SiteNotInTransit);
}

#[test]
fn special_space_opens_only_where_a_region_lists_it() {
    let mut draft = world();
    draft.regions[2].cidrs = nets(15, &["0.0.0.0/0", "::/0", "127.9.0.0/16", "10.0.0.0/8"]);
    let policy = compiled(&draft);
    let china = policy.region_id("china").unwrap();
    for open in ["8.8.8.8", "2a01::1", "127.9.2.3", "10.0.0.1", "::ffff:10.0.0.1"] {
        assert_eq!(policy.locate(open.parse().unwrap()), Ok(china), "{open}");
    }
    for (shut, expected) in SHUT {
        assert_eq!(rule(policy.locate(shut.parse().unwrap())), *expected, "{shut}");
    }
}

/// One address of each special-purpose block, at its edge where that is telling.
const SHUT: &[(&str, Rule)] = &[
    ("127.8.255.255", Rule::Loopback),
    ("172.31.255.255", Rule::Private),
    ("192.168.0.1", Rule::Private),
    ("100.127.255.255", Rule::SharedAddress),
    ("169.254.169.254", Rule::LinkLocal),
    ("192.0.0.170", Rule::SpecialPurpose),
    ("192.0.2.1", Rule::Documentation),
    ("192.31.196.255", Rule::SpecialPurpose),
    ("192.52.193.255", Rule::SpecialPurpose),
    ("192.88.99.255", Rule::SpecialPurpose),
    ("192.175.48.255", Rule::SpecialPurpose),
    ("198.19.255.255", Rule::Benchmarking),
    ("198.51.100.255", Rule::Documentation),
    ("203.0.113.255", Rule::Documentation),
    ("240.0.0.1", Rule::SpecialPurpose),
    ("255.255.255.254", Rule::SpecialPurpose),
    ("::1", Rule::Loopback),
    ("64:ff9b::8.8.8.8", Rule::SpecialPurpose),
    ("100::1", Rule::SpecialPurpose),
    ("100:0:0:1::1", Rule::SpecialPurpose),
    ("2001:1::1", Rule::SpecialPurpose),
    ("2001:2::1", Rule::SpecialPurpose),
    ("2001:1ff:ffff::1", Rule::SpecialPurpose),
    ("2001:db8::1", Rule::Documentation),
    ("3fff:fff::1", Rule::Documentation),
    ("2620:4f:8000::1", Rule::SpecialPurpose),
    ("5f00::1", Rule::SpecialPurpose),
    ("fc00::1", Rule::UniqueLocal),
    ("fdff::1", Rule::UniqueLocal),
    ("fe80::1", Rule::LinkLocal),
    ("febf::1", Rule::LinkLocal),
    ("feff::1", Rule::SpecialPurpose),
];

#[test]
fn nat64_needs_both_addresses_in_an_allowed_region() {
    let mut draft = world();
    draft.regions.push(region(60, "nat64-gateway", &["64:ff9b::/96", "2a0a:64::/32"]));
    draft.nat64 = nets(5, &["2a0a:64::/32"]);
    draft.fences[0].clients.value = drafts::names(31, &["europe", "nat64-gateway"]);
    let policy = compiled(&draft);
    let one = |addr| judge(&policy, "eu-only", Role::Client, addr);
    for open in ["[64:ff9b::127.1.0.9]:9", "[2a0a:64:7f01:9::]:9"] {
        assert_eq!(policy.region_name(one(open).unwrap().region()), "europe", "{open}");
    }
    assert_eq!(rule(one("[64:ff9b::127.3.0.9]:9")), Rule::RegionNotInClients);
    assert_eq!(rule(one("[2a0a:64:7f03:9::]:9")), Rule::RegionNotInClients);
    assert_eq!(rule(one("[64:ff9b::10.0.0.1]:9")), Rule::Private);
    assert_eq!(rule(one("[64:ff9b::224.0.0.1]:9")), Rule::Multicast);
    assert_eq!(rule(one("[64:ff9b::8.8.8.8]:9")), Rule::UnknownAddress);
    assert_eq!(rule(one("[2a0a:64:7f01:9:100::]:9")), Rule::Nat64Malformed);
}

#[test]
fn nat64_needs_the_outer_address_allowed_as_well() {
    let mut draft = world();
    draft.regions.push(region(60, "nat64-gateway", &["64:ff9b::/96"]));
    let policy = compiled(&draft);
    let refusal = judge(&policy, "eu-only", Role::Client, "[64:ff9b::127.1.0.9]:9").unwrap_err();
    assert_eq!(refusal.rule, Rule::RegionNotInClients);
    assert_eq!(refusal.region, policy.region_id("nat64-gateway"));
}

#[test]
fn a_policy_knows_its_names() {
    let policy = compiled(&world());
    assert_eq!(policy.site_name(policy.own_site()), "fra1");
    assert_eq!(policy.epoch(), EPOCH);
    let acme = policy.tenant("acme").unwrap();
    assert_eq!((acme.name(), policy.region_name(acme.home())), ("acme", "europe"));
    let fences: Vec<_> = acme.fences().iter().map(|&id| policy.fence_name(id)).collect();
    assert_eq!(fences, ["eu-only", "not-china"]);
    assert!(policy.fence_id("no-such").is_none());
}
