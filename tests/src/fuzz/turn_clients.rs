//! Clients with good credentials who ask for whatever the bytes say, while the host runs out of ports
//! and sockets and its operator changes policy and passwords.
//!
//! After each step free, used and reserved ports add up, nothing has left that an independent fence
//! forbids, and the books agree ([`World`]); in the end all of it is given back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringfence_core::Accounts;
use ringfence_wire::datagram::LocalSocket;

use super::turn_relay::{self, is_own, method, must_be_empty, odd, outsider, pause, peer, wishes};
use crate::sim::dice::Dice;
use crate::sim::stun::Transaction;
use crate::turn_world::codec::Attribute;
use crate::turn_world::{Client, Reply, World, codec, turn_world};

/// What one input does at most.
const ACTS_MAX: usize = 16;

/// Longer than any allocation, permission or reservation lives without a word.
const SILENCE: Duration = Duration::from_secs(2 * 3600);

/// Clients act until the bytes end, and then are silent.
pub(super) fn run(bytes: &[u8]) {
    let mut scene = Scene::new(bytes);
    for _ in 0..ACTS_MAX {
        if scene.dice.is_told() {
            scene.act();
        }
    }
    scene.fall_silent();
}

struct Scene {
    world: World,
    dice: Dice,
    people: Vec<Person>,
    /// Whom somebody was allowed to talk to last.
    allowed: Option<SocketAddr>,
}

struct Person {
    client: Client,
    relayed: Vec<SocketAddr>,
    token: Option<Vec<u8>>,
}

impl Scene {
    fn new(bytes: &[u8]) -> Self {
        let clients = [
            Client::new("127.1.2.1:4000"),
            Client::under("not-china", "127.2.2.1:4000"),
            Client::of("nato", "127.1.3.1:4000"),
            Client::of("open", "127.3.2.1:4000"),
            Client::new("[2001:db8:1::7]:4000"),
            Client::with_password("127.1.2.9:4000", "bob", "bob-password"),
            // Its fence has no place for it.
            Client::new("127.3.9.9:4000"),
        ];
        let person = |client| Person { client, relayed: Vec::new(), token: None };
        let people = clients.map(person).into();
        Self { world: turn_relay::world(), dice: Dice::told(bytes), people, allowed: None }
    }

    fn act(&mut self) {
        // Mostly the first, so that one of them gets somewhere.
        let who = if self.dice.percent(60) { 0 } else { self.dice.below(self.people.len()) };
        match self.dice.below(32) {
            0..=5 => self.allocate(who),
            6..=8 => self.refresh(who),
            9..=12 => self.permit(who),
            13..=16 => self.bind(who),
            17..=20 => self.say(who),
            21..=22 => self.hear(who),
            23..=24 => pause(&mut self.world, &mut self.dice),
            25 => self.connect_or_hang_up(who),
            26 => self.ask_anything(who),
            27 => self.mangle(who),
            28 => self.disturb_host(),
            29 => self.change_policy(),
            30 => self.change_accounts(),
            _ => drop(self.ask(who, codec::REFRESH, |_| vec![codec::lifetime(0)])),
        }
        self.world.settle();
    }

    fn allocate(&mut self, who: usize) {
        let wanted = wishes(&mut self.dice, self.people[who].token.as_deref());
        let Some(reply) = self.ask(who, codec::ALLOCATE, |_| wanted.clone()) else {
            return;
        };
        let person = &mut self.people[who];
        person.token = reply.token().or(person.token.take());
        if reply.is_success() {
            person.relayed = reply.relayed();
        }
    }

    fn refresh(&mut self, who: usize) {
        let seconds = *self.dice.pick(&[0, 1, 600, 3600, u32::MAX]);
        self.ask(who, codec::REFRESH, |_| vec![codec::lifetime(seconds)]);
    }

    fn permit(&mut self, who: usize) {
        let peers: Vec<_> = (0..=self.dice.below(3)).map(|_| self.peer()).collect();
        let reply = self.ask(who, codec::CREATE_PERMISSION, |id| {
            peers.iter().map(|peer| codec::peer(*peer, id)).collect()
        });
        if reply.is_some_and(|reply| reply.is_success()) {
            self.allowed = peers.first().copied();
        }
    }

    fn bind(&mut self, who: usize) {
        let (number, peer) = (self.channel(), self.peer());
        let reply = self.ask(who, codec::CHANNEL_BIND, |id| {
            vec![codec::channel_number(number), codec::peer(peer, id)]
        });
        if reply.is_some_and(|reply| reply.is_success()) {
            self.allowed = Some(peer);
        }
    }

    fn say(&mut self, who: usize) {
        let (number, peer, serial) = (self.channel(), self.peer(), self.dice.bytes::<1>());
        let payload = [&b"said by a client "[..], &serial].concat();
        let client = &mut self.people[who].client;
        match self.dice.percent(50) {
            true => client.say(&mut self.world, peer, &payload),
            false => client.say_on(&mut self.world, number, &payload),
        }
    }

