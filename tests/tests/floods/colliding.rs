//! Allocations whose 5-tuples agree in all that a plain hash could use.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use ringfence_tests::turn::{
    Client, Credentials, Family, PATIENCE, Road, UdpRoad, channel_data, inside, wait_until,
};
use ringfence_wire::channel_data::ChannelNumber;

use crate::lab::{CLIENT, Lab, SERVER, SPOOFED_FIRST};

/// Addresses that differ above their lowest twelve bits only, all with the same port: they agree in the
/// low bits of every word, and so of its sums, products and exclusive ors.
const STEP: u32 = 1 << 12;
const CLIENTS: u32 = 1_000;
const PORT: u16 = 4096;

/// Datagrams through each.
const ROUNDS: u8 = 3;

#[test]
fn a_thousand_five_tuples_that_collide_are_served_as_any_others() {
    inside("colliding::a_thousand_five_tuples_that_collide_are_served_as_any_others", || {
        let lab = Lab::configured(&["TENANTS__ACME__MAX_ALLOCATIONS_PER_PARTY=1000"]);
        let peer = UdpSocket::bind((CLIENT, 0)).expect("a socket");
        peer.set_read_timeout(Some(PATIENCE)).expect("a time");
        let at = peer.local_addr().expect("an address");
        let mut all: Vec<_> = (0..CLIENTS).map(|number| allocate(&lab, number, at)).collect();
        wait_until("the relay shows them", || lab.allocations() == u64::from(CLIENTS));
        for round in 0..ROUNDS {
            for (number, (road, relayed)) in (0..CLIENTS).zip(&mut all) {
                exchange(road, *relayed, &peer, &[number.to_be_bytes(), [round; 4]].concat());
            }
        }
        lab.assert_memory("colliding 5-tuples");
    });
}

/// Each gets its own bytes through its own relayed address, and back.
fn exchange(road: &mut UdpRoad, relayed: SocketAddr, peer: &UdpSocket, bytes: &[u8]) {
    let message = channel_data(channel(), bytes);
    road.send(&message).expect("the road is open");
    let mut buffer = [0; 64];
    let (length, from) = peer.recv_from(&mut buffer).expect("it comes through");
    assert_eq!((&buffer[..length], from), (bytes, relayed));
    peer.send_to(bytes, relayed).expect("a way back");
    assert_eq!(road.receive().expect("it comes back"), message);
}

fn allocate(lab: &Lab, number: u32, peer: SocketAddr) -> (UdpRoad, SocketAddr) {
    let ip = IpAddr::V4(Ipv4Addr::from_bits(SPOOFED_FIRST + 1 + number * STEP));
    let socket = UdpSocket::bind((ip, PORT)).expect("every address is ours");
    socket.connect((SERVER, lab.server.address.port())).expect("a way");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time");
    let (mut road, mut client) = (UdpRoad { socket }, Client::new(Credentials::of("colliding")));
    let relayed = client.allocate(&mut road, Family::Default).expect("an allocation");
    client.bind(&mut road, channel(), peer).expect("a channel");
    (road, relayed[0])
}

fn channel() -> ChannelNumber {
    ChannelNumber::new(0x4000).expect("a channel")
}
