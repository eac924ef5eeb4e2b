//! Where streams come from.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry};
use ringfence_wire::datagram::Step;
use rustls::{ServerConfig, ServerConnection};
use socket2::{Domain, Protocol, Socket, Type};

use super::super::adopted::Adopted;
use super::super::config::StreamListener;
use super::super::receive::Left;
use super::super::tokens::{self, FIRST_DYNAMIC};
use super::Streams;
use super::deadlines::Due;
use super::stream::Stream;
use super::transport::{Transport, reset_on_close};

/// Connections accepted from one listener before it is the next one's turn.
const ACCEPTS_MAX: usize = 16;

/// Connections that may wait to be accepted, as far as `somaxconn` allows (listen(2)).
const BACKLOG: i32 = 1024;

/// What the kernel may hold of data that a remote does not take: as much as we do.
const SEND_BUFFER_BYTES: usize = 256 << 10;

/// When a listener is tried again that could not accept for lack of descriptors or memory: there
/// will be no new edge for the connections that wait already.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// One address where streams are accepted.
pub(super) struct Listener {
    socket: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

/// Opens all listeners.
pub(super) fn open(
    configs: &[StreamListener],
    registry: &Registry,
    adopted: &mut Adopted,
) -> io::Result<Vec<Listener>> {
    let open_one = |(place, config): (usize, &StreamListener)| {
        let socket = match adopted.take_stream(config.address) {
            Some(socket) => socket.set_nonblocking(true).map(|()| socket),
            None => listen(config.address),
        }?;
        let token = tokens::streams(place);
        registry.register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Listener { socket, tls: config.tls.clone() })
    };
    configs.iter().enumerate().map(open_one).collect()
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    // One socket per shard; and a restart must not wait for the last life's connections to be
    // forgotten (ip(7), TIME_WAIT).
    socket.set_reuse_port(true)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Accepted sockets inherit it.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Listener {
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

impl Streams {
    /// Accepts what waits at the listener at `place`, up to a number.
    pub(super) fn accept<S: Step>(
        &mut self,
        place: usize,
        registry: &Registry,
        step: &mut S,
    ) -> Left {
        for _ in 0..ACCEPTS_MAX {
            let Some(listener) = self.listeners.get(place) else { return Left::Nothing };
            match listener.socket.accept() {
                Ok((socket, remote)) => {
                    let tls = listener.tls.clone();
                    self.welcome(socket, remote, tls, registry, step);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Left::Nothing,
                Err(error) => {
                    self.counters.accept_failed += 1;
                    if is_shortage(&error) {
                        let again = Instant::now() + TRY_AGAIN;
                        self.deadlines.change(Due::Listener(place), None, Some(again));
                        return Left::Nothing;
                    }
                }
            }
        }
        Left::Maybe
    }

    /// Makes a stream of a connection, unless there are too many or the step does not want it.
    fn welcome<S: Step>(
        &mut self,
        socket: TcpStream,
        remote: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        registry: &Registry,
        step: &mut S,
    ) {
        if self.counters.open >= self.open_max || !self.sources.admit(remote.ip()) {
            self.counters.refused_by_limit += 1;
            return reset_on_close(&socket);
        }
        if !step.accept(remote) {
            self.counters.refused_by_step += 1;
            self.sources.release(remote.ip());
            return reset_on_close(&socket);
        }
        if self.add(socket, remote, tls, registry).is_none() {
            self.counters.accept_failed += 1;
            self.sources.release(remote.ip());
        }
    }

    fn add(
        &mut self,
        socket: TcpStream,
        remote: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        registry: &Registry,
    ) -> Option<()> {
        socket.set_nonblocking(true).ok()?;
        socket.set_nodelay(true).ok()?;
        let session = tls.map(ServerConnection::new).transpose().ok()?;
        let entry = self.table.vacant_entry();
        let (slot, id) = (entry.key(), u32::try_from(entry.key()).ok()?);
        let token = tokens::streams(FIRST_DYNAMIC + slot);
        let interest = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut SourceFd(&socket.as_raw_fd()), token, interest).ok()?;
        entry.insert(Some(Stream::new(Transport::new(socket, session), remote)));
        self.counters.accepted += 1;
        self.counters.open += 1;
        self.set_deadline(id, Some(Instant::now() + self.authenticate_within));
        Some(())
    }
}

/// Errors that the next connection would meet as well (accept(2)).
fn is_shortage(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    matches!(number, Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}
