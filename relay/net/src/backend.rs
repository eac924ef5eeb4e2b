//! What moves packets for a shard: sockets today, AF_XDP next.
//!
//! ```text
//! loop { backend.wait(timeout)?; mailbox; timers through backend.emit; backend.turn(step, rounds)?; }
//! ```

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ringfence_wire::datagram::{Outbox, Step};

use crate::counters::IoCounters;
use crate::waker::Waker;

/// The packet I/O of one shard. It is opened anywhere and then moved to the shard's thread.
pub trait Backend {
    /// What [`Backend::emit`] lends out. `'rx` is the life of what may be forwarded through it.
    type Outbox<'rx>: Outbox<'rx>;

    /// Sleeps until packets arrive, the waker is used or `timeout` passes (`None`: no limit). Whether
    /// there is something to do; if not, it was the timeout, or nothing at all.
    ///
    /// Does not sleep while an earlier turn left packets behind or the end of a stream is to be told,
    /// and no longer than until a stream runs out of time. May return early for no reason, as
    /// when a signal arrives; timeouts are rounded up to the poller's grain (1 ms for epoll).
    ///
    /// # Errors
    /// The poller itself failed, which no packet can cause: the shard cannot go on.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<bool>;

    /// Runs at most `rounds_max` receive rounds, fairly over the ready sockets.
    ///
    /// Each non-empty round is one call of `step.batch` for datagrams, one for messages of streams,
    /// or both, and all that it put out has been handed to the kernel before the next receive. What
    /// the kernel refuses is counted, never an error here. Streams are accepted in a round, and
    /// their ends told after it.
    ///
    /// # Errors
    /// Receiving failed for a reason that no packet can cause: the shard cannot go on.
    fn turn<S: Step>(&mut self, step: &mut S, rounds_max: NonZeroU32) -> io::Result<Pending>;

    /// Sends without a received batch: timers, path checks, answers to the control side.
    ///
    /// All that `fill` put out has been handed to the kernel when this returns. As `fill` has to
    /// work for every `'rx`, it can forward only static bytes; its own go through `send_own`.
    fn emit<R>(&mut self, fill: impl for<'rx> FnOnce(&mut Self::Outbox<'rx>) -> R) -> R;

    /// Wakes [`Backend::wait`] from any thread, for as long as the backend lives.
    fn waker(&self) -> Arc<Waker>;

    /// Totals since the backend was opened. Half a kilobyte: not for every packet.
    fn counters(&self) -> IoCounters;

    /// The bound UDP addresses, ports resolved, indexed by `LocalSocket::Listen`.
    fn local_addresses(&self) -> &[SocketAddr];
}

/// Whether a turn left packets behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Pending {
    /// Every socket was read until it was empty.
    Nothing,
    /// The rounds ran out first; the next `wait` will not sleep.
    Maybe,
}
