//! The UDP sockets of a shard, those that it listens on and those that are relayed addresses, and
//! the way in and out through each.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Instant;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use ringfence_wire::datagram::{Fragmentation, LocalSocket, OpenError};
use slab::Slab;

use super::ADOPTED_WITHIN;
use super::adopted::{Adopted, Keeper};
use super::config::{Offload, SocketsConfig};
use super::open::{self, SocketReport};
use super::pool::Pool;
use super::queue::Queue;
use super::ready::Ready;
use super::receive::{Left, Receiver};
use super::send::Line;
use super::tokens::{self, FIRST_DYNAMIC};
use super::trains::TrainLimit;
use crate::counters::{ReceiveCounters, RelayedCounters, SendCounters};

/// Everything a shard sends and receives datagrams with, by place.
pub(super) struct Lines {
    listen: Vec<Line>,
    /// `None` is a socket closed in this batch: its number must not be taken by another one while
    /// datagrams that the old one received are still to be handed to the step.
    relayed: Slab<Option<Line>>,
    vacated: Vec<usize>,
    pub(super) ready: Ready,
    pub(super) pool: Pool,
    /// Scratch for trains that the kernel refused.
    singles: Queue,
    relayed_max: usize,
    offload: Offload,
    /// Relayed sockets of the relay before this one, until they are opened again.
    adopted: HashMap<SocketAddr, UdpSocket>,
    adopted_until: Instant,
    pub(super) keeper: Option<Box<dyn Keeper>>,
    pub(super) sent: SendCounters,
    pub(super) counters: RelayedCounters,
}

impl Lines {
    /// Opens the listen sockets.
    pub(super) fn open(
        config: &SocketsConfig,
        registry: &Registry,
        adopted: &mut Adopted,
    ) -> io::Result<(Self, Vec<SocketReport>)> {
        let opened = config.listen.iter().map(|&address| match adopted.take_listen(address) {
            Some(socket) => open::listen_again(socket, config),
            None => open::listen(address, config),
        });
        let (sockets, reports): (Vec<_>, Vec<_>) =
            opened.collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        for (place, socket) in sockets.iter().enumerate() {
            register(registry, socket, tokens::datagrams(place))?;
        }
        let limit = |report: &SocketReport| match report.train_segment_bytes_max {
            0 => TrainLimit::NO_TRAINS,
            _ => TrainLimit::ANY,
        };
        let with = sockets.into_iter().zip(&reports);
        let listen = with.map(|(socket, report)| Line::new(Arc::new(socket), limit(report)));
        let mut ready = Ready::new();
        ready.reserve(FIRST_DYNAMIC);
        let lines = Self {
            listen: listen.collect(),
            relayed: Slab::new(),
            vacated: Vec::new(),
            ready,
            pool: Pool::new(),
            singles: Queue::new(),
            relayed_max: usize::try_from(config.relayed_max).unwrap_or(usize::MAX),
            offload: config.offload,
            adopted: adopted.take_all_relayed(),
            adopted_until: Instant::now() + ADOPTED_WITHIN,
            keeper: None,
            sent: SendCounters::default(),
            counters: RelayedCounters::default(),
        };
        Ok((lines, reports))
    }

    /// The lines of the listen sockets.
    pub(super) fn listen(&self) -> &[Line] {
        &self.listen
    }

    /// Where this socket is, if it is one of ours and open.
    pub(super) fn place(&self, socket: LocalSocket) -> Option<usize> {
        match socket {
            LocalSocket::Listen(number) => {
                Some(usize::from(number)).filter(|&place| place < self.listen.len())
            }
            LocalSocket::Relayed(number) => {
                let slot = usize::try_from(number).ok()?;
                self.relayed.get(slot)?.as_ref().map(|_| FIRST_DYNAMIC + slot)
            }
            LocalSocket::Stream(_) => None,
        }
    }

    pub(super) fn line_mut(&mut self, place: usize) -> Option<&mut Line> {
        line_mut(&mut self.listen, &mut self.relayed, place)
    }

    /// Makes the numbers of closed sockets free, and forgets what a step that panicked has left in
    /// the queues: its payloads may be gone by now.
    pub(super) fn begin_batch(&mut self) {
        for slot in self.vacated.drain(..) {
            self.relayed.try_remove(slot);
        }
        while let Some(place) = self.pool.take_first_back() {
            if let Some(line) = line_mut(&mut self.listen, &mut self.relayed, place) {
                line.queue = None;
            }
        }
    }

    /// Sends what waits for the line and gives its queue back.
    ///
    /// # Safety
    /// As for [`Line::flush`].
    pub(super) unsafe fn flush(&mut self, place: usize) {
        let line = line_mut(&mut self.listen, &mut self.relayed, place);
        let Some((line, number)) = line.and_then(|line| line.queue.take().map(|own| (line, own)))
        else {
            return;
        };
        // SAFETY: the caller's promise.
        unsafe { line.flush(self.pool.queue(number), &mut self.singles, &mut self.sent) };
        self.pool.take_back(number);
    }

    /// Opens a relayed socket.
    pub(super) fn open_relayed(
        &mut self,
        address: SocketAddr,
        registry: &Registry,
    ) -> Result<LocalSocket, OpenError> {
        let opened = self.try_open_relayed(address, registry);
        match opened {
            Ok(_) => {
                self.counters.opened += 1;
                self.counters.open += 1;
            }
            Err(_) => self.counters.open_failed += 1,
        }
        opened
    }

