//! From a client to its peers: Send indications and ChannelData (RFC 8656 sections 11.1 and 12.5).

use std::net::SocketAddr;

use ringfence_fence::Pass;
use ringfence_wire::channel_data::{ChannelData, ChannelNumber};
use ringfence_wire::datagram::{Fragmentation, LocalSocket, Outbox};
use ringfence_wire::stun::{Attribute, Message};

use super::Turn;
use super::allocation::{Allocation, AllocationKey, Peer, Stage};
use super::inward::{Source, wrap};
use super::neighbours::Way;
use crate::counters::DropReason;
use crate::denial::Denial;
use crate::engine::Context;
use crate::flow::Egress;
use crate::scrutiny::{SampledFlow, TurnDirection};
use crate::time::Instant;

/// The client behind a datagram, or a train of them; then also where its last channel led, since most
/// trains are of one.
#[derive(Clone, Copy)]
pub(crate) struct Sender {
    key: AllocationKey,
    is_train: bool,
    open: Option<(ChannelNumber, Pass, LocalSocket)>,
}

impl Sender {
    pub(crate) fn new(key: AllocationKey, is_train: bool) -> Self {
        Self { key, is_train, open: None }
    }
}

impl Turn {
    /// One ChannelData message of a client.
    pub(crate) fn channel_data<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        sender: Option<&mut Sender>,
        datagram: &'rx [u8],
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        // Who is not in has no faults: only strangers' packets.
        let sender = sender.ok_or(DropReason::NoAllocation)?;
        let ChannelData { channel, payload } =
            ChannelData::parse(datagram, self.setup.channel_numbers)
                .map_err(|_| DropReason::MalformedChannelData)?;
        if let Some((last, pass, socket)) = &sender.open
            && *last == channel
        {
            egress.forward(payload, pass, *socket);
            self.note_sent(context, now, sender.key, payload);
            return Ok(());
        }
        let allocation = &self.allocations[sender.key];
        let held = allocation.channels.get(&channel).filter(|channel| channel.expires > now);
        let peer = held.ok_or(DropReason::NoChannel)?.peer;
        self.send(context, now, sender.key, &peer, (payload, Fragmentation::Allowed), egress)?;
        // Nothing can close it before the train has passed.
        if let Peer::Outside(pass) = peer
            && sender.is_train
        {
            let relayed = self.allocations[sender.key].relayed_for(pass.addr().ip());
            sender.open = relayed.map(|relayed| (channel, pass, relayed.socket));
        }
        Ok(())
    }

    pub(super) fn send_indication<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        message: &Message<'rx>,
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        if !message.unknown_required().is_empty() {
            return Err(DropReason::UnknownAttribute.into());
        }
        let peer = message.xor_address(Attribute::XorPeerAddress);
        let (Some(peer), Some(data)) = (peer, message.data()) else {
            return Err(DropReason::MalformedSend.into());
        };
        let peer = self.allocations[key].peer(now, peer).ok_or(DropReason::NoPermission)?;
        let fragmentation = match message.dont_fragment() {
            true => Fragmentation::Never,
            false => Fragmentation::Allowed,
        };
        self.send(context, now, key, &peer, (data, fragmentation), egress)
    }

    fn send<'rx, O: Outbox<'rx>>(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        peer: &Peer,
        (payload, fragmentation): (&'rx [u8], Fragmentation),
        egress: &mut Egress<'_, O>,
    ) -> Result<(), Denial> {
        match peer {
            Peer::Outside(pass) => {
                let relayed = self.allocations[key].relayed_for_mut(pass.addr().ip());
                let relayed = relayed.ok_or(DropReason::NoPermission)?;
                if relayed.fragmentation != fragmentation {
                    egress.sockets().fragmentation(relayed.socket, fragmentation);
                    relayed.fragmentation = fragmentation;
                }
                egress.forward(payload, pass, relayed.socket);
            }
            Peer::Inside(pass, host) => {
                let guest = self.allocations[key].id;
                let relayed = self.allocations[key].relayed_for(pass.addr().ip());
                let relayed = *relayed.ok_or(DropReason::NoPermission)?;
                let way = self.neighbours.way(now, (guest, &relayed.address), *host);
                match way.ok_or(DropReason::NoPermission)? {
                    Way::Direct { pass, local, channel, traffic } => {
                        let from = Source { peer: &relayed.address, channel };
                        wrap(egress, &mut context.random, &from, payload, (&pass, local))?;
                        traffic.put_out(1, payload.len() as u64);
                    }
                    Way::Relayed => egress.forward(payload, pass, relayed.socket),
                }
            }
        }
        self.note_sent(context, now, key, payload);
        Ok(())
    }

    fn note_sent(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: AllocationKey,
        payload: &[u8],
    ) {
        let allocation = &mut self.allocations[key];
        allocation.traffic.take_in(1, payload.len() as u64);
        let flow = SampledFlow::Allocation(allocation.id, TurnDirection::ToPeers);
        context.sampler.pass(now, &mut allocation.outward, flow, payload);
        context.counters.forward_one(payload.len());
    }
}

impl Allocation {
    /// Whom a Send indication goes to, if the client has a permission for it.
    fn peer(&self, now: Instant, peer: SocketAddr) -> Option<Peer> {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        if self.stage != Stage::Standing {
            return None;
        }
        if let Some(pass) = self.permission(now, peer.ip()) {
            return pass.at_port(peer.port()).map(Peer::Outside);
        }
        let invited = self.invited(now, &peer)?;
        Some(Peer::Inside(invited.pass, invited.guest))
    }
}
