//! Traces under virtual time, with the relay's side written by hand.

use ringfence_wire::stun::{Attribute, IntegrityKey, Writer};

use super::*;

const RELAY: &str = "127.1.0.1:3478";
const MAPPED: &str = "127.1.0.11:4000";
const RELAY_PASSWORD: &[u8] = b"relay-password-of-24-chr";
const OWN_PASSWORD: &[u8] = b"0123456789abcdef0123456789abcdef";

fn credentials(own: bool) -> Credentials {
    let pair = OwnCredentials {
        ufrag: "ownufrag".into(),
        password: String::from_utf8(OWN_PASSWORD.into()).unwrap(),
    };
    Credentials {
        relay_ufrag: "relayufr".into(),
        relay_password: String::from_utf8(RELAY_PASSWORD.into()).unwrap(),
        own: own.then_some(pair),
    }
}

fn endpoint(own: bool) -> Endpoint {
    let relay = RELAY.parse().unwrap();
    Endpoint::new(Instant::START, relay, &credentials(own), [1; 32])
}

fn at(ms: u64) -> Instant {
    Instant::START + Duration::from_millis(ms)
}

/// Runs the endpoint's timers until `end`; returns when it sent what.
fn run(endpoint: &mut Endpoint, end: Instant) -> Vec<(u128, StunMessage)> {
    let mut sent = Vec::new();
    while let Some(due) = endpoint.next_timeout().filter(|due| *due <= end) {
        endpoint.handle_timeout(due);
        let ms = due.since_start().as_millis();
        sent.extend(std::iter::from_fn(|| endpoint.poll_transmit()).map(|message| (ms, message)));
    }
    sent
}

fn success(request: &[u8], password: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 200];
    let asked = Message::parse(request).unwrap().transaction_id();
    Writer::new(&mut buffer, Class::Success, Method::BINDING, asked)
        .and_then(|writer| writer.xor_address(Attribute::XorMappedAddress, MAPPED.parse().unwrap()))
        .and_then(|writer| writer.integrity(&IntegrityKey::short_term(password)))
        .and_then(|writer| writer.fingerprint())
        .unwrap()
        .finish()
        .to_vec()
}

fn path_check(username: &str, password: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 200];
    let id = TransactionId([9; 12]);
    Writer::new(&mut buffer, Class::Request, Method::BINDING, id)
        .and_then(|writer| writer.bytes(Attribute::Username, username.as_bytes()))
        .and_then(|writer| writer.integrity(&IntegrityKey::short_term(password)))
        .and_then(|writer| writer.fingerprint())
        .unwrap()
        .finish()
        .to_vec()
}

fn latched() -> Endpoint {
    let mut endpoint = endpoint(true);
    let request = run(&mut endpoint, at(0)).remove(0).1;
    let answer = success(&request, RELAY_PASSWORD);
    assert_eq!(endpoint.handle_datagram(at(0), &answer), Received::Stun);
    endpoint
}

#[test]
fn a_check_says_what_rfc_8445_asks_for() {
    let (_, request) = run(&mut endpoint(true), at(0)).remove(0);
    let message = Message::parse(&request).unwrap();
    assert_eq!(message.username(), Some(&b"relayufr:ownufrag"[..]));
    assert!(message.priority().is_some() && message.ice_controlling().is_some());
    let key = IntegrityKey::short_term(RELAY_PASSWORD);
    assert!(message.verify_integrity(&key).is_ok() && message.verify_fingerprint().is_ok());
}

#[test]
fn without_an_answer_it_repeats_one_request_and_gives_up() {
    let mut endpoint = endpoint(true);
    let sent = run(&mut endpoint, at(60_000));
    let times: Vec<_> = sent.iter().map(|(ms, _)| *ms).collect();
    assert_eq!(times, [0, 500, 1500, 3500, 7500]);
    assert!(sent.iter().all(|(_, message)| *message == sent[0].1));
    assert_eq!(endpoint.state(), State::Lost);
    assert_eq!(endpoint.next_timeout(), None);
}

#[test]
fn only_the_relays_signature_on_the_current_check_latches() {
    let mut endpoint = endpoint(true);
    let request = run(&mut endpoint, at(0)).remove(0).1;
    let forged = success(&request, OWN_PASSWORD);
    assert_eq!(endpoint.handle_datagram(at(1), &forged), Received::Stray);
    let mut other = request.clone();
    other[19] ^= 1;
    let stale = success(&other, RELAY_PASSWORD);
    assert_eq!(endpoint.handle_datagram(at(1), &stale), Received::Stray);
    assert_eq!(endpoint.state(), State::Checking);
    let answer = success(&request, RELAY_PASSWORD);
    assert_eq!(endpoint.handle_datagram(at(1), &answer), Received::Stun);
    assert_eq!(endpoint.state(), State::Latched);
    assert_eq!(endpoint.mapped_address(), Some(MAPPED.parse().unwrap()));
}

