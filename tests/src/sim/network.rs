//! A network that loses, doubles, delays and so reorders.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use ringfence_core::Instant;

use super::batch::Packet;
use super::dice::Dice;
use super::endpoint::EndpointId;

/// What the network does to packets.
#[derive(Clone, Debug)]
pub struct Weather {
    /// One-way delay in milliseconds.
    pub delay_ms: RangeInclusive<u64>,
    /// Packets lost, of a hundred.
    pub loss_percent: usize,
    /// Packets doubled, of a hundred.
    pub doubled_percent: usize,
}

impl Weather {
    /// Nothing is lost, doubled or overtaken.
    pub fn calm() -> Self {
        Self { delay_ms: 1..=1, loss_percent: 0, doubled_percent: 0 }
    }
}

/// Something that will happen.
pub enum Arrival {
    /// A datagram reaches the relay.
    AtRelay(Packet),
    /// A datagram reaches whoever has this address.
    AtEndpoint(SocketAddr, Vec<u8>),
    /// An endpoint's timer fires.
    Timer(EndpointId),
}

/// What is under way.
pub struct Network {
    /// What happens to what is sent from now on.
    pub weather: Weather,
    dice: Dice,
    under_way: BinaryHeap<Reverse<Flight>>,
    order: u64,
}

struct Flight {
    due: Instant,
    order: u64,
    arrival: Arrival,
}

impl Network {
    /// An empty network in calm weather.
    pub fn new(dice: Dice) -> Self {
        Self { weather: Weather::calm(), dice, under_way: BinaryHeap::new(), order: 0 }
    }

    /// Sends a datagram, which arrives once, twice or never.
    pub fn send(&mut self, now: Instant, mut arrival: impl FnMut() -> Arrival) {
        if self.dice.percent(self.weather.loss_percent) {
            return;
        }
        let copies = 1 + usize::from(self.dice.percent(self.weather.doubled_percent));
        for _ in 0..copies {
            let delay = Duration::from_millis(self.dice.within(&self.weather.delay_ms));
            self.schedule(now + delay, arrival());
        }
    }

    /// Lets something happen at a time.
    pub fn schedule(&mut self, due: Instant, arrival: Arrival) {
        self.order += 1;
        self.under_way.push(Reverse(Flight { due, order: self.order, arrival }));
    }

    /// When the next thing happens.
    pub fn next_due(&self) -> Option<Instant> {
        self.under_way.peek().map(|Reverse(flight)| flight.due)
    }

    /// The next thing that has happened.
    pub fn take(&mut self, now: Instant) -> Option<Arrival> {
        let due = self.next_due().is_some_and(|due| due <= now);
        due.then(|| self.under_way.pop().map(|Reverse(flight)| flight.arrival))?
    }
}

impl Ord for Flight {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.order).cmp(&(other.due, other.order))
    }
}

impl PartialOrd for Flight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Flight {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Flight {}
