//! Flows, and the only way out of the engine.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use ringfence_fence::{Epoch, Pass};
use ringfence_wire::datagram::{Fragmentation, Frame, LocalSocket, OpenError, Outbox, Transmit};

/// One remote address on one of our sockets: with the socket's own address, a 5-tuple.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FlowKey {
    pub(crate) remote: SocketAddr,
    pub(crate) local: LocalSocket,
}

impl FlowKey {
    /// The key of a packet's source as the kernel reports it: IPv4-mapped folded, flow label 0, as
    /// in the addresses that the fence passes.
    #[inline]
    pub(crate) fn of_source(remote: SocketAddr, local: LocalSocket) -> Self {
        let remote = match remote {
            SocketAddr::V4(_) => remote,
            SocketAddr::V6(mut v6) => match v6.ip().to_ipv4_mapped() {
                Some(ip) => SocketAddr::from((ip, v6.port())),
                None => {
                    v6.set_flowinfo(0);
                    v6.into()
                }
            },
        };
        Self { remote, local }
    }

    pub(crate) fn of_pass(pass: &Pass, local: LocalSocket) -> Self {
        Self { remote: pass.addr(), local }
    }
}

/// All of an IPv4 flow in one word, so that it is hashed in one step.
impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let local = match self.local {
            LocalSocket::Listen(number) => u64::from(number),
            LocalSocket::Relayed(number) => 1 << 32 | u64::from(number),
            LocalSocket::Stream(number) => 2 << 32 | u64::from(number),
        };
        let port = u64::from(self.remote.port());
        match self.remote {
            SocketAddr::V4(v4) => {
                // The numbers of listening sockets are small, so nothing is lost for those.
                let address = u64::from(v4.ip().to_bits()) << 16 | port;
                state.write_u64(address ^ local.rotate_left(48));
            }
            SocketAddr::V6(v6) => {
                state.write_u128(v6.ip().to_bits());
                state.write_u64(u64::from(v6.scope_id()) << 16 ^ port ^ local.rotate_left(48));
            }
        }
    }
}

/// Sends to addresses that the fence passed under the policy in force, and to no other: there is no
/// method that takes a bare address.
pub(crate) struct Egress<'o, O> {
    outbox: &'o mut O,
    epoch: Epoch,
}

impl<'o, O> Egress<'o, O> {
    pub(crate) fn new(outbox: &'o mut O, epoch: Epoch) -> Self {
        Self { outbox, epoch }
    }

    /// Whether this pass is of the policy in force.
    pub(crate) fn admits(&self, pass: &Pass) -> bool {
        pass.epoch() == self.epoch
    }

    /// Passes received bytes on. Does nothing when the pass is stale.
    pub(crate) fn forward<'rx>(&mut self, payload: &'rx [u8], pass: &Pass, from: LocalSocket)
    where
        O: Outbox<'rx>,
    {
        if self.admits(pass) {
            self.outbox.forward(Transmit { payload, to: pass.addr(), from });
        }
    }

    /// Passes received bytes on between a header of ours and padding. Does nothing when the pass is
    /// stale.
    pub(crate) fn frame<'rx>(
        &mut self,
        frame: Frame<'_>,
        payload: &'rx [u8],
        pass: &Pass,
        from: LocalSocket,
    ) where
        O: Outbox<'rx>,
    {
        if self.admits(pass) {
            self.outbox.frame(frame, Transmit { payload, to: pass.addr(), from });
        }
    }

    /// Sends bytes that we hold. Does nothing when the pass is stale.
    pub(crate) fn send_own<'rx>(&mut self, bytes: &[u8], pass: &Pass, from: LocalSocket)
    where
        O: Outbox<'rx>,
    {
        if self.admits(pass) {
            self.outbox.send_own(bytes, pass.addr(), from);
        }
    }

    /// What is asked of the sockets themselves.
    pub(crate) fn sockets<'rx>(&mut self) -> Sockets<'_, O>
    where
        O: Outbox<'rx>,
    {
        Sockets(self.outbox)
    }
}

/// Opening and closing, which needs no pass: it sends nothing.
pub(crate) struct Sockets<'o, O>(&'o mut O);

impl<O> Sockets<'_, O> {
    pub(crate) fn open<'rx>(&mut self, address: SocketAddr) -> Result<LocalSocket, OpenError>
    where
        O: Outbox<'rx>,
    {
        self.0.open(address)
    }

    pub(crate) fn close<'rx>(&mut self, socket: LocalSocket)
    where
        O: Outbox<'rx>,
    {
        self.0.close(socket);
    }

    pub(crate) fn fragmentation<'rx>(&mut self, socket: LocalSocket, fragmentation: Fragmentation)
    where
        O: Outbox<'rx>,
    {
        self.0.fragmentation(socket, fragmentation);
    }

    /// Tells a stream's socket whether its remote has authenticated; nothing for other sockets.
    pub(crate) fn authenticated<'rx>(&mut self, socket: LocalSocket, authenticated: bool)
    where
        O: Outbox<'rx>,
    {
        if let LocalSocket::Stream(_) = socket {
            self.0.authenticated(socket, authenticated);
        }
    }
}
