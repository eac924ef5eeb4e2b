//! Putting descriptors into the service manager's store and taking them out, from a thread of its own: a
//! manager that is slow holds up no packet.

use std::collections::HashSet;
use std::env;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use ringfence_net::sockets;
use sd_notify::NotifyState;

use super::names::Descriptor;
use super::{State, encode, sealed};

/// What may be on its way to the manager beside two orders for each relayed socket that there can be.
const WAITING_SPARE: usize = 4096;

/// Places of the store for what is no relayed socket. A state that found no place would be lost together
/// with the one before it.
const RESERVED: usize = 256;

/// How long a relay that stops waits for its manager.
const FLUSH_TIME_MAX: Duration = Duration::from_secs(2);

/// The way to the manager's store; without a manager it leads nowhere.
#[derive(Clone)]
pub(crate) struct Keeper(Option<Arc<Store>>);

/// The store, as far as it is known here.
struct Store {
    orders: Sender<Order>,
    waiting: Arc<AtomicUsize>,
    waiting_max: usize,
    /// Relayed sockets that there is still room for.
    room: AtomicUsize,
    /// Of the state that was ordered last.
    number: AtomicU64,
    /// Of the state that the manager was told of last.
    told: Arc<AtomicU64>,
    looks: AtomicU64,
}

/// What was in the store when the relay started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// Number of the last state.
    pub(super) last_state: u64,
    /// Relayed sockets.
    pub(super) relayed: usize,
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
    /// A state, in the place of the one before.
    State(u64, OwnedFd),
    Put(Descriptor, OwnedFd),
    Remove(Descriptor),
    /// Answered when all that came before has been carried out.
    Answer(SyncSender<()>),
}

impl Keeper {
    /// A keeper where there is a manager that keeps descriptors: it says so by its socket, and by the size of
    /// its store. So many relayed sockets there can be at once.
    ///
    /// # Errors
    /// A thread cannot be had.
    pub(super) fn start(found: Found, relayed_max: usize) -> io::Result<Self> {
        let size = env::var("FDSTORE").ok();
        let Some(size) = size.filter(|_| env::var_os("NOTIFY_SOCKET").is_some()) else {
            return Ok(Self(None));
        };
        // A size that is no number says only that there is a store.
        let size = size.parse().unwrap_or(usize::MAX);
        let room = size.saturating_sub(RESERVED);
        if room < relayed_max {
            tracing::warn!(
                room,
                relayed_max,
                "the service manager's store has no room for every relayed address that there can be: raise \
                 FileDescriptorStoreMax= and FDSTORE=, or restarts will cost calls"
            );
        }
        let (orders, taken) = channel();
        let (waiting, told) = (Arc::default(), Arc::new(AtomicU64::new(found.last_state)));
        let mut manager = Manager { waiting: Arc::clone(&waiting), told: Arc::clone(&told) };
        let thread = std::thread::Builder::new().name("keeper".into());
        thread.spawn(move || manager.carry_out(&taken))?;
        Ok(Self(Some(Arc::new(Store {
            orders,
            waiting,
            waiting_max: relayed_max.saturating_mul(2).saturating_add(WAITING_SPARE),
            room: AtomicUsize::new(room.saturating_sub(found.relayed)),
            number: AtomicU64::new(found.last_state),
            told,
            looks: AtomicU64::new(0),
        }))))
    }

    /// Whether anything is kept.
    pub(crate) fn keeps(&self) -> bool {
        self.0.is_some()
    }

    /// What it has done; `None` without a manager.
    pub(crate) fn kept(&self) -> Option<Kept> {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        self.0.as_ref().map(|store| Kept { looks: read(&store.looks), states: read(&store.number) })
    }

