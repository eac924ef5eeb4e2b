//! What a TURN relay does for those who cannot show a password: it answers one small datagram to a
//! request at most, and keeps nothing. `judge` looks at what leaves.

use std::net::SocketAddr;

use ringfence_wire::datagram::LocalSocket;

use super::turn_relay::{self, method, must_be_empty, odd, pause, wishes};
use crate::sim::dice::Dice;
use crate::turn_world::codec::Attribute;
use crate::turn_world::{Client, Reply, World, codec};

/// What one input says at most.
const WORDS_MAX: usize = 24;

/// In europe, in china, nowhere, and in a form that no fence admits.
const PLACES: [&str; 6] = [
    "127.1.2.1:4000",
    "127.1.2.2:4000",
    "[2001:db8:1::7]:4000",
    "127.3.9.9:4000",
    "9.9.9.9:4000",
    "[2002:7f01:201::1]:4000",
];

/// Strangers talk.
pub(super) fn run(bytes: &[u8]) {
    let mut crowd = Crowd::new();
    let mut dice = Dice::told(bytes);
    for _ in 0..WORDS_MAX {
        if dice.is_told() {
            crowd.word(&mut dice);
        }
    }
    crowd.world.settle();
    assert_eq!(crowd.world.counters().allocations_made, 0);
    must_be_empty(&crowd.world);
}

struct Crowd {
    world: World,
    strangers: Vec<Client>,
}

impl Crowd {
    /// Some know how user names look, none has a password.
    fn new() -> Self {
        let names = ["1800000000:acme/standup/alice", "bob", "1:acme/a/b", "1800000000:ghost/a/b"];
        let stranger = |(place, name): (&&str, _)| Client::with_password(place, name, "guessed");
        let strangers = PLACES.iter().zip(names.into_iter().cycle()).map(stranger);
        Self { world: turn_relay::world(), strangers: strangers.collect() }
    }

    fn word(&mut self, dice: &mut Dice) {
        let who = dice.below(self.strangers.len());
        match dice.below(12) {
            0 => pause(&mut self.world, dice),
            1 => self.connect_or_hang_up(who),
            2 => {
                let length = dice.below(64);
                self.say(who, &dice.some_bytes(length));
            }
            3 => {
                let number = u16::from_be_bytes(dice.bytes());
                self.say(who, &codec::channel_data(number, b"nobody's"));
            }
            4..=5 => {
                let kind = method(dice);
                self.ask(who, kind, &[], false);
            }
            6..=7 => {
                let wanted = wishes(dice, None);
                self.ask(who, codec::ALLOCATE, &wanted, true);
            }
            8 => self.say_mangled(who, dice),
            9 => self.borrow_nonce(who, dice),
            _ => {
                let attributes: Vec<_> = (0..dice.below(5)).map(|_| odd(dice, &[0; 12])).collect();
                let (kind, signed) = (method(dice), dice.percent(70));
                self.ask(who, kind, &attributes, signed);
            }
        }
    }

    /// At most one datagram is the answer; a nonce in it is remembered.
    fn say(&mut self, who: usize, bytes: &[u8]) {
        let before = self.world.judge.seen;
        let stranger = &mut self.strangers[who];
        self.world.send(stranger.address, stranger.local, bytes);
        self.world.settle();
        assert!(self.world.judge.seen - before <= 1, "more than one answer to {bytes:?}");
        for sent in self.world.take(stranger.address) {
            stranger.nonce = Reply(sent.bytes).nonce().or(stranger.nonce.take());
        }
    }

    fn ask(&mut self, who: usize, kind: u16, attributes: &[Attribute], signed: bool) {
        let stranger = &mut self.strangers[who];
        let id = stranger.transaction();
        let message = match signed {
            true => stranger.signed(kind, id, attributes),
            false => stranger.unsigned(kind, id, attributes),
        };
        self.say(who, &message);
    }

    fn say_mangled(&mut self, who: usize, dice: &mut Dice) {
        let stranger = &mut self.strangers[who];
        let id = stranger.transaction();
        let mut message = stranger.signed(codec::ALLOCATE, id, &[codec::udp()]);
        for _ in 0..=dice.below(3) {
            let at = dice.below(message.len());
            message[at] = dice.bytes::<1>()[0];
        }
        message.truncate(dice.below(message.len() + 1).max(20));
        self.say(who, &message);
    }

    /// A nonce is of no use to anyone else.
    fn borrow_nonce(&mut self, who: usize, dice: &mut Dice) {
        let other = dice.below(self.strangers.len());
        self.strangers[who].nonce = self.strangers[other].nonce.clone();
    }

    fn connect_or_hang_up(&mut self, who: usize) {
        let stranger = &mut self.strangers[who];
        let address: SocketAddr = stranger.address;
        match stranger.local {
            stream @ LocalSocket::Stream(_) => {
                self.world.hang_up(stream);
                stranger.local = LocalSocket::Listen(0);
            }
            _ => stranger.local = self.world.connect(address).unwrap_or(stranger.local),
        }
    }
}
