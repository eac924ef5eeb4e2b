//! Permissions, channels, and what goes through them.

use std::time::Duration;

use ringfence_core::{DropReason, Limits};
use ringfence_tests::turn_world::codec;
use ringfence_wire::datagram::Fragmentation;

use super::*;

const PEER: &str = "127.1.9.9:9000";
const S: Duration = Duration::from_secs(1);

/// A world in which alice may exchange data with the peer.
fn permitted() -> (World, Client, SocketAddr, SocketAddr) {
    let (mut world, mut alice, relayed) = allocated();
    let peer = address(PEER);
    assert_eq!(alice.permit(&mut world, &[peer]).code(), 0);
    (world, alice, relayed, peer)
}

fn payload(text: &str) -> Vec<Vec<u8>> {
    vec![text.as_bytes().to_vec()]
}

#[test]
fn data_goes_both_ways_from_the_relayed_address() {
    let (mut world, mut alice, relayed, peer) = permitted();
    alice.say(&mut world, peer, b"out there");
    let sent = world.take(peer);
    assert_eq!((sent[0].relayed, &sent[0].bytes[..]), (Some(relayed), &b"out there"[..]));
    world.peer_sends(peer, relayed, &payload("and back"));
    assert_eq!(alice.hears(&mut world), [Carried::Indication(peer, b"and back".to_vec())]);
}

#[test]
fn a_permission_is_for_every_port_of_an_address_and_no_other_address() {
    let (mut world, mut alice, relayed, _) = permitted();
    for other in ["127.1.9.9:1", "127.1.9.9:65535"] {
        alice.say(&mut world, address(other), b"any port");
        assert_eq!(world.take(address(other)).len(), 1);
        world.peer_sends(address(other), relayed, &payload("any port"));
        assert_eq!(alice.hears(&mut world).len(), 1);
    }
    alice.say(&mut world, address("127.1.9.8:9000"), b"another");
    world.peer_sends(address("127.1.9.8:9000"), relayed, &payload("another"));
    alice.say(&mut world, address("127.1.9.9:0"), b"no port");
    world.peer_sends(address("127.1.9.9:0"), relayed, &payload("no port"));
    assert_eq!(world.counters().dropped(DropReason::NoPermission), 4);
    assert_eq!(alice.hears(&mut world), []);
}

#[test]
fn a_permission_lasts_five_minutes_and_a_refresh_five_more() {
    let (mut world, mut alice, relayed, peer) = permitted();
    alice.refresh(&mut world, 3600);
    let works = |world: &mut World, alice: &mut Client| {
        alice.say(world, peer, b"still there?");
        world.peer_sends(peer, relayed, &payload("yes"));
        (world.take(peer).len(), alice.hears(world).len())
    };
    world.pass(298 * S);
    assert_eq!(works(&mut world, &mut alice), (1, 1));
    alice.permit(&mut world, &[peer]);
    world.pass(298 * S);
    assert_eq!(works(&mut world, &mut alice), (1, 1));
    world.pass(3 * S);
    assert_eq!(works(&mut world, &mut alice), (0, 0));
    assert_eq!(alice.permit(&mut world, &[peer]).code(), 0);
    assert_eq!(works(&mut world, &mut alice), (1, 1));
}

#[test]
fn several_peers_are_permitted_together_or_not_at_all() {
    let (mut world, mut alice, _) = allocated();
    let (good, bad) = (address("127.1.9.1:9"), address("127.3.0.1:9"));
    let six = address("[2001:db8:1::9]:9");
    for (peers, code) in [(vec![good, bad], 403), (vec![good, six], 443), (vec![], 400)] {
        assert_eq!(alice.permit(&mut world, &peers).code(), code);
        assert_eq!(world.holdings().iter().map(|held| held.permissions).sum::<usize>(), 0);
    }
    assert_eq!(alice.permit(&mut world, &[good, address("127.1.9.2:0")]).code(), 0);
    for to in ["127.1.9.1:9", "127.1.9.2:5"] {
        alice.say(&mut world, address(to), b"hello");
        assert_eq!(world.take(address(to)).len(), 1);
    }
}

