//! Where a step's datagrams are gathered, one queue a socket, and its messages, one buffer a stream.
//!
//! Datagrams of one socket leave in the order they were put out, so also those of one 5-tuple. Two
//! sockets have no order between them: to a remote they are two different peers.

use std::marker::PhantomData;
use std::net::SocketAddr;

use mio::Registry;
use ringfence_wire::datagram::{
    FRAME_HEADER_BYTES_MAX, Fragmentation, Frame, LocalSocket, OWN_DATAGRAM_BYTES_MAX, OpenError,
    Outbox, Transmit,
};

use super::lines::Lines;
use super::pool::QueueNumber;
use super::queue::Queue;
use super::streams::Streams;
use super::trains::TrainLimit;
use crate::counters::SendRefusal;

/// The outbox of one batch. `'rx` can neither grow nor shrink (the function pointer against the
/// references), so that only payloads outliving the outbox itself can be put in.
pub struct BatchOutbox<'rx> {
    lines: &'rx mut Lines,
    streams: &'rx mut Streams,
    registry: &'rx Registry,
    /// Where the last datagram went: most often the next one of a train goes there too.
    last: Option<(LocalSocket, QueueNumber, TrainLimit)>,
    batch: PhantomData<fn(&'rx [u8])>,
}

impl<'rx> BatchOutbox<'rx> {
    /// An empty outbox for one batch.
    pub(super) fn new(
        lines: &'rx mut Lines,
        streams: &'rx mut Streams,
        registry: &'rx Registry,
    ) -> Self {
        lines.begin_batch();
        Self { lines, streams, registry, last: None, batch: PhantomData }
    }

    /// Hands all that was put out to the kernel.
    pub(super) fn finish(mut self) {
        while let Some(place) = self.lines.pool.first_lent() {
            self.flush(place);
        }
        self.streams.flush_written();
    }

    fn flush(&mut self, place: usize) {
        self.last = None;
        // SAFETY: all queues were cleared when this outbox was made, and since then only the three
        // ways to send below pushed to them: payloads that live for `'rx`, which has not ended while
        // a `BatchOutbox<'rx>` is used, static bytes, and copies that the queue owns.
        unsafe { self.lines.flush(place) };
    }

    /// The queue of this socket with room for one more datagram, of which `own_bytes` are copied. A
    /// socket that we do not have is counted.
    fn queue(&mut self, from: LocalSocket, own_bytes: usize) -> Option<(&mut Queue, TrainLimit)> {
        if let Some((last, number, limit)) = self.last
            && last == from
            && self.lines.pool.queue(number).has_room(own_bytes)
        {
            return Some((self.lines.pool.queue(number), limit));
        }
        let Some(place) = self.lines.place(from) else {
            self.lines.sent.refuse(SendRefusal::NoSuchSocket, 1);
            return None;
        };
        let line = self.lines.line_mut(place)?;
        let (limit, mut lent) = (line.limit, line.queue);
        if lent.is_some_and(|number| !self.lines.pool.queue(number).has_room(own_bytes)) {
            self.flush(place);
            lent = None;
        }
        let number = match lent {
            Some(number) => number,
            None => self.borrow_queue(place)?,
        };
        self.last = Some((from, number, limit));
        Some((self.lines.pool.queue(number), limit))
    }

    fn borrow_queue(&mut self, place: usize) -> Option<QueueNumber> {
        if self.lines.pool.is_out()
            && let Some(longest) = self.lines.pool.first_lent()
        {
            self.flush(longest);
        }
        let number = self.lines.pool.lend(place)?;
        self.lines.line_mut(place)?.queue = Some(number);
        Some(number)
    }

    fn too_long(&mut self) {
        self.lines.sent.refuse(SendRefusal::TooLong, 1);
    }

    fn append(&mut self, stream: u32, to: SocketAddr, parts: [&[u8]; 3]) {
        if let Err(why) = self.streams.send(stream, to, parts) {
            self.lines.sent.refuse(why, 1);
        }
    }
}

impl<'rx> Outbox<'rx> for BatchOutbox<'rx> {
    fn forward(&mut self, transmit: Transmit<'rx>) {
        if let LocalSocket::Stream(stream) = transmit.from {
            return self.append(stream, transmit.to, [transmit.payload, &[], &[]]);
        }
        if let Some((queue, limit)) = self.queue(transmit.from, 0) {
            queue.push(transmit.payload, &transmit.to, limit);
        }
    }

    fn frame(&mut self, frame: Frame<'_>, transmit: Transmit<'rx>) {
        let Frame { header, padding_bytes } = frame;
        let padding = Queue::PADDING.get(..padding_bytes);
        let Some(padding) = padding.filter(|_| header.len() <= FRAME_HEADER_BYTES_MAX) else {
            return self.too_long();
        };
        if let LocalSocket::Stream(stream) = transmit.from {
            return self.append(stream, transmit.to, [header, transmit.payload, padding]);
        }
        if let Some((queue, limit)) = self.queue(transmit.from, header.len()) {
            queue.push_framed(frame, transmit.payload, &transmit.to, limit);
        }
    }

    fn send_own(&mut self, bytes: &[u8], to: SocketAddr, from: LocalSocket) {
        if bytes.len() > OWN_DATAGRAM_BYTES_MAX {
            return self.too_long();
        }
        if let LocalSocket::Stream(stream) = from {
            return self.append(stream, to, [bytes, &[], &[]]);
        }
        if let Some((queue, limit)) = self.queue(from, bytes.len()) {
            queue.push_own(bytes, &to, limit);
        }
    }

    fn open(&mut self, address: SocketAddr) -> Result<LocalSocket, OpenError> {
        self.lines.open_relayed(address, self.registry)
    }

    fn close(&mut self, socket: LocalSocket) {
        match socket {
            LocalSocket::Listen(_) => {}
            LocalSocket::Relayed(_) => {
                if let Some(place) = self.lines.place(socket) {
                    self.flush(place);
                    self.lines.close_relayed(place);
                }
            }
            LocalSocket::Stream(stream) => self.streams.close(stream),
        }
    }

    fn fragmentation(&mut self, socket: LocalSocket, fragmentation: Fragmentation) {
        if let Some(place) = self.lines.place(socket) {
            // What was put out before leaves as it was meant to.
            self.flush(place);
            self.lines.fragmentation(place, fragmentation);
        }
    }

    fn authenticated(&mut self, stream: LocalSocket, authenticated: bool) {
        if let LocalSocket::Stream(stream) = stream {
            self.streams.authenticated(stream, authenticated);
        }
    }
}
