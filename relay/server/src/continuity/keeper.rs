//! Putting descriptors into the service manager's store and taking them out, from a thread of its own: a
//! manager that is slow holds up no packet.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use ringfence_net::sockets;
use sd_notify::NotifyState;

use super::names::Descriptor;
use super::{State, encode, sealed};

/// Descriptors on their way to the manager.
const WAITING_MAX: usize = 4096;

/// How long a relay that stops waits for its manager.
const FLUSH_TIME_MAX: Duration = Duration::from_secs(2);

/// The way to the manager's store; without a manager it leads nowhere.
#[derive(Clone)]
pub(crate) struct Keeper {
    orders: Option<SyncSender<Order>>,
    /// Of the state that was put last.
    number: Arc<AtomicU64>,
    looks: Arc<AtomicU64>,
}

/// What a keeper has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// Times it was looked whether the state is as it was kept.
    pub looks: u64,
    /// The number of the state that was kept last; the relay before this one began at 1.
    pub states: u64,
}

enum Order {
    Put(Descriptor, OwnedFd),
    Remove(Descriptor),
    /// Answered when all that came before has been carried out.
    Answer(SyncSender<()>),
}

impl Keeper {
    /// A keeper where there is a manager that keeps descriptors: it says so by its socket, and by the size of
    /// its store where that is known.
    ///
    /// # Errors
    /// A thread cannot be had.
    pub(crate) fn start(last_state: u64) -> io::Result<Self> {
        let (number, looks) = (Arc::new(AtomicU64::new(last_state)), Arc::default());
        if env::var_os("NOTIFY_SOCKET").is_none() || env::var_os("FDSTORE").is_none() {
            return Ok(Self { orders: None, number, looks });
        }
        let (orders, taken) = sync_channel(WAITING_MAX);
        std::thread::Builder::new().name("keeper".into()).spawn(move || carry_out(&taken))?;
        Ok(Self { orders: Some(orders), number, looks })
    }

    /// Whether anything is kept.
    pub(crate) fn keeps(&self) -> bool {
        self.orders.is_some()
    }

    /// What it has done; `None` without a manager.
    pub(crate) fn kept(&self) -> Option<Kept> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        self.keeps().then(|| Kept { looks: read(&self.looks), states: read(&self.number) })
    }

    /// The state was looked at, and what was to be kept is.
    pub(crate) fn looked(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps a state in the place of the one before.
    ///
    /// # Errors
    /// There is no memory for it.
    pub(crate) fn put_state(&self, state: &State) -> io::Result<()> {
        let file = sealed::write(&encode(state))?;
        let last = self.number.fetch_add(1, Ordering::Relaxed);
        self.order(Order::Put(Descriptor::State(last + 1), file));
        self.order(Order::Remove(Descriptor::State(last)));
        Ok(())
    }

    /// Waits until the manager has all that it was told, for [`FLUSH_TIME_MAX`] at most.
    pub(crate) fn flush(&self) {
        if !self.keeps() {
            return;
        }
        let (done, answer) = sync_channel(1);
        self.order(Order::Answer(done));
        // A manager that does not listen has not kept it; it was told so in the log.
        let _ = answer.recv_timeout(FLUSH_TIME_MAX);
    }

    /// Keeps a socket that a shard listens on.
    pub(crate) fn put_listening(
        &self,
        shard: u16,
        at: SocketAddr,
        streams: bool,
        fd: BorrowedFd<'_>,
    ) {
        let kept =
            if streams { Descriptor::Streams(shard, at) } else { Descriptor::Datagrams(shard, at) };
        self.put(kept, fd);
    }

    /// For the relayed sockets of a shard.
    pub(crate) fn of_shard(&self, shard: u16) -> Box<dyn sockets::Keeper> {
        Box::new(OfShard { keeper: self.clone(), shard })
    }

    fn put(&self, kept: Descriptor, fd: BorrowedFd<'_>) {
        match fd.try_clone_to_owned() {
            Ok(copy) => self.order(Order::Put(kept, copy)),
            Err(error) => {
                tracing::warn!(%error, name = kept.name(), "cannot be kept for a restart");
            }
        }
    }

    fn order(&self, order: Order) {
        let Some(orders) = &self.orders else { return };
        if let Err(full) = orders.try_send(order) {
            tracing::warn!(%full, "the service manager is slow: something will not outlive a restart");
        }
    }
}

struct OfShard {
    keeper: Keeper,
    shard: u16,
}

impl sockets::Keeper for OfShard {
    fn opened(&mut self, address: SocketAddr, socket: BorrowedFd<'_>) {
        self.keeper.put(Descriptor::Relayed(self.shard, address), socket);
    }

    fn closed(&mut self, address: SocketAddr) {
        self.keeper.order(Order::Remove(Descriptor::Relayed(self.shard, address)));
    }
}

/// Until the last keeper is gone.
fn carry_out(orders: &Receiver<Order>) {
    for order in orders {
        let done = match &order {
            Order::Put(kept, fd) => {
                let name = kept.name();
                let put = [NotifyState::FdStore, NotifyState::FdName(&name), POLL_NOT];
                sd_notify::notify_with_fds(false, &put, &[fd.as_fd()])
            }
            Order::Answer(done) => {
                let _ = done.try_send(());
                continue;
            }
            Order::Remove(kept) => {
                let name = kept.name();
                sd_notify::notify(false, &[NotifyState::FdStoreRemove, NotifyState::FdName(&name)])
            }
        };
        if let Err(error) = done {
            tracing::warn!(%error, "cannot tell the service manager what to keep");
        }
    }
}

/// The manager would drop a socket on which there is an error, and any remote can cause one.
const POLL_NOT: NotifyState<'static> = NotifyState::Custom("FDPOLL=0");
