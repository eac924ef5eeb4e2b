//! Without credentials, with rubbish for them, and with those of others: answered little, and forgotten.

use std::time::Duration;

use ringfence_tests::turn::{Client, Credentials, Family, UdpRoad, inside};

use crate::flow::Flow;
use crate::lab::{CLIENT, Lab};
use crate::spoof::{self, Flood, Replies};

const PACKETS: u32 = 1_000_000;

/// The first packets make the relay take the memory that it keeps.
const WARM_UP: u32 = 50_000;

const RSS_GROWTH_MAX_KB: u64 = 1024;

const LOSS_MAX: f64 = 0.0001;

/// RFC 8489's header and the attributes of a 401 (DESIGN of the flood limits: no reason, no SOFTWARE).
const REPLY_BYTES_MAX: usize = 72;

/// Answers a second to one IPv4 address, or one /64 of IPv6.
const REPLIES_PER_S_MAX: u64 = 10;

#[test]
fn spoofed_allocates_leave_nothing_and_cost_an_admitted_flow_nothing() {
    inside("strangers::spoofed_allocates_leave_nothing_and_cost_an_admitted_flow_nothing", || {
        let lab = Lab::start();
        for (seed, (name, message)) in (1..).zip(attacks(&lab)) {
            withstands(&lab, name, Flood::new(lab.server.address, &message, seed));
        }
    });
}

/// Without credentials; with twenty bytes of rubbish for MESSAGE-INTEGRITY; signed as it should be,
/// but with the nonce that another address was given.
fn attacks(lab: &Lab) -> [(&'static str, Vec<u8>); 3] {
    let bare = Client::new(Credentials::of("nobody")).bare_allocate();
    let mut road = UdpRoad::open(CLIENT, lab.server.address).expect("a socket");
    let mut mallory = Client::new(Credentials::of("mallory"));
    mallory.allocate(&mut road, Family::Default).expect("an allocation");
    mallory.release(&mut road).expect("its end");
    let signed = mallory.signed_allocate();
    let mut rubbish = signed.clone();
    let integrity_at = rubbish.len() - 20;
    rubbish[integrity_at..].fill(0x5a);
    [("bare", bare), ("rubbish", rubbish), ("another's nonce", signed)]
}

fn withstands(lab: &Lab, name: &str, mut flood: Flood) {
    let replies = Replies::listen();
    flood.send(WARM_UP);
    let (before, flow) = (lab.rss_kb(), Flow::start(lab));
    flood.send(PACKETS);
    let (sent, lost) = flow.finish();
    let after = lab.rss_kb();
    assert_eq!(lab.allocations(), 0, "{name}: allocations");
    let grown = after.saturating_sub(before);
    assert!(grown <= RSS_GROWTH_MAX_KB, "{name}: RSS grew by {grown} kB");
    assert!(lost as f64 <= (sent as f64 * LOSS_MAX).max(1.0), "{name}: {lost} of {sent} lost");
    let (_, longest) = replies.finish();
    assert!(longest <= REPLY_BYTES_MAX, "{name}: a reply of {longest} bytes");
    lab.assert_memory(name);
}

#[test]
fn one_ipv4_address_is_told_to_authenticate_ten_times_a_second() {
    inside("strangers::one_ipv4_address_is_told_to_authenticate_ten_times_a_second", || {
        let lab = Lab::start();
        let one: Vec<_> = vec!["10.64.0.1".parse().expect("an address")];
        limits_replies(&lab, &one, "10.64.0.2".parse().expect("an address"));
    });
}

#[test]
fn one_ipv6_network_is_told_to_authenticate_ten_times_a_second() {
    inside("strangers::one_ipv6_network_is_told_to_authenticate_ten_times_a_second", || {
        let lab = Lab::start();
        let one: Vec<_> = (1..=100_u16)
            .map(|host| std::net::Ipv6Addr::new(0xfd00, 0xb, 0, 1, 0, 0, 0, host).into())
            .collect();
        limits_replies(&lab, &one, "fd00:b:0:2::1".parse().expect("an address"));
    });
}

fn limits_replies(lab: &Lab, sources: &[std::net::IpAddr], neighbour: std::net::IpAddr) {
    let asked = spoof::ask(lab, sources, Duration::from_secs(2));
    assert!(asked.replies > 0, "whoever asks now and then is answered");
    let seconds = asked.took.as_secs() + 2;
    assert!(asked.replies <= REPLIES_PER_S_MAX * seconds, "{asked:?}");
    assert!(asked.requests > 4 * REPLIES_PER_S_MAX * seconds, "{asked:?}: not enough was asked");
    assert!(asked.longest <= REPLY_BYTES_MAX, "{asked:?}");
    let other = spoof::ask(lab, &[neighbour], Duration::from_millis(100));
    assert!(other.replies > 0, "the neighbour pays for it");
    lab.assert_memory("one source");
}
