//! Rooms whose relay is killed.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use ringfence::endpoint::{Credentials, Endpoint, Received, State};
use ringfence::relay::Clock;
use ringfence_tests::turn::wait_until;
use serde_json::Value;

use super::supervisor::Supervised;

/// A participant with a socket of its own.
struct Party {
    socket: UdpSocket,
    relay: SocketAddr,
    endpoint: Endpoint,
    clock: Clock,
    ssrc: u32,
    sequence: u16,
}

impl Party {
    fn latched(relay: &Supervised, room: &str, name: &str, ip: &str, ssrc: u32) -> Self {
        let joined = relay.join(room, name);
        let text = |what: &str| joined[what].as_str().unwrap_or_default().to_owned();
        let credentials =
            Credentials { relay_ufrag: text("ufrag"), relay_password: text("pwd"), own: None };
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let clock = Clock::start();
        let endpoint = Endpoint::new(clock.now(), relay.media, &credentials, [7; 32]);
        let relay = relay.media;
        let mut party = Self { socket, relay, endpoint, clock, ssrc, sequence: 65_000 };
        wait_until("latched", || {
            party.receive();
            party.endpoint.state() == State::Latched
        });
        party
    }

    /// Its next packet.
    fn speak(&mut self) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0xA5; 100];
        packet[..2].copy_from_slice(&[0x80, 111]);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(self.sequence) * 960).to_be_bytes());
        packet[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        self.socket.send_to(&packet, self.relay).unwrap();
        packet
    }

    /// The next packet of media, if one comes soon. Checks go on meanwhile.
    fn receive(&mut self) -> Option<Vec<u8>> {
        self.tend();
        let mut room = [0; 2048];
        let (bytes, _) = self.socket.recv_from(&mut room).ok()?;
        let received = self.endpoint.handle_datagram(self.clock.now(), &room[..bytes]);
        self.tend();
        matches!(received, Received::Media(_)).then(|| room[..bytes].to_vec())
    }

    fn tend(&mut self) {
        self.endpoint.handle_timeout(self.clock.now());
        while let Some(message) = self.endpoint.poll_transmit() {
            self.socket.send_to(&message, self.relay).unwrap();
        }
    }
}

fn is_heard(speaker: &mut Party, listener: &mut Party) -> bool {
    let said = speaker.speak();
    std::iter::from_fn(|| listener.receive()).any(|heard| heard == said)
}

fn participants(relay: &Supervised, room: &str) -> Vec<Value> {
    let sessions = relay.call(hyper::Method::GET, &format!("/v1/sessions?room={room}"), None);
    sessions["sessions"].as_array().unwrap().clone()
}

#[test]
fn a_room_goes_on_and_its_rollover_counters_too() {
    let mut relay = Supervised::start();
    let mut alice = Party::latched(&relay, "standup", "alice", "127.1.5.1", 7);
    let mut bob = Party::latched(&relay, "standup", "bob", "127.1.5.2", 8);
    wait_until("alice is heard", || is_heard(&mut alice, &mut bob));
    // Over the end of the sequence numbers: the counter is 1 from then on.
    (0..1_000).for_each(|_| drop(alice.speak()));
    wait_until("alice is heard", || is_heard(&mut alice, &mut bob));
    relay.settle();
    for _ in 0..3 {
        relay.kill();
        wait_until("alice is heard", || is_heard(&mut alice, &mut bob));
        wait_until("bob is heard", || is_heard(&mut bob, &mut alice));
    }
    assert_eq!(participants(&relay, "standup").len(), 2);
    let carol = relay.join("standup", "carol");
    let ssrcs = carol["ssrcs"].as_array().unwrap();
    let of_alice = ssrcs.iter().find(|one| one["ssrc"] == 7).expect("alice's");
    assert_eq!(of_alice["roc"], 1);
}

#[test]
fn somebody_else_s_ssrc_stays_somebody_else_s() {
    let mut relay = Supervised::start();
    let mut alice = Party::latched(&relay, "standup", "alice", "127.1.5.3", 7);
    let mut bob = Party::latched(&relay, "standup", "bob", "127.1.5.4", 8);
    wait_until("alice is heard", || is_heard(&mut alice, &mut bob));
    relay.settle();
    relay.kill();
    bob.ssrc = 7;
    wait_until("alice is heard", || is_heard(&mut alice, &mut bob));
    assert!(!(0..5).any(|_| is_heard(&mut bob, &mut alice)));
}

#[test]
fn whom_the_new_policy_refuses_is_not_sent_to() {
    let mut relay = Supervised::start();
    let mut alice = Party::latched(&relay, "standup", "alice", "127.1.5.5", 7);
    let mut bob = Party::latched(&relay, "standup", "bob", "127.1.5.6", 8);
    let mut dave = Party::latched(&relay, "standup", "dave", "127.1.9.9", 9);
    wait_until("dave hears alice", || is_heard(&mut alice, &mut dave));
    relay.settle();
    relay.forbid("127.1.9.0/24");
    relay.kill();
    wait_until("alice is heard", || is_heard(&mut alice, &mut bob));
    while dave.receive().is_some() {}
    for _ in 0..5 {
        assert!(!is_heard(&mut alice, &mut dave));
        assert!(!is_heard(&mut dave, &mut bob));
    }
}

#[test]
fn whoever_was_sent_away_stays_away_however_soon_the_relay_is_killed() {
    let mut relay = Supervised::start();
    let mut alice = Party::latched(&relay, "standup", "alice", "127.1.5.7", 7);
    let mut bob = Party::latched(&relay, "standup", "bob", "127.1.5.8", 8);
    wait_until("alice is heard", || is_heard(&mut alice, &mut bob));
    relay.settle();
    relay.call(hyper::Method::DELETE, "/v1/rooms/standup/participants/alice", None);
    relay.kill();
    let there = participants(&relay, "standup");
    assert_eq!(there.len(), 1, "{there:?}");
    assert!(!(0..5).any(|_| is_heard(&mut alice, &mut bob)));
}

#[test]
fn a_meeting_s_evidence_goes_on_where_another_relay_takes_over() {
    let mut relay = Supervised::start();
    let mut alice = Party::latched(&relay, "standup", "alice", "127.1.5.9", 7);
    let mut dave = Party::latched(&relay, "standup", "dave", "127.1.9.11", 8);
    wait_until("alice is heard", || is_heard(&mut alice, &mut dave));
    relay.settle();
    relay.forbid("127.1.9.0/24");
    relay.kill();
    let told = |event, address| relay.has_told(event, address);
    wait_until("where alice is", || told("latched", "127.1.5.9:"));
    wait_until("why dave is not", || told("cut", "127.1.9.11:") && told("released", "127.1.9.11:"));
}