    /// A peer sends to somebody's relayed address.
    fn hear(&mut self, who: usize) {
        let from = self.outsider();
        let payloads = vec![b"said by a peer".to_vec(); 1 + self.dice.below(3)];
        for relayed in self.people[who].relayed.clone() {
            self.world.peer_sends(from, relayed, &payloads);
        }
    }

    fn connect_or_hang_up(&mut self, who: usize) {
        let client = &mut self.people[who].client;
        match client.local {
            stream @ LocalSocket::Stream(_) => {
                self.world.hang_up(stream);
                client.local = LocalSocket::Listen(0);
            }
            _ => client.local = self.world.connect(client.address).unwrap_or(client.local),
        }
    }

    fn ask_anything(&mut self, who: usize) {
        let (kind, count) = (method(&mut self.dice), self.dice.below(6));
        let attributes: Vec<_> = (0..count).map(|_| odd(&mut self.dice, &[0; 12])).collect();
        self.ask(who, kind, |_| attributes.clone());
    }

    /// A request that was signed and then changed.
    fn mangle(&mut self, who: usize) {
        let client = &mut self.people[who].client;
        let id = client.transaction();
        let mut asked = client.signed(codec::ALLOCATE, id, &[codec::udp()]);
        let at = self.dice.below(asked.len());
        asked[at] ^= 1 << self.dice.below(8);
        self.world.send(client.address, client.local, &asked);
    }

    /// Ports that others have, descriptors that run out, and both again as they were.
    fn disturb_host(&mut self) {
        let port = 50_000 + u16::from(self.dice.bytes::<1>()[0] % 6);
        let sockets = &mut self.world.sockets;
        match self.dice.below(4) {
            0 => drop(sockets.taken.insert(([127, 1, 0, 1], port).into())),
            1 => sockets.taken.clear(),
            2 => sockets.open_max = self.dice.below(6),
            _ => sockets.open_max = usize::MAX,
        }
    }

    fn change_policy(&mut self) {
        let mut draft = turn_world();
        match self.dice.below(10) {
            0 => drop(draft.fences[0].clients.value.pop()),
            1 => drop(draft.fences[1].peers.value.remove(1)),
            2 => draft.tenants.truncate(2),
            3 => draft.fences[0].peers.value.clear(),
            _ => {}
        }
        self.world.adopt(&draft);
    }

    fn change_accounts(&mut self) {
        let accounts = match self.dice.percent(75) {
            true => crate::turn_world::client::accounts(),
            false => Arc::new(Accounts::new(Vec::new())),
        };
        self.world.set_accounts(accounts);
    }

    /// A signed request and its answer, if there is one.
    fn ask(
        &mut self,
        who: usize,
        kind: u16,
        attributes: impl Fn(&Transaction) -> Vec<Attribute>,
    ) -> Option<Reply> {
        for _ in 0..3 {
            let client = &mut self.people[who].client;
            let id = client.transaction();
            let asked = client.signed(kind, id, &attributes(&id));
            let reply = client.exchange(&mut self.world, &asked)?;
            if !matches!(reply.code(), 401 | 438) {
                return Some(reply);
            }
            client.nonce = reply.nonce();
        }
        None
    }

    /// The one who was allowed last, somebody's relayed address, or anyone.
    fn peer(&mut self) -> SocketAddr {
        let inside = self.people.iter().flat_map(|person| person.relayed.iter().copied());
        let inside: Vec<_> = inside.collect();
        match self.dice.below(10) {
            0..=3 => self.allowed.unwrap_or_else(|| outsider(&mut self.dice)),
            4..=6 => {
                self.dice.pick_from(inside.into_iter()).unwrap_or(([127, 1, 254, 2], 9).into())
            }
            _ => peer(&mut self.dice),
        }
    }

    /// No packet comes from the relay's own addresses but through the relay.
    fn outsider(&mut self) -> SocketAddr {
        let allowed = self.allowed.filter(|peer| self.dice.percent(50) && !is_own(*peer));
        allowed.unwrap_or_else(|| outsider(&mut self.dice))
    }

    fn channel(&mut self) -> u16 {
        *self.dice.pick(&[0x4000, 0x4001, 0x4002, 0x4003, 0x4fff, 0x3fff, 0x5000])
    }

    fn fall_silent(&mut self) {
        self.world.sockets.taken.clear();
        self.world.pass(SILENCE);
        self.world.settle();
        must_be_empty(&self.world);
    }
}

#[cfg(test)]
mod tests {
    use ringfence_core::Counters;

    use super::*;

    /// Without this the target could hold by never getting anywhere.
    #[test]
    fn random_bytes_allocate_relay_and_are_refused() {
        let mut sum = Counters::new();
        for seed in 0..150 {
            let mut scene = Scene::new(&Dice::new(seed).some_bytes(400));
            while scene.dice.is_told() {
                scene.act();
            }
            scene.fall_silent();
            sum = sum + scene.world.counters();
        }
        assert!(sum.allocations_made > 20, "{sum:?}");
        assert!(sum.forwarded > 10, "{sum:?}");
        assert!(sum.dropped(ringfence_core::DropReason::NoPermission) > 10, "{sum:?}");
    }
}