#[test]
fn a_latch_is_kept_alive_by_a_fresh_check_every_five_seconds() {
    let mut endpoint = latched();
    let mut ids = std::collections::BTreeSet::new();
    for round in 1..=10 {
        let sent = run(&mut endpoint, at(round * 5000));
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].0, u128::from(round * 5000));
        ids.insert(Message::parse(&sent[0].1).unwrap().transaction_id().0);
        let answer = success(&sent[0].1, RELAY_PASSWORD);
        let _ = endpoint.handle_datagram(at(round * 5000), &answer);
    }
    assert_eq!(ids.len(), 10);
    assert_eq!(endpoint.state(), State::Latched);
}

#[test]
fn fifteen_silent_seconds_end_a_latch() {
    let mut endpoint = latched();
    run(&mut endpoint, at(14_999));
    assert_eq!(endpoint.state(), State::Latched);
    run(&mut endpoint, at(15_000));
    assert_eq!(endpoint.state(), State::Lost);
}

#[test]
fn word_that_nobody_listens_only_shortens_the_patience() {
    let mut endpoint = latched();
    endpoint.handle_unreachable(at(4000));
    let sent = run(&mut endpoint, at(5999));
    assert_eq!(endpoint.state(), State::Latched);
    let mut answered = latched();
    answered.handle_unreachable(at(4000));
    let check = run(&mut answered, at(5000)).remove(0).1;
    let _ = answered.handle_datagram(at(5000), &success(&check, RELAY_PASSWORD));
    run(&mut answered, at(6000));
    assert_eq!(answered.state(), State::Latched);
    run(&mut endpoint, at(6000));
    assert_eq!(endpoint.state(), State::Lost, "{} sent", sent.len());
}

#[test]
fn a_path_check_is_answered_if_it_is_signed_with_our_password() {
    let mut endpoint = latched();
    for (username, password) in
        [("ownufrag:relayufr", RELAY_PASSWORD), ("ownufrag:someone", OWN_PASSWORD)]
    {
        let forged = path_check(username, password);
        assert_eq!(endpoint.handle_datagram(at(1), &forged), Received::Stray);
    }
    assert!(endpoint.poll_transmit().is_none());
    let check = path_check("ownufrag:relayufr", OWN_PASSWORD);
    assert_eq!(endpoint.handle_datagram(at(1), &check), Received::Stun);
    let answer = endpoint.poll_transmit().unwrap();
    let answer = Message::parse(&answer).unwrap();
    assert_eq!(answer.transaction_id(), TransactionId([9; 12]));
    assert_eq!(answer.xor_mapped_address(), Some(RELAY.parse().unwrap()));
    let key = IntegrityKey::short_term(OWN_PASSWORD);
    assert!(answer.verify_integrity(&key).is_ok() && answer.verify_fingerprint().is_ok());
}

#[test]
fn an_unsigned_path_check_is_answered_only_when_the_relay_knows_no_password_of_ours() {
    let mut buffer = [0; 64];
    let unsigned =
        Writer::new(&mut buffer, Class::Request, Method::BINDING, TransactionId([9; 12]));
    let unsigned = unsigned.and_then(|writer| writer.fingerprint()).unwrap();
    let unsigned = unsigned.finish().to_vec();
    assert_eq!(latched().handle_datagram(at(1), &unsigned), Received::Stray);
    let mut endpoint = endpoint(false);
    assert_eq!(endpoint.handle_datagram(at(1), &unsigned), Received::Stun);
    let answer = endpoint.poll_transmit().unwrap();
    assert!(!Message::parse(&answer).unwrap().has_integrity());
}

#[test]
fn media_is_told_from_the_rest() {
    let mut endpoint = latched();
    let rtp = [0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
    assert_eq!(endpoint.handle_datagram(at(1), &rtp), Received::Media(Kind::Rtp));
    for stray in [&[][..], &[0; 20], &[0x40; 20], &[0xff; 20]] {
        assert_eq!(endpoint.handle_datagram(at(1), stray), Received::Stray);
    }
}

#[test]
fn flooding_it_with_path_checks_does_not_make_it_grow() {
    let mut endpoint = latched();
    let check = path_check("ownufrag:relayufr", OWN_PASSWORD);
    (0..1000).for_each(|_| {
        let _ = endpoint.handle_datagram(at(1), &check);
    });
    let waiting = std::iter::from_fn(|| endpoint.poll_transmit()).count();
    assert_eq!(waiting, OUTGOING_MAX);
}
