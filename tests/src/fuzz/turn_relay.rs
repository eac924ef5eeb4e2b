//! The relay that the TURN targets talk to: two shards, few ports, and what might be asked of it.

use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::Limits;

use crate::sim::dice::Dice;
use crate::sim::stun::Transaction;
use crate::turn_world::codec::{self, Attribute};
use crate::turn_world::{Setup, World};

/// Steps of a time that matter: to nothing, to nonces, permissions, channels and allocations.
const PAUSES_S: [u64; 12] = [0, 0, 1, 1, 5, 30, 60, 299, 301, 601, 1_801, 3_601];

/// Who might be a peer: in each region, in none, in disguise, the relay's host, nobody.
const OUTSIDERS: [&str; 10] = [
    "127.1.254.1:9000",
    "127.2.9.1:9000",
    "127.3.9.1:9000",
    "9.9.9.9:9",
    "127.1.0.200:1",
    "[2001:db8:1::99]:9",
    "[::ffff:127.1.254.1]:9000",
    "[2002:7f01:fe01::1]:9000",
    "[64:ff9b::127.1.254.1]:9000",
    "127.1.254.1:0",
];

/// The relay's own, of which some may be somebody's relayed address. No packet comes from there but
/// through the relay.
const OWN: [&str; 4] =
    ["127.1.0.1:3478", "127.1.0.1:50000", "127.1.0.1:50001", "[2001:db8:1::1]:50000"];

/// Limits that a few operations reach.
pub(super) fn world() -> World {
    World::new(&Setup {
        mail_ms: 0..=20,
        ports: 50_000..=50_005,
        limits: Limits {
            permissions_per_allocation_max: 4,
            channels_per_allocation_max: 3,
            ..Limits::default()
        },
        ..Setup::default()
    })
}

/// Nobody has anything any more, and nothing will happen by itself.
pub(super) fn must_be_empty(world: &World) {
    assert!(
        world.holdings().iter().all(|held| *held == Default::default()),
        "{:?}",
        world.holdings()
    );
    assert_eq!((world.ports().used, world.ports().reserved), (0, 0));
    assert_eq!((world.next_due(), world.sockets.total()), (None, 0));
}

/// Lets time pass.
pub(super) fn pause(world: &mut World, dice: &mut Dice) {
    world.pass(Duration::from_secs(*dice.pick(&PAUSES_S)));
    world.settle();
}

/// Whom a client might want to talk to.
pub(super) fn peer(dice: &mut Dice) -> SocketAddr {
    match dice.percent(75) {
        true => outsider(dice),
        false => dice.pick(&OWN).parse().expect("an address"),
    }
}

/// Who might send to a relayed address.
pub(super) fn outsider(dice: &mut Dice) -> SocketAddr {
    dice.pick(&OUTSIDERS).parse().expect("an address")
}

/// Whether a socket of the relay has it, or might.
pub(super) fn is_own(address: SocketAddr) -> bool {
    ["127.1.0.1", "2001:db8:1::1"].iter().any(|own| address.ip().to_string() == *own)
}

/// What an Allocate might wish for, some of it impossible.
pub(super) fn wishes(dice: &mut Dice, token: Option<&[u8]>) -> Vec<Attribute> {
    let mut all = vec![codec::udp()];
    for _ in 0..dice.below(4) {
        all.push(match dice.below(8) {
            0 => codec::lifetime(dice.word()),
            1 => codec::lifetime(u32::from(dice.bytes::<1>()[0]) * 20),
            2 => codec::even_port(dice.percent(50)),
            3 => codec::family(codec::REQUESTED_ADDRESS_FAMILY, 1 + dice.bytes::<1>()[0] % 3),
            4 => codec::family(codec::ADDITIONAL_ADDRESS_FAMILY, 2),
            5 => (codec::RESERVATION_TOKEN, token.unwrap_or(&[7; 8]).to_vec()),
            6 => (codec::DONT_FRAGMENT, Vec::new()),
            _ => odd(dice, &[0; 12]),
        });
    }
    all
}

/// Any attribute, mostly of a type that TURN knows and of a length that it may have.
pub(super) fn odd(dice: &mut Dice, id: &Transaction) -> Attribute {
    const TYPES: [u16; 12] = [
        codec::USERNAME,
        codec::CHANNEL_NUMBER,
        codec::LIFETIME,
        codec::DATA,
        codec::REALM,
        codec::NONCE,
        codec::REQUESTED_ADDRESS_FAMILY,
        codec::EVEN_PORT,
        codec::REQUESTED_TRANSPORT,
        codec::DONT_FRAGMENT,
        codec::RESERVATION_TOKEN,
        codec::ADDITIONAL_ADDRESS_FAMILY,
    ];
    if dice.percent(25) {
        return codec::peer(peer(dice), id);
    }
    let kind = match dice.percent(80) {
        true => *dice.pick(&TYPES),
        false => u16::from_be_bytes(dice.bytes()),
    };
    let length = *dice.pick(&[0, 1, 4, 4, 8, 20, 33]);
    (kind, dice.some_bytes(length))
}

/// A method of TURN, or some other.
pub(super) fn method(dice: &mut Dice) -> u16 {
    const METHODS: [u16; 6] = [
        codec::ALLOCATE,
        codec::REFRESH,
        codec::CREATE_PERMISSION,
        codec::CHANNEL_BIND,
        codec::SEND_INDICATION,
        crate::sim::stun::REQUEST,
    ];
    match dice.percent(85) {
        true => *dice.pick(&METHODS),
        false => u16::from_be_bytes(dice.bytes()) & 0x3fff,
    }
}
