//! What was carried for whom. Shards count it where packets pass; it is told apart by the policy and
//! the region that it was carried under, so each change of either is settled first.

use std::ops::AddAssign;
use std::sync::Arc;

use ringfence_fence::{Policy, RegionId};

use crate::identity::ParticipantId;
use crate::turn::AllocationId;

/// What passed in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Carriage {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

/// What passed between the relay and one party.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Datagrams of the party that were passed on, to however many.
    pub packets_in: u64,
    /// Their payload bytes.
    pub bytes_in: u64,
    /// Datagrams of others that were passed on to the party.
    pub packets_out: u64,
    /// Their payload bytes.
    pub bytes_out: u64,
}

/// Whom something is carried for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Holder {
    /// A participant of a room.
    Participant(ParticipantId),
    /// A TURN client.
    Allocation(AllocationId),
}

/// What was carried for one party.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Carried {
    /// Whom for.
    pub holder: Holder,
    /// Where it was, as the settlement's policy has it.
    pub region: RegionId,
    /// What.
    pub traffic: Traffic,
}

/// What one shard carried and had not told before.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The policy that it was carried under.
    pub policy: Arc<Policy>,
    /// Why it is told now.
    pub occasion: Occasion,
    /// Each party for which there was something, in no order.
    pub carried: Vec<Carried>,
}

/// Why a shard tells what it carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// It was asked; the number is that of the question.
    Round(u64),
    /// The policy or someone's address is about to change.
    Change,
    /// The party is gone, and this is the last that this shard has to say of it.
    Farewell(Holder),
}

impl Traffic {
    pub(crate) fn take_in(&mut self, packets: u64, bytes: u64) {
        self.packets_in += packets;
        self.bytes_in += bytes;
    }

    pub(crate) fn put_out(&mut self, packets: u64, bytes: u64) {
        self.packets_out += packets;
        self.bytes_out += bytes;
    }
}

impl Carriage {
    pub(crate) fn add(&mut self, packets: u64, bytes: u64) {
        self.packets += packets;
        self.bytes += bytes;
    }
}

impl AddAssign for Carriage {
    fn add_assign(&mut self, other: Self) {
        self.add(other.packets, other.bytes);
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.take_in(other.packets_in, other.bytes_in);
        self.put_out(other.packets_out, other.bytes_out);
    }
}

impl Carried {
    /// Takes what was heard of a party and sent to it; `None` if that is nothing.
    pub(crate) fn take_both(
        holder: Holder,
        region: RegionId,
        heard: &mut Carriage,
        sent: &mut Carriage,
    ) -> Option<Self> {
        let (heard, sent) = (std::mem::take(heard), std::mem::take(sent));
        let mut traffic = Traffic::default();
        traffic.take_in(heard.packets, heard.bytes);
        traffic.put_out(sent.packets, sent.bytes);
        Self::take(holder, region, &mut traffic)
    }

    /// Takes what there is; `None` if that is nothing.
    pub(crate) fn take(holder: Holder, region: RegionId, traffic: &mut Traffic) -> Option<Self> {
        let traffic = std::mem::take(traffic);
        (traffic != Traffic::default()).then_some(Self { holder, region, traffic })
    }
}
