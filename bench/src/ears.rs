//! The sink: one thread that reads every participant's socket in turn.
//!
//! It asks the sockets instead of sleeping on them. A sleeper would have to be woken, and on
//! loopback it is the sender who pays for that. And it rests between two rounds: a sink that never
//! takes its hands off a receive queue makes every sender wait for the queue's lock.

use std::time::{Duration, Instant};

use ringfence_net::floor::Sink;

use crate::room::Participant;

/// From the start of one round over all participants to that of the next: long enough to leave the
/// queues alone, short enough that none of them fills.
const ROUND: Duration = Duration::from_micros(200);

/// Datagrams of one receive call: after this many there may be more.
const FULL_BATCH: u64 = 64;

/// Counts all datagrams that participants get.
pub struct Ears<'p> {
    participants: &'p [Participant],
    next: usize,
    round_began: Instant,
    sink: Sink,
}

impl<'p> Ears<'p> {
    /// Listens for these.
    pub fn new(participants: &'p [Participant]) -> Self {
        Self { participants, next: 0, round_began: Instant::now(), sink: Sink::default() }
    }

    /// Takes a batch of what waits for one participant; nothing while it rests.
    ///
    /// # Errors
    /// What recvmmsg(2) gives.
    pub fn listen(&mut self, now: Instant) -> std::io::Result<u64> {
        if self.next == 0 {
            if now.duration_since(self.round_began) < ROUND {
                return Ok(0);
            }
            self.round_began = now;
        }
        self.take()
    }

    /// Takes what waits for all; stops once nobody had anything.
    ///
    /// # Errors
    /// As [`Ears::listen`].
    pub fn drain(&mut self) -> std::io::Result<()> {
        let mut empty = 0;
        while empty < self.participants.len() {
            empty = if self.take()? == 0 { empty + 1 } else { 0 };
        }
        Ok(())
    }

    fn take(&mut self) -> std::io::Result<u64> {
        let heard = self.sink.receive(&self.participants[self.next].socket)?;
        if heard < FULL_BATCH {
            self.next = (self.next + 1) % self.participants.len();
        }
        Ok(heard)
    }
}
