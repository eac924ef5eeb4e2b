//! What is tightened is cut on every shard before the answer.

use std::net::IpAddr;

use ringfence_tests::turn::{Client, Credentials, Family, Refused, UdpRoad};
use ringfence_wire::stun::ErrorCode;
use serde_json::json;

use crate::lab::{Lab, drain, rtp};

const WEST: &str = "clients = [\"europe\", \"america\"]";
const EUROPE: &str = "clients = [\"europe\"]";

/// Speakers enough that each shard has some.
const SPEAKERS: usize = 8;

#[test]
fn no_shard_sends_to_a_newly_forbidden_address_after_the_answer() {
    let lab = Lab::start();
    let speakers: Vec<_> = (0..SPEAKERS)
        .map(|n| lab.latched("r", &format!("s{n}"), &format!("127.1.6.{}", n + 1)))
        .collect();
    let mut american = lab.latched("r", "american", "127.2.5.1");
    let mut german = lab.latched("r", "german", "127.1.49.1");
    let address = american.socket.local_addr().unwrap();

    let reloaded = lab.tighten(WEST, EUROPE);

    let cuts = &reloaded["cuts"];
    assert_eq!((&cuts["participants_total"], &cuts["allocations_total"]), (&json!(1), &json!(0)));
    let cut = &cuts["participants"][0];
    assert_eq!((&cut["room"], &cut["participant"]), (&json!("r"), &json!("american")));
    assert_eq!((&cut["address"], &cut["region"]), (&json!(address.to_string()), &json!("america")));
    assert_eq!(cut["rule"], "region_not_in_clients");
    let line = 1 + lab.text().lines().position(|line| line == EUROPE).expect("written");
    assert!(cut["place"].as_str().unwrap().ends_with(&format!(":{line}")), "{cut}");

    drain(&mut american);
    for (speaker, ssrc) in speakers.iter().zip(1..) {
        speaker.send(&rtp(ssrc, 1));
    }
    let mut heard: Vec<_> = (0..SPEAKERS).map(|_| german.expect_media()).collect();
    heard.sort();
    assert_eq!(heard, (1u32..).take(SPEAKERS).map(|ssrc| rtp(ssrc, 1)).collect::<Vec<_>>());
    // What reached the german from a shard would have reached the american from it, too.
    assert_eq!(american.receive(), None);
    american.send(&rtp(99, 1));
    speakers[0].send(&rtp(1, 2));
    assert_eq!(german.expect_media(), rtp(1, 2), "and nothing of the american before it");
}

#[test]
fn who_was_cut_may_come_back_from_where_the_fence_admits_it() {
    let lab = Lab::start();
    let mut american = lab.latched("r", "american", "127.2.5.1");
    let european = lab.latched("r", "european", "127.1.5.1");
    lab.tighten(WEST, EUROPE);
    lab.edit(EUROPE, WEST);
    let digest = lab.reload().expect_err("it widens").change.and_then(|change| change.digest);
    lab.reload_accepting(&digest.expect("a digest")).expect("accepted");

    while !lab.is_latched("r", "american") {
        american.receive();
    }
    european.send(&rtp(5, 1));
    assert_eq!(american.expect_media(), rtp(5, 1));
}

#[test]
fn a_turn_client_that_is_cut_is_told_403_when_it_refreshes() {
    let lab = Lab::start();
    let mut clients: Vec<_> = ["127.1.5.1", "127.2.5.1"].map(|ip| turn_client(&lab, ip)).into();
    assert_eq!(lab.relay.control().allocations().len(), 2);

    let reloaded = lab.tighten(WEST, EUROPE);

    assert_eq!(reloaded["cuts"]["allocations_total"], 1);
    assert_eq!(reloaded["cuts"]["allocations"][0]["party"], "standup/127.2.5.1");
    let (american, mut road) = clients.pop().expect("two");
    let refused = { american }.refresh(&mut road).expect_err("it is cut");
    assert!(matches!(refused, Refused::With(code) if code == ErrorCode::FORBIDDEN), "{refused:?}");
    let (mut european, mut road) = clients.pop().expect("two");
    european.refresh(&mut road).expect("it stands");
    assert_eq!(lab.relay.control().allocations().len(), 1);
}

#[test]
fn a_turn_client_whom_no_fence_admits_any_more_gets_no_byte() {
    let lab = Lab::start_with(|text| text.replace("clients = [\"any\"]", EUROPE));
    let (mut client, mut road) = turn_client(&lab, "127.2.5.1");
    lab.tighten(WEST, EUROPE);
    let refused = client.refresh(&mut road).expect_err("it is cut");
    assert!(matches!(refused, Refused::Silence), "{refused:?}");
}

#[test]
fn permissions_for_peers_that_are_refused_now_are_gone() {
    let lab = Lab::start();
    let (mut client, mut road) = turn_client(&lab, "127.1.5.1");
    client.permit(&mut road, "127.2.9.9:5000".parse().unwrap()).expect("admitted so far");

    let reloaded = lab.tighten("peers = [\"europe\", \"america\"]", "peers = [\"europe\"]");

    assert_eq!(reloaded["cuts"]["permissions_total"], 1);
    let again = client.permit(&mut road, "127.2.9.9:5000".parse().unwrap());
    assert!(matches!(again, Err(Refused::With(code)) if code == ErrorCode::FORBIDDEN), "{again:?}");
}

fn turn_client(lab: &Lab, ip: &str) -> (Client, UdpRoad) {
    let mut client = Client::new(Credentials::of(ip));
    let mut road = UdpRoad::open(ip.parse::<IpAddr>().unwrap(), lab.media()).unwrap();
    client.allocate(&mut road, Family::Default).expect("admitted so far");
    (client, road)
}