#[test]
fn permissions_and_channels_have_an_exact_limit() {
    let limits = Limits {
        permissions_per_allocation_max: 3,
        channels_per_allocation_max: 2,
        ..Limits::default()
    };
    let mut world = World::new(&Setup { limits, ..Setup::default() });
    let mut alice = Client::new("127.1.2.1:4000");
    alice.relayed(&mut world);
    let peers: Vec<SocketAddr> = (1..=4).map(|n| address(&format!("127.1.9.{n}:9"))).collect();
    assert_eq!(alice.permit(&mut world, &peers).code(), 508);
    assert_eq!(alice.permit(&mut world, &peers[..3]).code(), 0);
    assert_eq!(alice.permit(&mut world, &peers[..3]).code(), 0, "those it has cost nothing");
    assert_eq!(alice.permit(&mut world, &peers[3..]).code(), 508);
    assert_eq!(alice.bind(&mut world, 0x4000, peers[3]).code(), 508);
    assert_eq!(alice.bind(&mut world, 0x4000, peers[0]).code(), 0);
    assert_eq!(alice.bind(&mut world, 0x4001, peers[1]).code(), 0);
    assert_eq!(alice.bind(&mut world, 0x4002, peers[2]).code(), 508);
    assert_eq!(alice.bind(&mut world, 0x4000, peers[0]).code(), 0);
    world.pass(301 * S);
    assert_eq!(alice.permit(&mut world, &peers[3..]).code(), 0, "what has expired does not count");
}

#[test]
fn channels_have_numbers_from_4000_to_4fff() {
    let (mut world, mut alice, _) = allocated();
    let peer = address(PEER);
    for number in [0, 0x3fff, 0x5000, 0x7fff, 0xffff] {
        assert_eq!(alice.bind(&mut world, number, peer).code(), 400, "{number:x}");
    }
    assert_eq!(alice.bind(&mut world, 0x4000, address("127.1.9.9:0")).code(), 400);
    let number = codec::channel_number(0x4000);
    let lacking = alice.request(&mut world, codec::CHANNEL_BIND, |_| vec![number.clone()]);
    assert_eq!(lacking.code(), 400);
    let lacking = alice.request(&mut world, codec::CHANNEL_BIND, |id| vec![codec::peer(peer, id)]);
    assert_eq!(lacking.code(), 400);
    let held: usize = world.holdings().iter().map(|held| held.channels + held.permissions).sum();
    assert_eq!(held, 0, "a refused bind installs nothing");
    assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 0);
    assert_eq!(alice.bind(&mut world, 0x4fff, address("127.1.9.9:9001")).code(), 0);
}

#[test]
fn a_channel_has_one_peer_and_a_peer_one_channel() {
    let (mut world, mut alice, _) = allocated();
    let (peer, other) = (address(PEER), address("127.1.9.9:9001"));
    assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 0);
    assert_eq!(alice.bind(&mut world, 0x4000, other).code(), 400);
    assert_eq!(alice.bind(&mut world, 0x4001, peer).code(), 400);
    assert_eq!(alice.bind(&mut world, 0x4000, peer).code(), 0);
    assert_eq!(alice.bind(&mut world, 0x4001, other).code(), 0);
    assert_eq!(alice.bind(&mut world, 0x4001, peer).code(), 400);
}

