//! The backend on plain UDP sockets: mio, recvmmsg(2), sendmmsg(2), UDP_GRO and UDP_SEGMENT.

mod control;
mod open;
mod outbox;
mod queue;
mod ready;
pub(crate) mod receive;
mod send;
mod trains;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use ringfence_wire::datagram::{LocalSocket, Step};

use crate::backend::{Backend, Pending};
use crate::counters::{IoCounters, ReceiveCounters};
use crate::drops::KernelDrops;
use crate::waker::Waker;

pub use open::{LISTEN_MAX, Offload, SocketReport, SocketsConfig};
pub use outbox::BatchOutbox;
use outbox::Sender;
use ready::Ready;
use receive::Receiver;
use send::Line;
use trains::TrainLimit;

/// The sockets of one shard. Takes 4.3 MB of address space at the start, nothing later.
pub struct Sockets {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    ready: Ready,
    receiver: Receiver,
    received: ReceiveCounters,
    sender: Sender,
    sockets: Vec<Arc<UdpSocket>>,
    reports: Vec<SocketReport>,
    addresses: Vec<SocketAddr>,
}

const WAKER: Token = Token(usize::MAX);

impl Sockets {
    /// Opens and binds one socket for each address of `config`.
    ///
    /// Several shards share an address by SO_REUSEPORT, and so would another process of the same
    /// user. Port zero gives every shard a different port: resolve it with the first shard.
    ///
    /// # Errors
    /// `InvalidInput` for no or too many addresses; otherwise what socket(2), bind(2) or
    /// epoll_create(2) give.
    pub fn open(config: &SocketsConfig) -> io::Result<Self> {
        if !(1..=LISTEN_MAX).contains(&config.listen.len()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let opened: Vec<_> =
            config.listen.iter().map(|&to| open::open(to, config)).collect::<io::Result<_>>()?;
        let (sockets, reports): (Vec<_>, Vec<_>) =
            opened.into_iter().map(|(socket, report)| (Arc::new(socket), report)).unzip();
        let poll = Poll::new()?;
        register(&poll, &sockets)?;
        Ok(Self {
            waker: Arc::new(Waker::new(poll.registry(), WAKER)?),
            poll,
            events: Events::with_capacity(LISTEN_MAX + 1),
            ready: Ready::default(),
            receiver: Receiver::new(),
            received: ReceiveCounters::default(),
            sender: Sender::new(lines(&sockets, &reports)),
            addresses: reports.iter().map(|report| report.address).collect(),
            sockets,
            reports,
        })
    }

    /// What the kernel granted each socket, and what it has refused since.
    pub fn reports(&self) -> impl Iterator<Item = SocketReport> {
        self.reports.iter().zip(self.sender.lines()).map(|(report, line)| SocketReport {
            train_segment_bytes_max: line.limit.segment_bytes_max(),
            ..*report
        })
    }

    /// Handles to the kernel's drop counts, one for each socket.
    pub fn kernel_drops(&self) -> Vec<KernelDrops> {
        let sockets = self.sockets.iter().zip(&self.addresses);
        sockets.map(|(socket, &address)| KernelDrops::of(socket, address)).collect()
    }

    fn round<S: Step>(&mut self, socket: usize, step: &mut S) -> io::Result<()> {
        match self.receiver.receive(&self.sockets[socket]) {
            Ok(()) => {
                // A short batch saw the queue empty, and what comes later raises a new edge: a
                // second call, only to be told EAGAIN, would cost a tenth of a lone packet.
                if self.receiver.is_short() {
                    self.ready.remove(socket);
                }
                self.deliver(socket, step);
            }
            Err(empty) if empty.kind() == io::ErrorKind::WouldBlock => self.ready.remove(socket),
            Err(error) if passes(&error) => self.received.failed_calls += 1,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn deliver<S: Step>(&mut self, socket: usize, step: &mut S) {
        let local = LocalSocket(u8::try_from(socket).unwrap_or(u8::MAX));
        let mut outbox = self.sender.outbox();
        step.batch(self.receiver.batch(local, &mut self.received), &mut outbox);
        outbox.finish();
    }
}

impl Backend for Sockets {
    type Outbox<'rx> = BatchOutbox<'rx>;

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = if self.ready.any() { Some(Duration::ZERO) } else { timeout };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            Err(_) => return Ok(()),
            Ok(()) => {}
        }
        for event in self.events.iter().filter(|event| event.token() != WAKER) {
            self.ready.insert(event.token().0);
        }
        Ok(())
    }

    fn turn<S: Step>(&mut self, step: &mut S, rounds_max: NonZeroU32) -> io::Result<Pending> {
        for _ in 0..rounds_max.get() {
            let Some(socket) = self.ready.take_turn() else {
                break;
            };
            self.round(socket, step)?;
        }
        Ok(if self.ready.any() { Pending::Maybe } else { Pending::Nothing })
    }

    fn emit<R>(&mut self, fill: impl for<'rx> FnOnce(&mut BatchOutbox<'rx>) -> R) -> R {
        let mut outbox = self.sender.outbox();
        let result = fill(&mut outbox);
        outbox.finish();
        result
    }

    fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    fn counters(&self) -> IoCounters {
        IoCounters { received: self.received, sent: self.sender.counters }
    }

    fn local_addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

fn register(poll: &Poll, sockets: &[Arc<UdpSocket>]) -> io::Result<()> {
    for (index, socket) in sockets.iter().enumerate() {
        let fd = socket.as_raw_fd();
        poll.registry().register(&mut SourceFd(&fd), Token(index), Interest::READABLE)?;
    }
    Ok(())
}

fn lines(sockets: &[Arc<UdpSocket>], reports: &[SocketReport]) -> Vec<Line> {
    let limit = |report: &SocketReport| match report.train_segment_bytes_max {
        0 => TrainLimit::NO_TRAINS,
        _ => TrainLimit::ANY,
    };
    let with = sockets.iter().zip(reports);
    with.map(|(socket, report)| Line::new(Arc::clone(socket), limit(report))).collect()
}

/// Errors that an earlier datagram, the network or a moment's shortage can cause (recv(2), udp(7)).
fn passes(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EINTR
                | libc::ECONNREFUSED
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::ENETDOWN
                | libc::EMSGSIZE
                | libc::ENOBUFS
                | libc::ENOMEM
        )
    )
}
