//! How the TURN door behaves, told as traces on engines and registry under virtual time.

mod accounts;
mod credentials;
mod data;
mod drain;
mod enclaves;
mod encryption;
mod fence;
mod groups;
mod hairpin;
mod quotas;
mod requests;
mod reservations;
mod storm;
mod strangers;
mod streams;
mod traffic;
mod two_hours;

use std::net::SocketAddr;

use ringfence_tests::turn_world::codec::Carried;
use ringfence_tests::turn_world::{Client, Setup, World};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A world, a client in europe and its relayed address.
fn allocated() -> (World, Client, SocketAddr) {
    let mut world = World::new(&Setup::default());
    let mut alice = Client::new("127.1.2.1:4000");
    let relayed = alice.relayed(&mut world);
    (world, alice, relayed)
}
