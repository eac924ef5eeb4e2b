//! The fence and a naive oracle agree on every form of every address, and each spelling that
//! smuggles an address past other fences is refused here by its own rule.

mod fence_policies;

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use fence_policies::{Form, case, drawn_from, everywhere};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use ringfence_fence::{Epoch, Pass, Policy, PolicyDraft, Refusal, Role, Rule};
use ringfence_tests::fence_oracle::Oracle;

const EPOCH: Epoch = Epoch(3);

fn compiled(draft: &PolicyDraft) -> Policy {
    Policy::compile(draft, EPOCH).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn decide(policy: &Policy, role: Role, fence: &str, addr: SocketAddr) -> Result<Pass, Refusal> {
    policy.decide(policy.fence_id(fence).unwrap(), role, addr, policy.own_site())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn decisions_agree((draft, queries) in case()) {
        let (policy, oracle) = (compiled(&draft), Oracle::new(&draft));
        for query in queries {
            let decision = decide(&policy, query.role, &query.fence, query.addr);
            let expected = oracle.admits(query.role, &query.fence, query.addr);
            prop_assert_eq!(decision.is_ok(), expected, "{:?} of {:?}", decision, query);
            if let Ok(pass) = decision {
                prop_assert_eq!(pass.addr(), expected_on_the_wire(query.addr));
                prop_assert_eq!((pass.role(), pass.epoch()), (query.role, EPOCH));
            }
        }
    }
}

/// Without this the relay's own addresses could be missing from the questions.
#[test]
fn the_cases_meet_the_hosts_own_addresses_as_peers() {
    let mut runner = TestRunner::deterministic();
    let mut met = 0;
    for _ in 0..600 {
        let (draft, queries) = drawn_from(&case(), &mut runner);
        let policy = compiled(&draft);
        let refusals = queries
            .iter()
            .filter_map(|query| decide(&policy, query.role, &query.fence, query.addr).err());
        met += refusals.filter(|refusal| refusal.rule == Rule::OwnAddress).count();
    }
    assert!(met > 5, "{met}");
}

fn expected_on_the_wire(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(v4.into(), v6.port()),
            None => SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id()).into(),
        },
        v4 => v4,
    }
}

/// Without this the property above could hold by refusing everything.
#[test]
fn the_cases_admit_each_form_that_can_be_admitted_and_no_other() {
    let mut runner = TestRunner::deterministic();
    let mut admitted = Vec::new();
    for _ in 0..600 {
        let (draft, queries) = drawn_from(&case(), &mut runner);
        let policy = compiled(&draft);
        let passes = queries
            .iter()
            .filter(|query| decide(&policy, query.role, &query.fence, query.addr).is_ok());
        admitted.extend(passes.map(|query| query.form));
    }
    for form in Form::ALL {
        let count = admitted.iter().filter(|&&one| one == form).count();
        assert_eq!(count > 0, form.can_be_admitted(), "{form:?} was admitted {count} times");
    }
}

/// What refuses `ip` under a fence that admits any region, of a policy in which one region holds
/// all addresses: nothing but the address itself.
fn rule_for(ip: &str) -> Rule {
    let policy = compiled(&everywhere());
    let ip: IpAddr = ip.parse().unwrap();
    let rules = [Role::Client, Role::Peer, Role::Transit].map(|role| {
        let refused = decide(&policy, role, "all", SocketAddr::new(ip, 9));
        refused.expect_err("this address is to be refused").rule
    });
    assert!(rules.iter().all(|&rule| rule == rules[0]));
    rules[0]
}

macro_rules! refused {
    ($($name:ident: $ip:literal by $rule:ident;)+) => {$(
        #[test]
        fn $name() {
            assert_eq!(rule_for($ip), Rule::$rule);
        }
    )+};
}

// Fourteen spellings that smuggle another address past a fence.
refused! {
    spelling_mapped: "::ffff:10.0.0.1" by Private;
    spelling_compatible: "::10.0.0.1" by Ipv4Compatible;
    spelling_nat64: "64:ff9b::10.0.0.1" by SpecialPurpose;
    spelling_nat64_local_use: "64:ff9b:1::10.0.0.1" by Nat64LocalUse;
    spelling_six_to_four: "2002:a00:1::" by SixToFour;
    spelling_teredo: "2001:0:a00:1::f5ff:fffe" by Teredo;
    spelling_siit: "::ffff:0:10.0.0.1" by Siit;
    spelling_isatap: "fe80::5efe:10.0.0.1" by Isatap;
    spelling_mapped_loopback: "::ffff:127.0.0.1" by Loopback;
    spelling_loopback: "::1" by Loopback;
    spelling_link_local: "fe80::1" by LinkLocal;
    spelling_unique_local: "fd00::1" by UniqueLocal;
    spelling_multicast: "ff02::1" by Multicast;
    spelling_documentation: "2001:db8::1" by Documentation;
}

// The further ones, and near relations of the fourteen.
refused! {
    further_this_host: "0.0.0.0" by Unspecified;
    further_this_network: "0.1.2.3" by Unspecified;
    further_unspecified: "::" by Unspecified;
    further_broadcast: "255.255.255.255" by Broadcast;
    further_cloud_metadata: "169.254.169.254" by LinkLocal;
    further_multicast: "224.0.0.1" by Multicast;
    further_multicast_end: "239.255.255.255" by Multicast;
    further_mapped_unspecified: "::ffff:0.0.0.0" by Unspecified;
    further_mapped_broadcast: "::ffff:255.255.255.255" by Broadcast;
    further_mapped_metadata: "::ffff:169.254.169.254" by LinkLocal;
    further_isatap_global: "2a00::200:5efe:8.8.8.8" by Isatap;
    further_isatap_group_bit: "2a00::100:5efe:8.8.8.8" by Isatap;
    further_isatap_both_bits: "2a00::300:5efe:8.8.8.8" by Isatap;
    further_compatible_two: "::2" by Ipv4Compatible;
    further_nat64_loopback: "2a00:6496::127.0.0.1" by Loopback;
    further_nat64_private: "2a00:6496::10.0.0.1" by Private;
    further_nat64_broadcast: "2a00:6496::255.255.255.255" by Broadcast;
    further_nat64_32: "2a00:6432:a00:1::" by Private;
    further_nat64_40: "2a00:6440:120a:0:1::" by Private;
    further_nat64_48: "2a00:6448:1:a00:0:100::" by Private;
    further_nat64_56: "2a00:6456:1:10a:0:1::" by Private;
    further_nat64_64: "2a00:6464:1:1:a:0:100:0" by Private;
}

#[test]
fn what_smuggles_nothing_is_admitted_there() {
    let (draft, oracle) = (everywhere(), Oracle::new(&everywhere()));
    let policy = compiled(&draft);
    for ip in ["8.8.8.8", "::ffff:8.8.8.8", "2a00::1", "2a00:6496::8.8.8.8", "2a00:6432:808:808::"]
    {
        let addr = SocketAddr::new(ip.parse().unwrap(), 9);
        assert!(decide(&policy, Role::Peer, "all", addr).is_ok(), "{ip}");
        assert!(oracle.admits(Role::Peer, "all", addr), "{ip}");
    }
}