#[test]
fn a_channel_lasts_ten_minutes_and_then_is_free_again() {
    let (mut world, mut alice, relayed) = allocated();
    let (peer, other) = (address(PEER), address("127.1.9.9:9001"));
    alice.refresh(&mut world, 3600);
    alice.bind(&mut world, 0x4000, peer);
    world.pass(299 * S);
    alice.permit(&mut world, &[peer]);
    world.pass(290 * S);
    alice.permit(&mut world, &[peer]);
    alice.say_on(&mut world, 0x4000, b"by channel");
    assert_eq!(world.take(peer).len(), 1);
    world.peer_sends(peer, relayed, &payload("by channel"));
    assert_eq!(alice.hears(&mut world), [Carried::Channel(0x4000, b"by channel".to_vec())]);
    world.pass(12 * S);
    alice.say_on(&mut world, 0x4000, b"too late");
    assert_eq!(world.counters().dropped(DropReason::NoChannel), 1);
    world.peer_sends(peer, relayed, &payload("as indication"));
    assert_eq!(alice.hears(&mut world), [Carried::Indication(peer, b"as indication".to_vec())]);
    assert_eq!(alice.bind(&mut world, 0x4000, other).code(), 0);
}

#[test]
fn a_channel_binding_is_a_permission_too_but_only_for_five_minutes() {
    let (mut world, mut alice, relayed) = allocated();
    let peer = address(PEER);
    alice.refresh(&mut world, 3600);
    alice.bind(&mut world, 0x4000, peer);
    world.peer_sends(peer, relayed, &payload("at first"));
    assert_eq!(alice.hears(&mut world).len(), 1);
    world.pass(301 * S);
    world.peer_sends(peer, relayed, &payload("too late"));
    assert_eq!(alice.hears(&mut world).len(), 0);
    alice.bind(&mut world, 0x4000, peer);
    world.peer_sends(peer, relayed, &payload("once more"));
    assert_eq!(alice.hears(&mut world).len(), 1);
}

#[test]
fn a_peer_without_a_channel_comes_as_an_indication() {
    let (mut world, mut alice, relayed) = allocated();
    alice.bind(&mut world, 0x4000, address(PEER));
    let neighbour = address("127.1.9.9:9001");
    world.peer_sends(neighbour, relayed, &payload("same host"));
    assert_eq!(alice.hears(&mut world), [Carried::Indication(neighbour, b"same host".to_vec())]);
}

#[test]
fn only_streams_get_padded_channel_data() {
    for (stream, padding) in [(false, 0), (true, 3)] {
        let mut world = World::new(&Setup::default());
        let mut alice = Client::new("127.1.2.1:4000");
        if stream {
            alice = alice.connected(&mut world);
        }
        let relayed = alice.relayed(&mut world);
        alice.bind(&mut world, 0x4000, address(PEER));
        world.take(alice.address);
        world.peer_sends(address(PEER), relayed, &payload("12345"));
        let got = world.take(alice.address);
        assert_eq!((got.len(), got[0].bytes.len(), got[0].from), (1, 9 + padding, alice.local));
        assert!(got[0].bytes[9..].iter().all(|byte| *byte == 0));
        alice.say_on(&mut world, 0x4000, b"54321");
        assert_eq!(world.take(address(PEER))[0].bytes, b"54321");
    }
}

#[test]
fn nothing_at_all_is_a_payload_too() {
    let (mut world, mut alice, relayed, peer) = permitted();
    alice.say(&mut world, peer, b"");
    world.peer_sends(peer, relayed, &[vec![]]);
    assert_eq!(alice.hears(&mut world), [Carried::Indication(peer, vec![])]);
    alice.bind(&mut world, 0x4000, peer);
    alice.say_on(&mut world, 0x4000, b"");
    world.peer_sends(peer, relayed, &[vec![]]);
    assert_eq!(alice.hears(&mut world), [Carried::Channel(0x4000, vec![])]);
    assert_eq!(world.take(peer).iter().map(|sent| sent.bytes.len()).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn trains_arrive_whole_and_in_order() {
    let (mut world, mut alice, relayed, peer) = permitted();
    let payloads: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n; 100]).collect();
    world.peer_sends(peer, relayed, &payloads);
    let heard = alice.hears(&mut world);
    assert!(heard.iter().map(Carried::payload).eq(payloads.iter().map(Vec::as_slice)));
    alice.bind(&mut world, 0x4000, peer);
    world.peer_sends(peer, relayed, &payloads);
    let heard = alice.hears(&mut world);
    assert!(heard.iter().map(Carried::payload).eq(payloads.iter().map(Vec::as_slice)));
    let out: Vec<Vec<u8>> = payloads.iter().map(|one| codec::channel_data(0x4000, one)).collect();
    world.send_all(alice.address, alice.local, &out);
    assert!(world.take(peer).iter().map(|sent| &sent.bytes).eq(&payloads));
}

