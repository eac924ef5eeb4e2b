//! TURN clients whose relay is killed.

use std::net::{IpAddr, SocketAddr, UdpSocket};
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
    assert!(relay.log().contains("a shard has ended: stopping"));
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
