//! Where a step's datagrams are gathered, one queue a socket.
//!
//! Datagrams of one socket leave in the order they were put out, so also those of one 5-tuple. Two
//! sockets have no order between them: to a remote they are two different peers.

use std::marker::PhantomData;
use std::net::SocketAddr;

use ringfence_wire::datagram::{LocalSocket, OWN_DATAGRAM_BYTES_MAX, Outbox, Transmit};

use super::queue::Queue;
use super::send::Line;
use crate::counters::{SendCounters, SendRefusal};

/// Everything a shard sends with, indexed by `LocalSocket`.
pub(super) struct Sender {
    lines: Vec<Line>,
    /// Scratch for trains that the kernel refused.
    singles: Queue,
    pub(super) counters: SendCounters,
}

impl Sender {
    pub(super) fn new(lines: Vec<Line>) -> Self {
        Self { lines, singles: Queue::new(), counters: SendCounters::default() }
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// An empty outbox for one batch. A step that panicked may have left payloads of an earlier
    /// batch behind; they are gone by now, so they are forgotten here.
    pub(super) fn outbox<'rx>(&'rx mut self) -> BatchOutbox<'rx> {
        self.lines.iter_mut().for_each(|line| line.queue.clear());
        BatchOutbox { sender: self, batch: PhantomData }
    }
}

/// The outbox of one batch. `'rx` can neither grow nor shrink (the function pointer against the
/// reference), so that only payloads outliving the outbox itself can be put in.
pub struct BatchOutbox<'rx> {
    sender: &'rx mut Sender,
    batch: PhantomData<fn(&'rx [u8])>,
}

impl BatchOutbox<'_> {
    /// Hands all that was put out to the kernel.
    pub(super) fn finish(mut self) {
        for line in 0..self.sender.lines.len() {
            self.flush(line);
        }
    }

    fn flush(&mut self, line: usize) {
        let Sender { lines, singles, counters } = &mut *self.sender;
        // SAFETY: the queues were cleared when this outbox was made, and since then only `forward`
        // and `send_own` pushed to them: payloads that live for `'rx`, which has not ended while a
        // `BatchOutbox<'rx>` is used, and copies that the queue owns.
        unsafe { lines[line].flush(singles, counters) };
    }

    /// The index of the socket's line; a socket that we do not have is counted.
    fn line(&mut self, from: LocalSocket) -> Option<usize> {
        let line = usize::from(from.0);
        if line < self.sender.lines.len() {
            return Some(line);
        }
        self.sender.counters.refuse(SendRefusal::NoSuchSocket, 1);
        None
    }
}

impl<'rx> Outbox<'rx> for BatchOutbox<'rx> {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        let Some(line) = self.line(transmit.from) else {
            return;
        };
        if !self.sender.lines[line].queue.has_room() {
            self.flush(line);
        }
        let Line { queue, limit, .. } = &mut self.sender.lines[line];
        queue.push(transmit.payload, &transmit.to, *limit);
    }

    fn send_own(&mut self, bytes: &[u8], to: SocketAddr, from: LocalSocket) {
        let Some(line) = self.line(from) else { return };
        if bytes.len() > OWN_DATAGRAM_BYTES_MAX {
            return self.sender.counters.refuse(SendRefusal::TooLong, 1);
        }
        if !self.sender.lines[line].queue.has_room_for_own(bytes.len()) {
            self.flush(line);
        }
        let Line { queue, limit, .. } = &mut self.sender.lines[line];
        queue.push_own(bytes, &to, *limit);
    }
}
