//! TURN clients whose relay is killed.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ringfence_tests::turn::{Client, Credentials, Family, Road, UdpRoad, channel_data, wait_until};
use ringfence_wire::channel_data::ChannelNumber;

use super::supervisor::Supervised;

/// A client with an allocation and a peer on a channel.
struct Call {
    client: Client,
    road: UdpRoad,
    relayed: SocketAddr,
    peer: UdpSocket,
    channel: ChannelNumber,
}

impl Call {
    fn begin(relay: SocketAddr, from: &str, party: &str) -> Self {
        let from: IpAddr = from.parse().unwrap();
        let mut road = UdpRoad::open(from, relay).unwrap();
        let mut client = Client::new(Credentials::of(party));
        let relayed = client.allocate(&mut road, Family::Default).expect("it may allocate")[0];
        let peer = UdpSocket::bind("127.1.7.7:0").unwrap();
        peer.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let channel = ChannelNumber::new(0x4001).unwrap();
        client.bind(&mut road, channel, peer.local_addr().unwrap()).expect("it may bind");
        Self { client, road, relayed, peer, channel }
    }

    /// Whether what the client says now reaches its peer, from the same relayed address.
    fn reaches_peer(&mut self, word: &str) -> bool {
        self.road.send(&channel_data(self.channel, word.as_bytes())).unwrap();
        let mut room = [0; 100];
        let mut arrivals = std::iter::from_fn(|| {
            self.peer.recv_from(&mut room).ok().map(|(bytes, from)| (room[..bytes].to_vec(), from))
        });
        arrivals.any(|(heard, from)| heard == word.as_bytes() && from == self.relayed)
    }

    /// Whether what the peer says now reaches the client on its channel.
    fn reaches_client(&mut self, word: &str) -> bool {
        self.peer.send_to(word.as_bytes(), self.relayed).unwrap();
        let expected = channel_data(self.channel, word.as_bytes());
        std::iter::from_fn(|| self.road.receive().ok()).any(|heard| heard == expected)
    }

    /// Both ways; what was on its way before is passed over.
    fn flows(&mut self, word: &str) -> bool {
        self.reaches_peer(word) && self.reaches_client(word)
    }
}

#[test]
fn a_call_goes_on_without_its_client_asking_for_anything() {
    let mut relay = Supervised::start();
    let mut call = Call::begin(relay.media, "127.1.5.5", "alice");
    assert!(call.flows("before"));
    relay.settle();
    for again in 0..3 {
        relay.kill();
        let word = format!("after {again}");
        wait_until("media flows", || call.flows(&word));
    }
    call.client.refresh(&mut call.road).expect("with the nonce of the first relay");
    assert!(call.flows("at the end"));
}

#[test]
fn a_shard_that_ends_is_restarted_with_its_flows_and_those_of_the_others() {
    let mut relay = Supervised::start();
    let sources = ["127.1.5.10", "127.1.5.11", "127.1.5.12", "127.1.5.13"];
    let mut calls = sources.map(|from| Call::begin(relay.media, from, from));
    assert!(calls.iter_mut().all(|call| call.flows("before")));
    relay.settle();
    for name in ["shard-0", "shard-1"] {
        relay.end_shard(name);
        for call in &mut calls {
            wait_until("media flows", || call.flows(name));
        }
        relay.settle();
    }
    assert!(relay.log().contains("a thread has ended: stopping"));
}

#[test]
fn what_is_sent_while_there_is_no_relay_waits_in_the_sockets() {
    let mut relay = Supervised::start();
    let mut call = Call::begin(relay.media, "127.1.5.6", "bob");
    assert!(call.flows("before"));
    relay.settle();
    relay.kill_and(|| {
        for number in 0..100_u8 {
            call.road.send(&channel_data(call.channel, &[number])).unwrap();
        }
    });
    all_arrive(&call);
}

