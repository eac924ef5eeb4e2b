//! The backend on plain sockets: mio, recvmmsg(2), sendmmsg(2), UDP_GRO and UDP_SEGMENT, and TCP and
//! TLS streams next to them.

mod adopted;
mod busy_poll;
mod config;
pub(crate) mod control;
mod destinations;
mod lines;
mod message;
pub(crate) mod open;
mod outbox;
mod pool;
mod queue;
mod ready;
pub(crate) mod receive;
mod send;
mod sieve;
mod streams;
mod tokens;
mod trains;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use ringfence_wire::datagram::{LocalSocket, Step};

use crate::backend::{Backend, Pending};
use crate::counters::{IoCounters, ReceiveCounters};
use crate::receive_queue::ReceiveQueue;
use crate::waker::Waker;

pub use adopted::{Adopted, Keeper};
pub use config::{LISTEN_MAX, Offload, SocketsConfig, StreamListener};
use lines::Lines;
pub use open::SocketReport;
pub use outbox::BatchOutbox;
use receive::Receiver;
pub use sieve::Share;
use streams::{StreamBatch, Streams};
use tokens::Source;

/// The sockets of one shard. Takes 7 MB of address space at the start, nothing later for UDP but
/// what each relayed socket needs (about 100 bytes) and for streams what [`SocketsConfig`] bounds.
pub struct Sockets {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    receiver: Receiver,
    received: ReceiveCounters,
    lines: Lines,
    stream_batch: StreamBatch,
    streams: Streams,
    reports: Vec<SocketReport>,
    addresses: Vec<SocketAddr>,
    busy_polls: bool,
}

/// Events taken from the poll at once; what is left is told at the next wait.
const EVENTS_MAX: usize = 1024;

/// How long an adopted socket of a relayed address waits to be opened again.
pub const ADOPTED_WITHIN: Duration = Duration::from_secs(10);

impl Sockets {
    /// Opens and binds one socket for each address of `config`.
    ///
    /// Several shards share an address by SO_REUSEPORT, and so would another process of the same
    /// user. Port zero gives every shard a different port: resolve it with the first shard.
    ///
    /// # Errors
    /// `InvalidInput` for no or too many addresses; otherwise what socket(2), bind(2), listen(2) or
    /// epoll_create(2) give.
    pub fn open(config: &SocketsConfig) -> io::Result<Self> {
        Self::adopt(config, Adopted::default())
    }

    /// As [`Sockets::open`], but with sockets that are open already where there are some. Those of relayed
    /// addresses wait until they are opened, for [`ADOPTED_WITHIN`] at most.
    ///
    /// # Errors
    /// As for [`Sockets::open`].
    pub fn adopt(config: &SocketsConfig, mut adopted: Adopted) -> io::Result<Self> {
        let most = config.listen.len().max(config.streams.len());
        if !(1..=LISTEN_MAX).contains(&most) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let poll = Poll::new()?;
        let (lines, reports) = Lines::open(config, poll.registry(), &mut adopted)?;
        let busy_polls = busy_poll::enable(&poll, config.kernel_busy_poll);
        Ok(Self {
            busy_polls,
            waker: Arc::new(Waker::new(poll.registry(), tokens::WAKER)?),
            events: Events::with_capacity(EVENTS_MAX),
            receiver: Receiver::new(),
            received: ReceiveCounters::default(),
            lines,
            stream_batch: StreamBatch::new(!config.streams.is_empty()),
            streams: Streams::open(config, poll.registry(), &mut adopted)?,
            addresses: reports.iter().map(|report| report.address).collect(),
            reports,
            poll,
        })
    }

    /// What the kernel granted each listen socket, and what it has refused since.
    pub fn reports(&self) -> impl Iterator<Item = SocketReport> {
        self.reports.iter().zip(self.lines.listen()).map(|(report, line)| SocketReport {
            train_segment_bytes_max: line.limit.segment_bytes_max(),
            ..*report
        })
    }

    /// Tells `keeper` of each relayed socket from now on.
    pub fn keep_with(&mut self, keeper: Box<dyn Keeper>) {
        self.lines.keeper = Some(keeper);
    }

    /// The sockets that are listened on, with their addresses: those for datagrams, then those for streams.
    pub fn listening(&self) -> impl Iterator<Item = (SocketAddr, BorrowedFd<'_>)> {
        let datagrams = self.lines.listen().iter().map(|line| line.socket.as_fd());
        let datagrams = self.addresses.iter().copied().zip(datagrams);
        datagrams.chain(self.streams.listening())
    }

    /// The receive queues of the listen sockets.
    pub fn receive_queues(&self) -> Vec<ReceiveQueue> {
        let sockets = self.lines.listen().iter().zip(&self.addresses);
        sockets.map(|(line, &address)| ReceiveQueue::of(&line.socket, address)).collect()
    }

