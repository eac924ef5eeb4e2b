//! A host lets less into a room, and the others go on.

use hyper::Method;
use ringfence::client::Problem;
use serde_json::{Value, json};

use crate::lab::{Lab, drain, rtp};

fn narrow(lab: &Lab, body: &Value) -> Result<Value, Problem> {
    lab.call(Method::PATCH, "/v1/rooms/r", Some(body))
}

#[test]
fn who_is_refused_is_cut_before_the_answer_and_the_others_go_on() {
    let lab = Lab::start();
    let alice = lab.latched("r", "alice", "127.1.5.1");
    let mut bob = lab.latched("r", "bob", "127.1.5.2");
    let mut american = lab.latched("r", "american", "127.2.5.1");
    let _elsewhere = lab.latched("other", "american", "127.2.5.2");

    let narrowed = narrow(&lab, &json!({ "refuse": ["america"] })).expect("it narrows");

    assert_eq!(narrowed["room"]["refuse"], json!(["america"]));
    assert_eq!(narrowed["cuts"]["participants_total"], 1);
    assert_eq!(narrowed["cuts"]["participants"][0]["rule"], "region_refused_by_room");
    drain(&mut american);
    alice.send(&rtp(1, 1));
    assert_eq!(bob.expect_media(), rtp(1, 1));
    assert_eq!(american.receive(), None);
    assert!(lab.is_latched("other", "american"), "another room is another host's");
}

#[test]
fn a_room_stays_narrow_through_a_reload() {
    let lab = Lab::start();
    let _alice = lab.latched("r", "alice", "127.1.5.1");
    narrow(&lab, &json!({ "refuse": ["america"] })).expect("it narrows");
    lab.tighten("peers = [\"europe\", \"america\"]", "peers = [\"europe\"]");

    let mut american = lab.join("r", "american", "127.2.5.1");
    (0..50).for_each(|_| drop(american.receive()));
    assert!(!lab.is_latched("r", "american"));
}

#[test]
fn a_site_that_is_not_required_carries_nobody() {
    let lab = Lab::start_with(|text| {
        text.replace("transit = [\"europe\"]", "transit = [\"europe\", \"china\"]")
            .replace("home = \"europe\"", "home = \"china\"")
    });
    let _alice = lab.latched("r", "alice", "127.1.5.1");

    let narrowed = narrow(&lab, &json!({ "require": ["china"] })).expect("it narrows");

    assert_eq!(narrowed["cuts"]["participants"][0]["rule"], "site_not_required");
}

#[test]
fn a_room_is_never_widened() {
    let lab = Lab::start();
    let _alice = lab.latched("r", "alice", "127.1.5.1");
    narrow(&lab, &json!({ "refuse": ["america"] })).expect("it narrows");

    for (body, status, code) in [
        (json!({ "refuse": [] }), 409, "not_narrower"),
        (json!({ "refuse": ["china"] }), 409, "not_narrower"),
        (json!({ "refuse": ["atlantis", "america"] }), 403, "unknown_region"),
        (json!({ "require": ["china"] }), 403, "not_narrower"),
        (json!({ "allow": ["america"] }), 422, "bad_body"),
    ] {
        let problem = narrow(&lab, &body).expect_err("it does not narrow");
        assert_eq!((problem.status, problem.code.as_str()), (status, code), "{body}");
    }
    let room = lab.call(Method::GET, "/v1/rooms/r", None).unwrap();
    assert_eq!(room["refuse"], json!(["america"]));
}

#[test]
fn a_room_can_be_opened_narrow() {
    let lab = Lab::start();
    let path = "/v1/rooms/r/participants";
    let join = |name: &str, more: Value| {
        let mut body = json!({ "tenant": "acme", "participant": name });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        lab.call(Method::POST, path, Some(&body))
    };
    join("alice", json!({ "refuse": ["america"] })).expect("she makes the room");
    join("bob", json!({})).expect("he takes it as it is");
    let other = join("carol", json!({ "refuse": ["china"] })).expect_err("the room has its own");
    assert_eq!((other.status, other.code.as_str()), (409, "room_has_other_regions"));
    let unknown = join("dave", json!({ "group": "staff" })).expect_err("no such group");
    assert_eq!((unknown.status, unknown.code.as_str()), (403, "unknown_group"));

    let mut american = lab.join("r", "american", "127.2.5.1");
    (0..50).for_each(|_| drop(american.receive()));
    assert!(!lab.is_latched("r", "american"));
}
