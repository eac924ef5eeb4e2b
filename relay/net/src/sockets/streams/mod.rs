//! TCP and TLS connections: accepted, framed into messages, written to, and ended.
//!
//! What a stream can make us hold, in bytes: [`partial::BYTES_MAX`] of a message that has not all
//! arrived, [`output::BYTES_MAX`] of messages that its remote does not take, about 2 kB of its own,
//! with TLS about 60 kB more inside rustls (one record read, one written, keys), and what the kernel
//! allows (tcp(7), tcp_rmem; for sending `SEND_BUFFER_BYTES`). A stream on which nothing is under way
//! holds no buffer of ours at all.

mod accept;
mod batch;
mod deadlines;
mod output;
mod partial;
mod sources;
mod stream;
mod transport;

use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use mio::Registry;
use mio::event::Event;
use ringfence_wire::datagram::{LocalSocket, Step};
use slab::Slab;

use super::adopted::Adopted;
use super::config::SocketsConfig;
use super::ready::Ready;
use super::receive::Left;
use super::tokens::FIRST_DYNAMIC;
use crate::counters::{SendRefusal, StreamCounters};

use accept::Listener;
pub(super) use batch::StreamBatch;
use deadlines::{Deadlines, Due};
use output::Spares;
use sources::Sources;
use stream::{End, Phase, Progress, Stream};

/// How long a stream that is being closed has to take what is queued for it.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// Streams that one batch reads from at most, as for sockets.
const STREAMS_MAX: usize = 64;

/// TLS streams without a session yet that one batch serves at most: the signature of a handshake
/// takes as long as hundreds of packets.
const HANDSHAKES_MAX: usize = 4;

/// Every stream of a shard, and where more come from.
pub(super) struct Streams {
    listeners: Vec<Listener>,
    addresses: Vec<SocketAddr>,
    /// `None` has ended, but the step has not been told.
    table: Slab<Option<Stream>>,
    ended: Vec<u32>,
    /// Streams to be flushed at the end of the batch.
    written: Vec<u32>,
    ready: Ready,
    sources: Sources,
    deadlines: Deadlines,
    spares: Spares,
    open_max: u64,
    authenticate_within: Duration,
    pub(super) counters: StreamCounters,
}

impl Streams {
    /// Opens the listeners.
    pub(super) fn open(
        config: &SocketsConfig,
        registry: &Registry,
        adopted: &mut Adopted,
    ) -> io::Result<Self> {
        let listeners = accept::open(&config.streams, registry, adopted)?;
        let addresses = listeners.iter().map(Listener::address).collect::<io::Result<_>>()?;
        Ok(Self {
            listeners,
            addresses,
            table: Slab::new(),
            ended: Vec::new(),
            written: Vec::new(),
            ready: Ready::new(),
            sources: Sources::new(config.streams_per_source_max),
            deadlines: Deadlines::default(),
            spares: Spares::default(),
            open_max: u64::from(config.streams_max),
            authenticate_within: config.authenticate_within,
            counters: StreamCounters::default(),
        })
    }

    /// The sockets where streams are accepted.
    pub(super) fn listening(&self) -> impl Iterator<Item = (SocketAddr, BorrowedFd<'_>)> {
        self.addresses.iter().copied().zip(self.listeners.iter().map(Listener::as_fd))
    }

    /// Where streams are accepted, ports resolved.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Whether there is something to do without a new event.
    pub(super) fn any_ready(&self) -> bool {
        self.ready.any() || !self.ended.is_empty()
    }

