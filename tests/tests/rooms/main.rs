//! How rooms behave, told as traces on engines and registry under virtual time.

mod accounts;
mod consent;
mod encryption;
mod hearing;
mod limits;
mod narrowing;
mod numbering;
mod parking;
mod reports;
mod size;
mod ssrc;
mod traffic;

use std::net::SocketAddr;

use ringfence_tests::sim::{EndpointId, Setup, Simulation};

/// An address in europe that nobody else in the test has.
fn europe(number: u16) -> String {
    let [high, low] = number.to_be_bytes();
    format!("127.1.{}.{low}:4000", 100 + high)
}

fn at(number: u16) -> SocketAddr {
    europe(number).parse().unwrap()
}

/// A free address in europe whose packets reach this shard.
fn on_shard(sim: &Simulation, shard: usize) -> SocketAddr {
    let mut all = (1000..2000).map(at);
    let local = ringfence_wire::datagram::LocalSocket::Listen(0);
    all.find(|&address| sim.is_free(address) && sim.relay().shard_of(address, local) == shard)
        .unwrap()
}

/// A room of so many latched participants, called p0, p1, …
fn room_of(setup: Setup, participants: u16) -> (Simulation, Vec<EndpointId>) {
    let mut sim = Simulation::new(setup);
    let everyone = (0..participants)
        .map(|number| sim.latched("standup", &format!("p{number}"), &europe(number)))
        .collect();
    (sim, everyone)
}