#[test]
fn a_restart_that_is_wanted_loses_nothing() {
    let mut relay = Supervised::start();
    let mut call = Call::begin(relay.media, "127.1.5.9", "frank");
    assert!(call.flows("before"));
    let (road, channel) = (call.road.socket.try_clone().unwrap(), call.channel);
    let speaker = std::thread::spawn(move || {
        for number in 0..100_u8 {
            road.send(&channel_data(channel, &[number])).unwrap();
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    relay.restart();
    speaker.join().unwrap();
    all_arrive(&call);
}

/// In order, from the relayed address of before.
fn all_arrive(call: &Call) {
    call.peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut room = [0; 100];
    for number in 0..100_u8 {
        let (bytes, from) = call.peer.recv_from(&mut room).unwrap();
        assert_eq!((&room[..bytes], from), (&[number][..], call.relayed), "none is lost");
    }
}

#[test]
fn whom_the_new_policy_refuses_hears_nothing_more() {
    let mut relay = Supervised::start();
    let mut stays = Call::begin(relay.media, "127.1.5.7", "carol");
    let mut goes = Call::begin(relay.media, "127.1.9.9", "dave");
    assert!(stays.flows("before") && goes.flows("before"));
    relay.settle();
    relay.forbid("127.1.9.0/24");
    relay.kill();
    wait_until("who stays is heard", || stays.flows("after"));
    assert!(!goes.reaches_peer("after"));
    goes.peer.send_to(b"after", goes.relayed).unwrap();
    assert!(goes.road.receive().is_err(), "nothing goes to an address that is forbidden now");
    let held = relay.call(hyper::Method::GET, "/v1/turn/allocations", None);
    assert_eq!(held["allocations"].as_array().unwrap().len(), 1);
}

#[test]
fn what_was_given_up_is_not_kept() {
    let mut relay = Supervised::start();
    let mut call = Call::begin(relay.media, "127.1.5.8", "erin");
    assert!(call.flows("before"));
    relay.settle();
    relay.kill();
    let name = format!("-{}-{}", call.relayed.ip(), call.relayed.port());
    assert!(relay.kept.iter().any(|kept| kept.starts_with("relayed-") && kept.ends_with(&name)));
    call.client.release(&mut call.road).unwrap();
    relay.settle();
    relay.kill();
    assert!(!relay.kept.iter().any(|kept| kept.starts_with("relayed-")), "{:?}", relay.kept);
    let held = relay.call(hyper::Method::GET, "/v1/turn/allocations", None);
    assert_eq!(held["allocations"].as_array().unwrap().len(), 0);
}

#[test]
fn a_relay_that_cannot_read_the_state_starts_empty_on_the_same_sockets() {
    let mut relay = Supervised::start();
    let mut call = Call::begin(relay.media, "127.1.5.20", "grace");
    assert!(call.flows("before"));
    relay.settle();
    relay.kill_and_spoil();
    assert!(relay.log().contains("is refused: starting empty"), "{}", relay.log());
    assert!(!call.reaches_peer("after"), "it is nobody's any more");
    let mut again = Call::begin(relay.media, "127.1.5.21", "heidi");
    assert!(again.flows("anew"));
    relay.settle();
    relay.kill();
    wait_until("media flows", || again.flows("after the next"));
}

#[test]
fn an_address_may_come_and_go_and_those_at_the_others_stay_where_they_are() {
    let mut relay = Supervised::start();
    let (first, other) = (relay.media, super::media_address());
    let mut call = Call::begin(first, "127.1.5.22", "ivan");
    assert!(call.flows("before"));
    relay.settle();
    relay.listen(&[other, first]);
    relay.kill();
    wait_until("media flows", || call.flows("in the second place"));
    let mut guest = Call::begin(other, "127.1.5.23", "judy");
    assert!(guest.flows("at the new address"));
    relay.settle();
    relay.kill();
    wait_until("media flows", || guest.flows("a socket that came later is kept, too"));
    relay.settle();
    relay.listen(&[first]);
    relay.kill();
    wait_until("media flows", || call.flows("in the first place again"));
    assert!(!guest.reaches_peer("where nobody listens"));
    relay.kill();
    let kept = |at: SocketAddr| {
        let name = format!("-{}-{}", at.ip(), at.port());
        relay.kept.iter().any(|kept| kept.starts_with("udp-") && kept.ends_with(&name))
    };
    assert_eq!((kept(first), kept(other)), (true, false), "{:?}", relay.kept);
}

#[test]
fn what_a_relay_answers_before_it_stops_is_known_to_the_next_one() {
    let mut relay = Supervised::start();
    let mut call = Call::begin(relay.media, "127.1.5.24", "kim");
    assert!(call.flows("before"));
    let over = Arc::new(AtomicBool::new(false));
    let (told, peer) = (Arc::clone(&over), call.peer.local_addr().unwrap());
    let binder = std::thread::spawn(move || {
        let channels = (0x4100..0x4118).map(|number| ChannelNumber::new(number).unwrap());
        let mut bound = Vec::new();
        for (channel, port) in channels.zip(40_000..) {
            if told.load(Ordering::Relaxed) {
                break;
            }
            let peer = SocketAddr::new(peer.ip(), port);
            call.client.bind(&mut call.road, channel, peer).expect("it may bind");
            bound.push((channel, peer));
            std::thread::sleep(Duration::from_millis(10));
        }
        (call, bound)
    });
    std::thread::sleep(Duration::from_millis(50));
    relay.restart();
    over.store(true, Ordering::Relaxed);
    let (mut call, bound) = binder.join().unwrap();
    assert!(bound.len() > 5, "{}", bound.len());
    for (channel, peer) in bound {
        let peer = UdpSocket::bind(peer).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        call.road.send(&channel_data(channel, b"heard")).unwrap();
        let mut room = [0; 100];
        let (_, from) = peer.recv_from(&mut room).expect("a channel that was bound");
        assert_eq!(from, call.relayed);
    }
}

#[test]
fn the_audit_trail_says_who_was_taken_over_and_who_was_cut() {
    let mut relay = Supervised::start();
    let mut stays = Call::begin(relay.media, "127.1.5.25", "lena");
    let mut goes = Call::begin(relay.media, "127.1.9.10", "mike");
    assert!(stays.flows("before") && goes.flows("before"));
    relay.settle();
    relay.forbid("127.1.9.0/24");
    relay.kill();
    let told = |event, address| relay.has_told(event, address);
    wait_until("who is there is told", || told("allocated", "127.1.5.25:"));
    wait_until("who is not is told", || {
        told("cut", "127.1.9.10:") && told("deallocated", "127.1.9.10:")
    });
}
