//! EVEN-PORT and the port that is kept beside it.

use std::time::Duration;

use ringfence_tests::turn_world::codec;

use super::*;

fn token(value: Vec<u8>) -> codec::Attribute {
    (codec::RESERVATION_TOKEN, value)
}

#[test]
fn an_even_port_is_even() {
    let mut world = World::new(&Setup::default());
    for n in 1..20 {
        let reply = Client::new(&format!("127.1.2.{n}:4000"))
            .allocate(&mut world, &[codec::even_port(false)]);
        assert_eq!(reply.relayed()[0].port() % 2, 0);
        assert_eq!(reply.token(), None);
    }
    assert_eq!(world.ports().reserved, 0);
}

#[test]
fn a_token_is_redeemed_once_by_whoever_has_it_on_whichever_shard() {
    let mut world = World::new(&Setup { shards: 4, ..Setup::default() });
    let mut rtp = Client::new("127.1.2.1:4000");
    let reply = rtp.allocate(&mut world, &[codec::even_port(true)]);
    let (even, kept) = (reply.relayed()[0], reply.token().unwrap());
    assert_eq!((even.port() % 2, world.ports().reserved), (0, 1));
    let shard = world.shard_of(rtp.address, rtp.local);
    let ports = (4001..).map(|port| SocketAddr::new(rtp.address.ip(), port));
    let elsewhere = ports.clone().find(|&one| world.shard_of(one, rtp.local) != shard).unwrap();
    let mut rtcp = rtp.at(elsewhere);
    let reply = rtcp.allocate(&mut world, &[token(kept.clone())]);
    assert_eq!(reply.relayed(), [SocketAddr::new(even.ip(), even.port() + 1)]);
    assert_eq!((world.ports().used, world.ports().reserved), (2, 0));
    let mut late = Client::new("127.1.2.9:4000");
    assert_eq!(late.allocate(&mut world, &[token(kept)]).code(), 508);
    assert_eq!(late.allocate(&mut world, &[token(vec![7; 8])]).code(), 508);
    rtp.refresh(&mut world, 0);
    rtcp.refresh(&mut world, 0);
    assert_eq!((world.ports().used, world.ports().reserved), (0, 0));
}

#[test]
fn a_reserved_port_is_kept_for_thirty_seconds() {
    let mut world = World::new(&Setup::default());
    let kept = Client::new("127.1.2.1:4000")
        .allocate(&mut world, &[codec::even_port(true)])
        .token()
        .unwrap();
    world.pass(Duration::from_secs(29));
    assert_eq!(world.ports().reserved, 1);
    world.pass(Duration::from_secs(2));
    assert_eq!(world.ports().reserved, 0);
    let mut late = Client::new("127.1.2.9:4000");
    assert_eq!(late.allocate(&mut world, &[token(kept)]).code(), 508);
}

#[test]
fn a_reserved_port_goes_to_nobody_else() {
    let mut world = World::new(&Setup { ports: 50_000..=50_001, ..Setup::default() });
    Client::new("127.1.2.1:4000").allocate(&mut world, &[codec::even_port(true)]);
    let mut other = Client::new("127.1.2.2:4000");
    assert_eq!(other.allocate(&mut world, &[]).code(), 508);
    world.pass(Duration::from_secs(31));
    assert_eq!(other.allocate(&mut world, &[]).code(), 0);
}
