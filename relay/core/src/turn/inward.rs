//! From a peer to the client: as ChannelData where the peer has a channel, else as a Data
//! indication (RFC 8656 sections 11.3 and 12.6). Nothing that arrives here is read as STUN.

use std::net::SocketAddr;

use ringfence_fence::Pass;
use ringfence_wire::channel_data::{self, ChannelNumber};
use ringfence_wire::data_indication::DataIndication;
use ringfence_wire::datagram::{Datagram, Frame, LocalSocket, Outbox};
use ringfence_wire::framing;
use ringfence_wire::stun::TransactionId;

use super::Turn;
use super::allocation::{Allocation, AllocationKey};
use crate::counters::DropReason;
use crate::engine::Context;
use crate::flow::{Egress, FlowKey};
use crate::random::Csprng;
use crate::scrutiny::{SampledFlow, TurnDirection};
use crate::time::Instant;

/// Who a packet is from, and the channel that the client has for them.
pub(super) struct Source<'a> {
    pub(super) peer: &'a SocketAddr,
    pub(super) channel: Option<ChannelNumber>,
}

impl Turn {
    /// Everything that one receive call brought to a relayed socket. Who may send is looked up once.
    pub(crate) fn peer<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        datagram: &Datagram<'rx>,
        egress: &mut Egress<'_, O>,
    ) {
        let peer = FlowKey::of_source(datagram.remote, datagram.local).remote;
        let client = self.client_for(now, datagram.local, &peer);
        for payload in datagram.segments() {
            context.counters.receive_one(payload.len());
            let passed = client.and_then(|(key, channel)| {
                self.pass_on(context, now, key, (&peer, channel), payload, egress)
            });
            if let Err(reason) = passed {
                context.counters.drop_one(reason);
            }
        }
    }

    /// Whose socket it is, whether that client lets the peer send, and on which channel.
    fn client_for(
        &self,
        now: Instant,
        local: LocalSocket,
        peer: &SocketAddr,
    ) -> Result<(AllocationKey, Option<ChannelNumber>), DropReason> {
        let key = self.at_socket(local).ok_or(DropReason::NoAllocation)?;
        let allocation = &self.allocations[key];
        // A permission is for every port but 0: no fence admits that, and nobody could be answered there.
        let named = peer.port() != 0 && allocation.permission(now, peer.ip()).is_some();
        let permitted = named || self.is_invited(now, allocation, peer);
        if !permitted {
            return Err(DropReason::NoPermission);
        }
        Ok((key, allocation.number(now, peer)))
    }

    /// From another allocation of this relay, and the same one that the client meant.
    fn is_invited(&self, now: Instant, allocation: &Allocation, peer: &SocketAddr) -> bool {
        let invited = allocation.invited(now, peer);
        invited.is_some_and(|invited| self.neighbours.client_of(peer, invited.guest).is_some())
    }

    fn pass_on<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        (peer, channel): (&SocketAddr, Option<ChannelNumber>),
        payload: &'rx [u8],
        egress: &mut Egress<'_, O>,
    ) -> Result<(), DropReason> {
        let allocation = &mut self.allocations[key];
        let client = (&allocation.pass, allocation.flow.local);
        let source = Source { peer, channel };
        wrap(egress, &mut context.random, &source, payload, client)?;
        allocation.traffic.put_out(1, payload.len() as u64);
        let flow = SampledFlow::Allocation(allocation.id, TurnDirection::ToClient);
        context.sampler.pass(now, &mut allocation.inward, flow, payload);
        context.counters.forward_one(payload.len());
        Ok(())
    }
}

/// Sends a peer's packet to a client in the form that the client wants it.
pub(super) fn wrap<'rx, O: Outbox<'rx>>(
    egress: &mut Egress<'_, O>,
    random: &mut Csprng,
    source: &Source<'_>,
    payload: &'rx [u8],
    (client, local): (&Pass, LocalSocket),
) -> Result<(), DropReason> {
    let Some(channel) = source.channel else {
        let id = TransactionId(random.bytes());
        let around = DataIndication::new(id, *source.peer, payload.len());
        let around = around.ok_or(DropReason::TooLong)?;
        egress.frame(around.frame(), payload, client, local);
        return Ok(());
    };
    let header = channel_data::header(channel, payload.len()).ok_or(DropReason::TooLong)?;
    // "Over TCP and TLS-over-TCP, the ChannelData message MUST be padded" (RFC 8656 section 12.5).
    let padding_bytes = match local {
        LocalSocket::Stream(_) => framing::padding_bytes(payload.len()),
        _ => 0,
    };
    egress.frame(Frame { header: &header, padding_bytes }, payload, client, local);
    Ok(())
}