    /// When there will be something to do without an event.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first()
    }

    /// Notes what the poll tells of the socket at `place`.
    pub(super) fn note(&mut self, place: usize, event: &Event) {
        self.ready.insert(place);
        let slot = place.checked_sub(FIRST_DYNAMIC);
        if let Some(stream) = slot.and_then(|slot| self.table.get_mut(slot)?.as_mut()) {
            stream.blocked &= !event.is_writable() && !event.is_error();
            stream.hung_up |= event.is_read_closed() || event.is_error();
        }
    }

    /// Ends what has run out of time.
    pub(super) fn expire(&mut self) {
        if self.deadlines.first().is_none() {
            return;
        }
        let now = Instant::now();
        while let Some(due) = self.deadlines.take_due(now) {
            match due {
                Due::Listener(place) => self.ready.insert(place),
                Due::Stream(id) => {
                    let phase = self.stream(id).map(|stream| stream.phase);
                    let unauthenticated = phase == Some(Phase::Open);
                    self.end(id, if unauthenticated { End::Unauthenticated } else { End::Overdue });
                }
            }
        }
    }

    /// Tells the step of the streams that have ended; then their numbers are free.
    pub(super) fn report<S: Step>(&mut self, step: &mut S) {
        for id in self.ended.drain(..) {
            self.table.try_remove(slot(id));
            step.closed(LocalSocket::Stream(id));
        }
    }

    /// Accepts and reads, fairly over all that are ready, until `batch` is full.
    pub(super) fn receive<S: Step>(
        &mut self,
        batch: &mut StreamBatch,
        registry: &Registry,
        step: &mut S,
    ) {
        batch.begin();
        let mut handshakes = 0;
        for _ in 0..self.ready.waiting().min(STREAMS_MAX) {
            let Some(place) = self.ready.first() else { break };
            let left = match place.checked_sub(FIRST_DYNAMIC).map(u32::try_from) {
                Some(Ok(id)) => {
                    if !self.has_room(id, batch) {
                        break;
                    }
                    let is_handshake = self.is_handshaking(id);
                    handshakes += usize::from(is_handshake);
                    match is_handshake && handshakes > HANDSHAKES_MAX {
                        true => Left::Maybe,
                        false => self.serve(id, batch),
                    }
                }
                Some(Err(_)) => Left::Nothing,
                None => self.accept(place, registry, step),
            };
            self.ready.remove(place);
            if left == Left::Maybe {
                self.ready.insert(place);
            }
        }
        self.counters.messages_in += batch.messages();
        self.counters.bytes_in += batch.bytes();
    }

    fn has_room(&mut self, id: u32, batch: &StreamBatch) -> bool {
        self.stream(id).is_none_or(|stream| stream.has_room(batch))
    }

    fn is_handshaking(&mut self, id: u32) -> bool {
        self.stream(id).is_some_and(|stream| stream.transport.is_handshaking())
    }

    /// Reads from one stream, and writes what it could not take before.
    fn serve(&mut self, id: u32, batch: &mut StreamBatch) -> Left {
        self.mark_written(id);
        let Some(stream) = self.stream(id).filter(|stream| stream.phase == Phase::Open) else {
            return Left::Nothing;
        };
        match stream.read(id, batch) {
            Ok(left) => left,
            Err(End::RemoteDone) => {
                stream.phase = Phase::RemoteDone;
                self.set_deadline(id, Some(Instant::now() + CLOSE_WITHIN));
                Left::Nothing
            }
            Err(end) => {
                self.end(id, end);
                Left::Nothing
            }
        }
    }

    /// Appends one message, or nothing of it.
    pub(super) fn send(
        &mut self,
        id: u32,
        to: SocketAddr,
        parts: [&[u8]; 3],
    ) -> Result<(), SendRefusal> {
        let stream = stream_mut(&mut self.table, id).filter(|one| one.phase != Phase::Closing);
        let stream = stream.ok_or(SendRefusal::NoSuchSocket)?;
        debug_assert_eq!((to.ip(), to.port()), (stream.remote.ip(), stream.remote.port()));
        if !stream.output.append(parts, &mut self.spares) {
            return Err(SendRefusal::BufferFull);
        }
        self.mark_written(id);
        Ok(())
    }

    /// Closes a stream once what is queued has been written, or after [`CLOSE_WITHIN`].
    pub(super) fn close(&mut self, id: u32) {
        let Some(stream) = self.stream(id).filter(|one| one.phase != Phase::Closing) else {
            return;
        };
        stream.phase = Phase::Closing;
        self.set_deadline(id, Some(Instant::now() + CLOSE_WITHIN));
        self.mark_written(id);
    }

    /// Takes the stream's deadline away, or gives it a new one. One that it has does not move.
    pub(super) fn authenticated(&mut self, id: u32, authenticated: bool) {
        let within = self.authenticate_within;
        let Some(stream) = self.stream(id).filter(|one| one.phase == Phase::Open) else { return };
        match (authenticated, stream.deadline) {
            (true, _) => self.set_deadline(id, None),
            (false, None) => self.set_deadline(id, Some(Instant::now() + within)),
            (false, Some(_)) => {}
        }
    }

    /// Writes what was put out since the last time, as far as the remotes take it.
    pub(super) fn flush_written(&mut self) {
        while let Some(id) = self.written.pop() {
            self.flush(id);
        }
    }

    fn flush(&mut self, id: u32) {
        let Some(stream) = stream_mut(&mut self.table, id) else { return };
        stream.is_written = false;
        match stream.write(&mut self.spares, &mut self.counters.bytes_out) {
            Ok(Progress::Done) if stream.phase == Phase::Open => {}
            Ok(Progress::Done) => {
                stream.shut_down();
                self.end(id, End::Closed);
            }
            Ok(Progress::Blocked) => {}
            Err(end) => self.end(id, end),
        }
    }

    fn mark_written(&mut self, id: u32) {
        if let Some(stream) = stream_mut(&mut self.table, id)
            && !std::mem::replace(&mut stream.is_written, true)
        {
            self.written.push(id);
        }
    }

    fn set_deadline(&mut self, id: u32, deadline: Option<Instant>) {
        if let Some(stream) = stream_mut(&mut self.table, id) {
            let before = std::mem::replace(&mut stream.deadline, deadline);
            self.deadlines.change(Due::Stream(id), before, deadline);
        }
    }

    /// Takes a stream out, whatever it was doing. The step is told later.
    fn end(&mut self, id: u32, end: End) {
        let Some(mut stream) = self.table.get_mut(slot(id)).and_then(Option::take) else { return };
        self.deadlines.change(Due::Stream(id), stream.deadline, None);
        self.ready.remove(FIRST_DYNAMIC + slot(id));
        self.sources.release(stream.remote.ip());
        self.ended.push(id);
        self.counters.open -= 1;
        match end {
            End::Unframed => self.counters.ended_unframed += 1,
            End::Tls => self.counters.ended_tls += 1,
            End::Unauthenticated => self.counters.ended_unauthenticated += 1,
            _ => self.counters.ended_other += 1,
        }
        stream.let_go(end, &mut self.spares);
    }

    fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        stream_mut(&mut self.table, id)
    }
}

fn stream_mut(table: &mut Slab<Option<Stream>>, id: u32) -> Option<&mut Stream> {
    table.get_mut(slot(id))?.as_mut()
}

fn slot(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}
