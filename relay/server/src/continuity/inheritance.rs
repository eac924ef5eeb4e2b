//! What the relay before this one has left.

use std::collections::BTreeMap;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use ringfence_net::inherited;
use ringfence_net::sockets::Adopted;

use super::names::Descriptor;
use super::{Keeper, State, decode, sealed};

/// Sockets by shard, and the state that goes with them.
#[derive(Default)]
pub struct Inheritance {
    pub(crate) state: Option<State>,
    pub(crate) shards: BTreeMap<u16, Adopted>,
    /// Number of the last state.
    last_state: u64,
}

impl Inheritance {
    /// What the service manager hands over. Without a state that can be read, nothing is taken: sockets of
    /// which nobody knows what they are for are closed.
    pub fn take() -> Self {
        Self::of(inherited::take())
    }

    /// What keeps for the next one.
    pub(crate) fn keeper(&self) -> io::Result<Keeper> {
        Keeper::start(self.last_state)
    }

    fn of(descriptors: Vec<(String, OwnedFd)>) -> Self {
        let mut taken = Self::default();
        let mut states = BTreeMap::new();
        for (name, fd) in descriptors {
            match Descriptor::of(&name) {
                Some(Descriptor::State(number)) => drop(states.insert(number, fd)),
                Some(Descriptor::Datagrams(shard, _)) => {
                    taken.shard(shard).listen.push(UdpSocket::from(fd));
                }
                Some(Descriptor::Streams(shard, _)) => {
                    taken.shard(shard).streams.push(TcpListener::from(fd));
                }
                Some(Descriptor::Relayed(shard, _)) => {
                    taken.shard(shard).relayed.push(UdpSocket::from(fd));
                }
                None => tracing::warn!(name, "a descriptor that is not ours is closed"),
            }
        }
        taken.last_state = states.last_key_value().map_or(0, |(&number, _)| number);
        taken.state = states.into_values().rev().find_map(read);
        if taken.state.is_none() {
            taken.shards.clear();
        }
        taken
    }

    fn shard(&mut self, shard: u16) -> &mut Adopted {
        self.shards.entry(shard).or_default()
    }
}

/// A state that cannot be read is refused, and said so.
fn read(file: OwnedFd) -> Option<State> {
    let bytes = sealed::read(file);
    let state = bytes.map_err(|error| error.to_string());
    match state.and_then(|bytes| decode(&bytes).map_err(|why| why.to_string())) {
        Ok(state) => Some(state),
        Err(why) => {
            tracing::error!(why, "the state of the relay before this one is refused");
            None
        }
    }
}
