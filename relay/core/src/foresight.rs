//! Reading ahead. With many flows, most of what a packet needs is far from the processor; read for a
//! whole batch before the first packet is judged, a dozen are fetched in the time of one.

use arrayvec::ArrayVec;
use ringfence_wire::datagram::{Datagram, LocalSocket};
use ringfence_wire::demux::Kind;

use crate::engine::Engine;
use crate::flow::FlowKey;
use crate::limits::AHEAD_MAX;
use crate::place_index::KeyHash;

/// A datagram whose source has been hashed.
pub(crate) struct Arrival<'rx> {
    /// Of its first segment.
    pub(crate) kind: Kind,
    pub(crate) datagram: Datagram<'rx>,
    pub(crate) flow: FlowKey,
    pub(crate) hash: KeyHash,
}

/// Of one batch, or a part of it.
pub(crate) type Arrivals<'rx> = ArrayVec<Arrival<'rx>, AHEAD_MAX>;

impl Engine {
    /// Takes the next datagrams. Of neighbours of one source, the first is hashed.
    pub(crate) fn take_in<'rx>(
        &self,
        received: &mut impl Iterator<Item = Datagram<'rx>>,
    ) -> Arrivals<'rx> {
        let mut arrivals = Arrivals::new();
        for datagram in received.take(AHEAD_MAX) {
            let Datagram { remote, local, .. } = datagram;
            let last = arrivals.last().map(|last| (&last.datagram, last.flow, last.hash));
            let (flow, hash) = match last {
                Some((last, flow, hash)) if (last.remote, last.local) == (remote, local) => {
                    (flow, hash)
                }
                _ => {
                    let flow = FlowKey::of_source(remote, local);
                    (flow, self.hash(&flow))
                }
            };
            let kind = self.kind(datagram.payload);
            arrivals.push(Arrival { kind, datagram, flow, hash });
        }
        arrivals
    }

    /// What arrives at a relayed socket is found by the socket's number.
    #[inline]
    fn hash(&self, flow: &FlowKey) -> KeyHash {
        match flow.local {
            LocalSocket::Relayed(_) => KeyHash::NONE,
            _ => self.flows.hash(flow),
        }
    }

    /// Reads what they will need.
    pub(crate) fn foresee(&self, arrivals: &Arrivals<'_>) {
        if let [_, _, ..] = arrivals[..] {
            self.rooms.foresee(arrivals.iter().filter(|one| one.is_media()));
            if let Some(turn) = &self.turn {
                turn.foresee(arrivals.iter().filter(|one| !one.is_media()));
            }
        }
    }
}

impl Arrival<'_> {
    fn is_media(&self) -> bool {
        matches!(self.datagram.local, LocalSocket::Listen(_))
            && matches!(self.kind, Kind::Rtp | Kind::Rtcp)
    }
}
