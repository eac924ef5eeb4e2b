//! What the fence says of TURN's addresses: the relay's own are no peers, a relayed one is where its
//! client is, and whoever could be admitted is greeted.

use std::net::SocketAddr;

use ringfence_fence::{Epoch, Pass, Policy, PolicyDraft, Refusal, Role, Rule};
use ringfence_tests::fence_oracle::Oracle;
use ringfence_tests::sim::drafts::name;
use ringfence_tests::turn_world::drafts::written;
use ringfence_tests::turn_world::turn_world;

const EPOCH: Epoch = Epoch(4);

fn compiled(draft: &PolicyDraft) -> Policy {
    Policy::compile(draft, EPOCH).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn judge(policy: &Policy, fence: &str, role: Role, addr: &str) -> Result<Pass, Refusal> {
    policy.decide(policy.fence_id(fence).unwrap(), role, address(addr), policy.own_site())
}

/// The small world, where everything has a region: `anyone` admits all of it.
fn open_world() -> PolicyDraft {
    let mut draft = turn_world();
    draft.regions[1].cidrs.push(written("64:ff9b::/96".parse().unwrap()));
    draft.regions[1].cidrs.push(written("10.0.0.0/8".parse().unwrap()));
    draft.host_addresses.push("10.0.0.7".parse().unwrap());
    draft
}

#[test]
fn own_addresses_are_no_peers_in_any_spelling() {
    let draft = open_world();
    let (policy, oracle) = (compiled(&draft), Oracle::new(&draft));
    for own in [
        "127.1.0.1:9",
        "127.1.0.200:9",
        "[2001:db8:1::1]:9",
        "[2001:db8:1::200]:9",
        "10.0.0.7:9",
        "[::ffff:127.1.0.1]:9",
        "[::ffff:10.0.0.7]:9",
        "[64:ff9b::127.1.0.1]:9",
        "[64:ff9b::10.0.0.7]:9",
    ] {
        let refused = judge(&policy, "anyone", Role::Peer, own).unwrap_err();
        assert_eq!(refused.rule, Rule::OwnAddress, "{own}");
        assert!(!oracle.admits(Role::Peer, "anyone", address(own)));
        for role in [Role::Client, Role::Transit] {
            let admitted = judge(&policy, "anyone", role, own).is_ok();
            assert_eq!(admitted, oracle.admits(role, "anyone", address(own)), "{own}");
        }
        assert!(judge(&policy, "anyone", Role::Client, own).is_ok(), "{own}");
    }
    for other in ["127.1.0.2:9", "10.0.0.8:9", "[64:ff9b::10.0.0.8]:9"] {
        assert!(judge(&policy, "anyone", Role::Peer, other).is_ok(), "{other}");
    }
}

#[test]
fn the_form_of_an_address_comes_before_whose_it_is_and_that_before_its_region() {
    let mut draft = turn_world();
    draft.host_addresses.extend(
        ["10.0.0.7", "127.3.0.7", "2002:a00:7::"].map(|ip| ip.parse::<std::net::IpAddr>().unwrap()),
    );
    let policy = compiled(&draft);
    let rule = |addr| judge(&policy, "eu-only", Role::Peer, addr).unwrap_err().rule;
    assert_eq!(rule("127.1.0.1:0"), Rule::PortZero);
    assert_eq!(rule("[::ffff:0:10.0.0.7]:9"), Rule::Siit);
    assert_eq!(rule("[2002:a00:7::]:9"), Rule::SixToFour);
    assert_eq!(rule("10.0.0.7:9"), Rule::OwnAddress);
    assert_eq!(rule("127.3.0.7:9"), Rule::OwnAddress);
    assert_eq!(rule("10.0.0.8:9"), Rule::Private);
    assert_eq!(rule("127.3.0.8:9"), Rule::RegionNotInPeers);
}

#[test]
fn a_pass_is_good_for_every_port_but_zero() {
    let policy = compiled(&turn_world());
    let pass = judge(&policy, "eu-only", Role::Peer, "127.1.9.9:9").unwrap();
    for port in [1, 9, 65_535] {
        let other = pass.at_port(port).unwrap();
        assert_eq!(other.addr(), SocketAddr::new(pass.addr().ip(), port));
        assert_eq!((other.region(), other.fence()), (pass.region(), pass.fence()));
        assert_eq!((other.role(), other.epoch()), (Role::Peer, EPOCH));
    }
    assert_eq!(pass.at_port(0), None);
}

#[test]
fn a_relayed_address_is_passed_as_its_client_was() {
    let policy = compiled(&turn_world());
    let client = judge(&policy, "not-china", Role::Peer, "127.2.9.9:9").unwrap();
    let pass = policy.through(&client, address("127.1.0.1:50000")).unwrap();
    assert_eq!(pass.addr(), address("127.1.0.1:50000"));
    assert_eq!(policy.region_name(pass.region()), "united-states");
    assert_eq!(policy.through(&client, address("127.1.0.1:0")), None);
    assert_eq!(policy.through(&client, address("127.1.0.2:50000")), None, "not ours");
    let as_client = judge(&policy, "not-china", Role::Client, "127.2.9.9:9").unwrap();
    assert_eq!(policy.through(&as_client, address("127.1.0.1:50000")), None, "not as a peer");
    let newer = Policy::compile(&turn_world(), Epoch(5)).unwrap();
    assert_eq!(newer.through(&client, address("127.1.0.1:50000")), None, "not by this policy");
}

/// The world without the tenant whose fence lets anybody in.
fn closed_world() -> PolicyDraft {
    let mut draft = turn_world();
    draft.tenants.retain(|tenant| tenant.name.value != "open");
    draft
}

#[test]
fn whoever_a_fence_of_some_tenant_admits_is_greeted() {
    let policy = compiled(&closed_world());
    for (from, fence) in [("127.1.9.9:9", "eu-only"), ("127.2.9.9:9", "not-china")] {
        let pass = policy.greet(address(from)).unwrap();
        assert_eq!((policy.fence_name(pass.fence()), pass.role()), (fence, Role::Client));
        assert_eq!(pass.addr(), address(from));
    }
    let folded = policy.greet(address("[::ffff:127.1.9.9]:9")).unwrap();
    assert_eq!(folded.addr(), address("127.1.9.9:9"));
}

#[test]
fn nobody_else_is_greeted() {
    let policy = compiled(&closed_world());
    let rule = |policy: &Policy, from| policy.greet(address(from)).unwrap_err().rule;
    assert_eq!(rule(&policy, "127.3.9.9:9"), Rule::RegionNotInClients);
    assert_eq!(rule(&policy, "9.9.9.9:9"), Rule::UnknownAddress);
    assert_eq!(rule(&policy, "10.0.0.1:9"), Rule::Private);
    assert_eq!(rule(&policy, "[2002:a00:1::]:9"), Rule::SixToFour);
    assert_eq!(rule(&policy, "127.1.9.9:0"), Rule::PortZero);
    assert!(compiled(&turn_world()).greet(address("127.3.9.9:9")).is_ok(), "`anyone` admits china");
}

#[test]
fn a_fence_of_nobody_or_of_another_enclave_greets_nobody() {
    let mut draft = closed_world();
    draft.tenants.iter_mut().for_each(|tenant| tenant.enclave = Some(name("elsewhere")));
    let policy = compiled(&draft);
    assert_eq!(policy.greet(address("127.1.9.9:9")).unwrap_err().rule, Rule::UnknownTenant);
    draft.tenants.clear();
    let policy = compiled(&draft);
    assert_eq!(policy.greet(address("127.1.9.9:9")).unwrap_err().rule, Rule::UnknownTenant);
}