    /// From now on the kernel lets in all that the admitted send to listening sockets, and of what others
    /// send to them only that share. Relayed sockets and streams are left alone.
    ///
    /// The kernel's drop counts have what is not let in. Takes some hundred microseconds.
    ///
    /// # Errors
    /// What setsockopt(2) gives; a socket without a sieve lets everybody in.
    pub fn put_sieve(
        &mut self,
        admitted: impl Iterator<Item = (LocalSocket, SocketAddr)>,
        share: Share,
    ) -> io::Result<()> {
        let mut by_socket = vec![Vec::new(); self.lines.listen().len()];
        for (local, source) in admitted {
            if let LocalSocket::Listen(number) = local
                && let Some(sources) = by_socket.get_mut(usize::from(number))
            {
                sources.push(source);
            }
        }
        let random = &mut || (RandomState::new().hash_one(0_u8) >> 32) as u32;
        let mut sockets = self.lines.listen().iter().zip(&by_socket);
        sockets.try_for_each(|(line, admitted)| sieve::put(&line.socket, admitted, share, random))
    }

    /// Lets everybody in again. A socket that was taken over may have a sieve of its last owner.
    pub fn lift_sieve(&mut self) {
        self.lines.listen().iter().for_each(|line| sieve::lift(&line.socket));
    }

    /// The addresses where streams are accepted, ports resolved, in the order of the configuration.
    pub fn stream_addresses(&self) -> &[SocketAddr] {
        self.streams.addresses()
    }

    /// Whether the kernel looks at the card's queue before it lets the shard sleep: asked for, and not
    /// refused.
    pub fn busy_polls(&self) -> bool {
        self.busy_polls
    }

    fn any_ready(&self) -> bool {
        self.lines.ready.any() || self.streams.any_ready()
    }

    fn datagram_round<S: Step>(&mut self, step: &mut S) -> io::Result<()> {
        let Self { poll, receiver, received, lines, streams, .. } = self;
        lines.receive(receiver, received)?;
        if receiver.is_empty() {
            return Ok(());
        }
        let mut outbox = BatchOutbox::new(lines, streams, poll.registry());
        step.batch(receiver.batch(received), &mut outbox);
        outbox.finish();
        Ok(())
    }

    fn stream_round<S: Step>(&mut self, step: &mut S) {
        let Self { poll, stream_batch, lines, streams, .. } = self;
        streams.receive(stream_batch, poll.registry(), step);
        let mut outbox = BatchOutbox::new(lines, streams, poll.registry());
        if !stream_batch.is_empty() {
            step.batch(stream_batch.messages_in_order(), &mut outbox);
        }
        outbox.finish();
    }

    /// How long to sleep at most.
    fn sleep(&self, timeout: Option<Duration>) -> Option<Duration> {
        if self.any_ready() {
            return Some(Duration::ZERO);
        }
        let Some(deadline) = self.streams.next_deadline() else { return timeout };
        let left = deadline.saturating_duration_since(Instant::now());
        Some(timeout.map_or(left, |timeout| timeout.min(left)))
    }
}

impl Backend for Sockets {
    type Outbox<'rx> = BatchOutbox<'rx>;

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        let timeout = self.sleep(timeout);
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => return Ok(self.any_ready()),
            Ok(()) => {}
        }
        let woken = !self.events.is_empty();
        for event in &self.events {
            match Source::of(event.token()) {
                Source::Waker => {}
                Source::Datagrams { place } => self.lines.ready.insert(place),
                Source::Streams { place } => self.streams.note(place, event),
            }
        }
        Ok(woken || self.any_ready())
    }

    fn turn<S: Step>(&mut self, step: &mut S, rounds_max: NonZeroU32) -> io::Result<Pending> {
        self.streams.expire();
        self.lines.forget_adopted();
        for _ in 0..rounds_max.get() {
            self.streams.report(step);
            if !self.any_ready() {
                break;
            }
            if self.lines.ready.any() {
                self.datagram_round(step)?;
            }
            if self.streams.any_ready() {
                self.stream_round(step);
            }
        }
        self.streams.report(step);
        Ok(if self.any_ready() { Pending::Maybe } else { Pending::Nothing })
    }

    fn emit<R>(&mut self, fill: impl for<'rx> FnOnce(&mut BatchOutbox<'rx>) -> R) -> R {
        let Self { poll, lines, streams, .. } = self;
        let mut outbox = BatchOutbox::new(lines, streams, poll.registry());
        let result = fill(&mut outbox);
        outbox.finish();
        result
    }

    fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    fn counters(&self) -> IoCounters {
        IoCounters {
            received: self.received,
            sent: self.lines.sent,
            relayed: self.lines.counters,
            streams: self.streams.counters,
        }
    }

    fn local_addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}