    /// The state was looked at, and what was to be kept is.
    pub(crate) fn looked(&self) {
        if let Some(store) = &self.0 {
            store.looks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the manager has been told of the last state.
    pub(crate) fn is_told(&self) -> bool {
        let told = |store: &Arc<Store>| {
            store.told.load(Ordering::Relaxed) == store.number.load(Ordering::Relaxed)
        };
        self.0.as_ref().is_none_or(told)
    }

    /// Keeps a state in the place of the one before.
    ///
    /// # Errors
    /// There is no memory for it, or the manager is so slow that no more is ordered; the one before is still
    /// kept.
    pub(crate) fn put_state(&self, state: &State) -> io::Result<()> {
        let Some(store) = &self.0 else { return Ok(()) };
        let file = sealed::write(&encode(state))?;
        let next = store.number.load(Ordering::Relaxed) + 1;
        store.order(Order::State(next, file))?;
        store.number.store(next, Ordering::Relaxed);
        Ok(())
    }

    /// Waits until the manager has all that it was told, for [`FLUSH_TIME_MAX`] at most.
    pub(crate) fn flush(&self) {
        let Some(store) = &self.0 else { return };
        let (done, answer) = sync_channel(1);
        // However much waits: this is the last order.
        if store.send(Order::Answer(done)).is_ok() {
            let _ = answer.recv_timeout(FLUSH_TIME_MAX);
        }
    }

    /// Keeps a socket that is listened on.
    pub(super) fn put(&self, kept: Descriptor, fd: BorrowedFd<'_>) {
        let Some(store) = &self.0 else { return };
        let name = kept.name();
        let ordered = fd.try_clone_to_owned().and_then(|fd| store.order(Order::Put(kept, fd)));
        if let Err(error) = ordered {
            tracing::warn!(%error, name, "cannot be kept for a restart");
        }
    }

    /// Keeps something no longer.
    pub(super) fn remove(&self, kept: Descriptor) {
        let Some(store) = &self.0 else { return };
        if let Err(error) = store.order(Order::Remove(kept)) {
            tracing::warn!(%error, "a socket stays with the service manager until the service stops");
        }
    }

    /// For the relayed sockets of a shard.
    pub(crate) fn of_shard(&self, shard: u16) -> Box<dyn sockets::Keeper> {
        Box::new(OfShard { keeper: self.clone(), shard, without_room: HashSet::new() })
    }
}

impl Store {
    fn order(&self, order: Order) -> io::Result<()> {
        match self.waiting.load(Ordering::Relaxed) < self.waiting_max {
            true => self.send(order),
            false => Err(io::Error::other("the service manager is slow")),
        }
    }

    fn send(&self, order: Order) -> io::Result<()> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.orders.send(order).map_err(|_| io::Error::other("the keeper has ended"))
    }

    /// Takes a place for a relayed socket, if there is one.
    fn take_room(&self) -> bool {
        let less = |room: usize| room.checked_sub(1);
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

struct OfShard {
    keeper: Keeper,
    shard: u16,
    /// Open, and not in the store.
    without_room: HashSet<SocketAddr>,
}

impl sockets::Keeper for OfShard {
    fn opened(&mut self, address: SocketAddr, socket: BorrowedFd<'_>) {
        let Some(store) = &self.keeper.0 else { return };
        if store.take_room() {
            return self.keeper.put(Descriptor::Relayed(self.shard, address), socket);
        }
        if self.without_room.is_empty() {
            tracing::warn!(
                "the service manager's store is full: new allocations end with this process"
            );
        }
        self.without_room.insert(address);
    }

    fn closed(&mut self, address: SocketAddr) {
        let Some(store) = &self.keeper.0 else { return };
        if !self.without_room.remove(&address) {
            store.room.fetch_add(1, Ordering::Relaxed);
            self.keeper.remove(Descriptor::Relayed(self.shard, address));
        }
    }
}

/// The thread that talks to the manager.
struct Manager {
    waiting: Arc<AtomicUsize>,
    told: Arc<AtomicU64>,
}

impl Manager {
    /// Until the last keeper is gone.
    fn carry_out(&mut self, orders: &Receiver<Order>) {
        for order in orders {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let done = match order {
                Order::State(number, file) => self.put_state(number, &file),
                Order::Put(kept, fd) => put(&kept, &fd),
                Order::Remove(kept) => remove(&kept),
                Order::Answer(done) => {
                    let _ = done.try_send(());
                    Ok(())
                }
            };
            if let Err(error) = done {
                tracing::warn!(%error, "cannot tell the service manager what to keep");
            }
        }
    }

    /// The one before goes when there is another.
    fn put_state(&mut self, number: u64, file: &OwnedFd) -> io::Result<()> {
        put(&Descriptor::State(number), file)?;
        let before = self.told.swap(number, Ordering::Relaxed);
        remove(&Descriptor::State(before))
    }
}

fn put(kept: &Descriptor, fd: &OwnedFd) -> io::Result<()> {
    let name = kept.name();
    let put = [NotifyState::FdStore, NotifyState::FdName(&name), POLL_NOT];
    sd_notify::notify_with_fds(false, &put, &[fd.as_fd()])
}

fn remove(kept: &Descriptor) -> io::Result<()> {
    let name = kept.name();
    sd_notify::notify(false, &[NotifyState::FdStoreRemove, NotifyState::FdName(&name)])
}

/// The manager would drop a socket on which there is an error, and any remote can cause one.
const POLL_NOT: NotifyState<'static> = NotifyState::Custom("FDPOLL=0");
