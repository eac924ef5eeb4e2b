//! What the relay before this one has left.

use std::collections::BTreeMap;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use ringfence_net::backend::Backend;
use ringfence_net::inherited;
use ringfence_net::sockets::{Adopted, Sockets};

use super::keeper::Found;
use super::names::Descriptor;
use super::{Keeper, State, decode, sealed};

/// Sockets by shard, and the state that goes with them.
///
/// The manager keeps the sockets bound whether or not there is a state that can be read. So they are taken
/// over in any case: addresses that are listened on mean the same to every relay, and a relayed one of which
/// nobody knows is closed.
#[derive(Default)]
pub struct Inheritance {
    pub(crate) state: Option<State>,
    pub(crate) shards: BTreeMap<u16, Adopted>,
    /// Sockets that were listened on.
    listening: Vec<Descriptor>,
    found: Found,
    /// States that are not the last one.
    stale: Vec<Descriptor>,
}

/// What the service manager has handed over, as it is.
pub struct Handed(Vec<(String, OwnedFd)>);

impl Handed {
    /// Takes it. To be called before anything else is opened: descriptors are known by their numbers alone.
    pub fn take() -> Self {
        Self(inherited::take())
    }

    /// What it is. What cannot be used is told in the log.
    pub fn read(self) -> Inheritance {
        Inheritance::of(self.0)
    }
}

impl Inheritance {
    /// How many shards there were; `None` without any.
    pub(crate) fn shards_before(&self) -> Option<usize> {
        let told = self.state.as_ref().map(|state| usize::from(state.shards));
        let seen = || self.shards.last_key_value().map(|(&last, _)| usize::from(last) + 1);
        told.filter(|&shards| shards > 0).or_else(seen)
    }

    /// What keeps for the next one, of so many relayed sockets at most.
    pub(crate) fn keeper(&self, relayed_max: usize) -> io::Result<Keeper> {
        Keeper::start(self.found, relayed_max)
    }

    /// Has all sockets kept that are listened on, those to come that are relayed, and nothing else.
    pub(crate) fn keep_from_now_on(self, backends: &mut [Sockets], keeper: &Keeper) {
        if !keeper.keeps() {
            return;
        }
        let mut forgotten = self.listening;
        for (shard, backend) in (0_u16..).zip(backends) {
            backend.keep_with(keeper.of_shard(shard));
            let datagrams = backend.local_addresses().len();
            for (number, (at, fd)) in backend.listening().enumerate() {
                let kept = match number < datagrams {
                    true => Descriptor::Datagrams(shard, at),
                    false => Descriptor::Streams(shard, at),
                };
                match forgotten.iter().position(|before| *before == kept) {
                    Some(known) => drop(forgotten.swap_remove(known)),
                    None => keeper.put(kept, fd),
                }
            }
        }
        forgotten.into_iter().chain(self.stale).for_each(|gone| keeper.remove(gone));
    }

    fn of(descriptors: Vec<(String, OwnedFd)>) -> Self {
        let mut taken = Self::default();
        let mut states = BTreeMap::new();
        for (name, fd) in descriptors {
            let Some(kept) = Descriptor::of(&name) else {
                tracing::warn!(name, "a descriptor that is not ours is closed");
                continue;
            };
            match kept {
                Descriptor::State(number) => drop(states.insert(number, fd)),
                Descriptor::Datagrams(shard, _) => {
                    taken.shard(shard).listen.push(UdpSocket::from(fd));
                    taken.listening.push(kept);
                }
                Descriptor::Streams(shard, _) => {
                    taken.shard(shard).streams.push(TcpListener::from(fd));
                    taken.listening.push(kept);
                }
                Descriptor::Relayed(shard, _) => {
                    taken.shard(shard).relayed.push(UdpSocket::from(fd));
                    taken.found.relayed += 1;
                }
            }
        }
        if let Some((number, file)) = states.pop_last() {
            taken.found.last_state = number;
            taken.state = read(file);
        }
        taken.stale = states.into_keys().map(Descriptor::State).collect();
        taken
    }

    fn shard(&mut self, shard: u16) -> &mut Adopted {
        self.shards.entry(shard).or_default()
    }
}

/// A state that cannot be read is refused, and said so. An older one is never taken in its place: who has
/// been sent away since would be back.
fn read(file: OwnedFd) -> Option<State> {
    let bytes = sealed::read(file);
    let state = bytes.map_err(|error| error.to_string());
    match state.and_then(|bytes| decode(&bytes).map_err(|why| why.to_string())) {
        Ok(state) => Some(state),
        Err(why) => {
            tracing::error!(
                why,
                "the state of the relay before this one is refused: starting empty"
            );
            None
        }
    }
}