    fn try_open_relayed(
        &mut self,
        address: SocketAddr,
        registry: &Registry,
    ) -> Result<LocalSocket, OpenError> {
        if self.relayed.len() - self.vacated.len() >= self.relayed_max {
            return Err(OpenError::Exhausted);
        }
        let adopted = self.adopted.remove(&address);
        let was_kept = adopted.is_some();
        let opened = self.add_relayed(address, adopted, registry);
        if let Some(keeper) = &mut self.keeper {
            match &opened {
                Ok((_, socket)) if !was_kept => keeper.opened(address, socket.as_fd()),
                // It was taken over, and is closed now.
                Err(_) if was_kept => keeper.closed(address),
                _ => {}
            }
        }
        opened.map(|(local, _)| local)
    }

    fn add_relayed(
        &mut self,
        address: SocketAddr,
        adopted: Option<UdpSocket>,
        registry: &Registry,
    ) -> Result<(LocalSocket, Arc<UdpSocket>), OpenError> {
        let (socket, limit) = match adopted {
            Some(socket) => open::relayed_again(socket, self.offload)?,
            None => open::relayed(address, self.offload)?,
        };
        let entry = self.relayed.vacant_entry();
        let number = u32::try_from(entry.key()).map_err(|_| OpenError::Exhausted)?;
        let token = tokens::datagrams(FIRST_DYNAMIC + entry.key());
        register(registry, &socket, token).map_err(|error| open::why(&error))?;
        self.ready.reserve(FIRST_DYNAMIC + entry.key());
        let socket = Arc::new(socket);
        entry.insert(Some(Line::new(Arc::clone(&socket), limit)));
        Ok((LocalSocket::Relayed(number), socket))
    }

    /// Closes a relayed socket that has nothing waiting any more. The last descriptor of a socket
    /// takes it out of the poll as well (epoll(7), question 6).
    pub(super) fn close_relayed(&mut self, place: usize) {
        let Some(slot) = place.checked_sub(FIRST_DYNAMIC) else { return };
        if let Some(line) = self.relayed.get_mut(slot).and_then(Option::take) {
            if let (Some(keeper), Ok(address)) = (&mut self.keeper, line.socket.local_addr()) {
                keeper.closed(address);
            }
            self.ready.remove(place);
            self.vacated.push(slot);
            self.counters.closed += 1;
            self.counters.open -= 1;
        }
    }

    /// Closes adopted sockets that nobody has opened in time: their allocations may not stand any more.
    pub(super) fn forget_adopted(&mut self) {
        if !self.adopted.is_empty() && Instant::now() >= self.adopted_until {
            for (address, _) in self.adopted.drain() {
                self.keeper.iter_mut().for_each(|keeper| keeper.closed(address));
            }
        }
    }

    /// Sets how a relayed socket treats what is too long. Listen sockets never fragment.
    pub(super) fn fragmentation(&mut self, place: usize, fragmentation: Fragmentation) {
        if place < FIRST_DYNAMIC {
            return;
        }
        let Some(line) = self.line_mut(place) else { return };
        let local = line.socket.local_addr();
        // These options cannot fail on a UDP socket of that family (ip(7), ipv6(7)).
        let _set = local.map(|at| open::fragmentation(line.socket.as_fd(), &at, fragmentation));
    }

    /// Fills `batch` from as many ready sockets as there is room for, each asked once.
    ///
    /// A socket that got all the room it could use goes to the end of the line; one that got less
    /// is empty now, and what comes later raises a new edge: a second call, only to be told EAGAIN,
    /// would cost a tenth of a lone packet.
    pub(super) fn receive(
        &mut self,
        batch: &mut Receiver,
        counters: &mut ReceiveCounters,
    ) -> io::Result<()> {
        batch.begin();
        for _ in 0..self.ready.waiting().min(SOCKETS_MAX) {
            if batch.is_full() {
                break;
            }
            let Some(place) = self.ready.take() else { break };
            let Some((socket, local)) = self.socket(place) else { continue };
            match batch.receive(socket, local) {
                Ok(left) => {
                    counters.calls += 1;
                    if left == Left::Maybe {
                        self.ready.insert(place);
                    }
                }
                Err(empty) if empty.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if passes(&error) => {
                    counters.failed_calls += 1;
                    self.ready.insert(place);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn socket(&self, place: usize) -> Option<(&UdpSocket, LocalSocket)> {
        let (line, local) = match place.checked_sub(FIRST_DYNAMIC) {
            None => (self.listen.get(place)?, LocalSocket::Listen(u8::try_from(place).ok()?)),
            Some(slot) => {
                let line = self.relayed.get(slot)?.as_ref()?;
                (line, LocalSocket::Relayed(u32::try_from(slot).ok()?))
            }
        };
        Some((&line.socket, local))
    }
}

/// Sockets that one batch asks at most, so that many of them that turn out to be empty do not hold
/// up what has been received.
const SOCKETS_MAX: usize = 64;

// Of the two fields alone, so that the others can be used next to the line.
fn line_mut<'l>(
    listen: &'l mut [Line],
    relayed: &'l mut Slab<Option<Line>>,
    place: usize,
) -> Option<&'l mut Line> {
    match place.checked_sub(FIRST_DYNAMIC) {
        None => listen.get_mut(place),
        Some(slot) => relayed.get_mut(slot)?.as_mut(),
    }
}

fn register(registry: &Registry, socket: &UdpSocket, token: Token) -> io::Result<()> {
    registry.register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE)
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
