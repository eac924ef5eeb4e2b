//! Many clients that do whatever comes to their minds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ringfence_core::Instant;
use ringfence_wire::datagram::LocalSocket;

use super::{Client, Setup, World, codec};
use crate::sim::dice::Dice;

/// Longer than this nobody lives without a refresh.
const LIFETIME_S: u64 = 45 * 60;

/// Clients in europe, their relay, and what each will do when.
pub struct Crowd {
    /// The relay, and what reaches its clients.
    pub world: World,
    /// All chance in it.
    pub dice: Dice,
    clients: Vec<Client>,
    relayed: Vec<Option<SocketAddr>>,
    agenda: BinaryHeap<Reverse<(Instant, usize)>>,
    pause_s: RangeInclusive<u64>,
    /// Most allocations that stood at a time.
    pub most: u64,
    /// What clients did: requests, data, connecting, hanging up.
    pub operations: u64,
}

impl Crowd {
    /// So many clients, who arrive in the first ten minutes and act after pauses of that many seconds.
    ///
    /// # Panics
    /// If the setup has no policy.
    pub fn new(setup: &Setup, count: usize, pause_s: RangeInclusive<u64>) -> Self {
        let mut dice = Dice::new(setup.seed);
        let place = |n: usize| format!("127.1.{}.{}:4000", 2 + n / 250, 1 + n % 250);
        let clients = (0..count).map(|n| match n % 3 {
            0 => Client::new(&place(n)),
            _ => Client::under("not-china", &place(n)),
        });
        let mut arrival = || Instant::from_start(Duration::from_millis(dice.number() % 600_000));
        Self {
            world: World::new(setup),
            clients: clients.collect(),
            relayed: vec![None; count],
            agenda: (0..count).map(|n| Reverse((arrival(), n))).collect(),
            dice,
            pause_s,
            most: 0,
            operations: 0,
        }
    }

    fn act(&mut self, n: usize) {
        self.operations += 1;
        match self.relayed[n] {
            None => self.begin(n),
            Some(_) => self.carry_on(n),
        }
        let address = self.clients[n].address;
        self.world.take(address);
    }

    fn begin(&mut self, n: usize) {
        let client = &mut self.clients[n];
        if self.dice.percent(20) && client.local == LocalSocket::Listen(0) {
            *client = client.clone().connected(&mut self.world);
            client.nonce = None;
        }
        let lifetime = u32::try_from(self.dice.within(&(600..=LIFETIME_S))).expect("short");
        let mut wishes = vec![codec::lifetime(lifetime)];
        match self.dice.below(10) {
            0 => wishes.push(codec::even_port(self.dice.percent(50))),
            1 => wishes.push(codec::family(codec::ADDITIONAL_ADDRESS_FAMILY, 2)),
            _ => {}
        }
        let reply = client.try_allocate(&mut self.world, &wishes);
        self.relayed[n] = reply.and_then(|reply| reply.relayed().first().copied());
        self.most = self.most.max(self.world.counters().allocations);
    }

    fn carry_on(&mut self, n: usize) {
        let other = self.dice.below(self.clients.len());
        let inside = self.relayed[other].unwrap_or(address("127.1.0.1:3478"));
        let outside = ["127.1.254.1:9000", "127.2.9.1:9000", "127.3.9.1:9000"].map(address);
        let peer = if self.dice.percent(50) { inside } else { *self.dice.pick(&outside) };
        let number = 0x4000 + u16::try_from(self.dice.below(8)).expect("below 8");
        let (client, world) = (&mut self.clients[n], &mut self.world);
        match self.dice.below(20) {
            0..=4 => drop(client.refresh(
                world,
                u32::try_from(self.dice.within(&(1..=LIFETIME_S))).expect("short"),
            )),
            5..=9 => drop(client.permit(world, &[peer])),
            10..=13 => drop(client.bind(world, number, peer)),
            14..=15 => client.say(world, peer, b"said by indication"),
            16..=17 => client.say_on(world, number, b"said on a channel"),
            18 => {
                client.refresh(world, 0);
                self.relayed[n] = None;
            }
            _ => self.vanish(n),
        }
        self.world.take(peer);
    }

    fn vanish(&mut self, n: usize) {
        let client = &mut self.clients[n];
        if let LocalSocket::Stream(_) = client.local {
            self.world.hang_up(client.local);
            client.local = LocalSocket::Listen(0);
            client.nonce = None;
        }
        self.relayed[n] = None;
    }

    /// All that happens up to a moment.
    ///
    /// # Panics
    /// If a book is wrong: ports that do not add up, a datagram that must not leave.
    pub fn live_until(&mut self, end: Instant) {
        while let Some(&Reverse((due, n))) =
            self.agenda.peek().filter(|Reverse((due, _))| *due < end)
        {
            self.agenda.pop();
            let wait = due.since(self.world.now);
            self.world.pass(wait);
            self.act(n);
            let pause = Duration::from_secs(self.dice.within(&self.pause_s));
            self.agenda.push(Reverse((due + pause, n)));
        }
        let rest = end.since(self.world.now);
        self.world.pass(rest);
        self.world.settle();
        self.world.check_books();
    }
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}