#[test]
fn an_allocation_that_ends_in_the_middle_of_a_train_takes_the_rest_with_it() {
    let (mut world, mut alice, _, peer) = permitted();
    alice.bind(&mut world, 0x4000, peer);
    let id = alice.transaction();
    let end = alice.signed(codec::REFRESH, id, &[codec::lifetime(0)]);
    let data = codec::channel_data(0x4000, &vec![7; end.len() - 4]);
    world.send_all(alice.address, alice.local, &[data.clone(), end, data.clone(), data]);
    world.settle();
    assert_eq!(world.take(peer).len(), 1);
    assert_eq!(world.counters().dropped(DropReason::NoAllocation), 2);
}

#[test]
fn dont_fragment_is_for_the_datagrams_that_ask_for_it() {
    let (mut world, mut alice, _, peer) = permitted();
    alice.bind(&mut world, 0x4000, peer);
    let whole = (codec::DONT_FRAGMENT, vec![]);
    for (ask, fragmentation) in [(true, Fragmentation::Never), (false, Fragmentation::Allowed)] {
        let more = if ask { std::slice::from_ref(&whole) } else { &[] };
        let bytes = alice.indication(peer, b"in one piece", more);
        world.send(alice.address, alice.local, &bytes);
        assert_eq!(world.take(peer)[0].fragmentation, fragmentation);
    }
    let bytes = alice.indication(peer, b"in one piece", &[whole]);
    world.send(alice.address, alice.local, &bytes);
    alice.say_on(&mut world, 0x4000, b"in any");
    let sent = world.take(peer);
    assert_eq!(sent[1].fragmentation, Fragmentation::Allowed);
}

#[test]
fn a_send_that_lacks_something_is_dropped_in_silence() {
    let (mut world, mut alice, _, peer) = permitted();
    let id = alice.transaction();
    let data = (codec::DATA, b"payload".to_vec());
    let unheard_of = (ringfence_tests::sim::stun::UNHEARD_OF, vec![]);
    for attributes in [
        vec![codec::peer(peer, &id)],
        vec![data.clone()],
        vec![codec::peer(peer, &id), data, unheard_of],
    ] {
        let bytes = alice.unsigned(codec::SEND_INDICATION, id, &attributes);
        world.send(alice.address, alice.local, &bytes);
    }
    assert_eq!(world.counters().dropped(DropReason::MalformedSend), 2);
    assert_eq!(world.counters().dropped(DropReason::UnknownAttribute), 1);
    assert_eq!((world.take(peer), world.take(alice.address)), (vec![], vec![]));
}

#[test]
fn what_arrives_at_a_relayed_address_is_never_read_as_stun() {
    let (mut world, mut alice, relayed, peer) = permitted();
    let id = alice.transaction();
    let request = alice.signed(codec::ALLOCATE, id, &[codec::udp()]);
    world.peer_sends(peer, relayed, std::slice::from_ref(&request));
    assert_eq!(world.take(peer), []);
    assert_eq!(alice.hears(&mut world), [Carried::Indication(peer, request)]);
}

#[test]
fn channel_data_that_is_cut_is_dropped() {
    let (mut world, mut alice, _, peer) = permitted();
    alice.bind(&mut world, 0x4000, peer);
    let whole = codec::channel_data(0x4000, b"payload");
    for cut in 1..whole.len() {
        world.send(alice.address, alice.local, &whole[..cut]);
    }
    assert_eq!(world.counters().dropped(DropReason::MalformedChannelData), whole.len() as u64 - 1);
    world.send(alice.address, alice.local, &[whole, vec![0; 3]].concat());
    assert_eq!(world.take(peer)[0].bytes, b"payload", "and padding is ignored");
}
