//! Proof that the fence admitted an address.

use std::net::SocketAddr;

use crate::{Epoch, FenceId, RegionId};

/// As what an address is judged: which list of the fence its region must be in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// A participant of a room, or a TURN client: the fence's `clients`.
    Client,
    /// A TURN peer: the fence's `peers`.
    Peer,
    /// A relay that carries: the fence's `transit`.
    Transit,
}

/// Proof that the fence admitted an address. Only [`crate::Policy::decide`] makes one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pass {
    addr: SocketAddr,
    epoch: Epoch,
    region: RegionId,
    fence: FenceId,
    role: Role,
}

// Every flow holds one or two: they must fit beside its counters.
const _: () = assert!(size_of::<Pass>() <= 48);

impl Pass {
    pub(crate) const fn new(
        addr: SocketAddr,
        region: RegionId,
        fence: FenceId,
        epoch: Epoch,
        role: Role,
    ) -> Self {
        Self { addr, epoch, region, fence, role }
    }

    /// The same proof for another port of the address: the fence judges addresses. `None` for port
    /// 0, which names no endpoint.
    pub fn at_port(&self, port: u16) -> Option<Self> {
        let mut addr = self.addr;
        addr.set_port(port);
        (port != 0).then(|| self.readdressed(addr))
    }

    pub(crate) fn readdressed(&self, addr: SocketAddr) -> Self {
        Self { addr, ..*self }
    }

    /// The canonical address: IPv4-mapped folded, flow label 0, scope id as it came.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the address is; behind NAT64, where the embedded IPv4 address is.
    pub const fn region(&self) -> RegionId {
        self.region
    }

    /// The fence that admitted it.
    pub const fn fence(&self) -> FenceId {
        self.fence
    }

    /// The policy that admitted it.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What it was admitted as.
    pub const fn role(&self) -> Role {
        self.role
    }
}
