//! Secrets and quotas change with the policy.

use std::net::IpAddr;

use ringfence_tests::turn::{Client, Credentials, Family, Refused, UdpRoad};
use ringfence_wire::stun::ErrorCode;

use crate::lab::Lab;

#[test]
fn a_quota_that_was_lowered_holds_for_the_next() {
    let lab = Lab::start();
    let _alice = lab.latched("r", "alice", "127.1.5.1");
    lab.edit("home = \"europe\"", "home = \"europe\"\nmax_rooms = 1");
    lab.reload().expect("it widens nothing");

    let body = serde_json::json!({ "tenant": "acme", "participant": "bob" });
    let path = "/v1/rooms/second/participants";
    let full = lab.call(hyper::Method::POST, path, Some(&body)).expect_err("one room");
    assert_eq!((full.status, full.code.as_str()), (429, "tenant_rooms_full"));
}

#[test]
fn a_secret_that_was_removed_opens_nothing_more() {
    let lab = Lab::start();
    let mut road = UdpRoad::open("127.1.5.1".parse::<IpAddr>().unwrap(), lab.media()).unwrap();
    let mut client = Client::new(Credentials::of("alice"));
    client.allocate(&mut road, Family::Default).expect("the secret is good");
    lab.edit("secrets = [\"file:acme.secret\"]", "secrets = []");
    lab.reload().expect("it widens nothing");
    assert_eq!(lab.relay.control().allocations().len(), 0, "what it opened is closed");

    let mut road = UdpRoad::open("127.1.5.2".parse::<IpAddr>().unwrap(), lab.media()).unwrap();
    let refused = Client::new(Credentials::of("bob")).allocate(&mut road, Family::Default);
    assert!(matches!(refused, Err(Refused::With(code)) if code == ErrorCode::UNAUTHENTICATED));
}
