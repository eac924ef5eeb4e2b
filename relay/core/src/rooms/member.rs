//! A participant on one shard.

use std::sync::Arc;

use arrayvec::ArrayVec;
use ringfence_fence::Pass;
use ringfence_wire::datagram::LocalSocket;

use super::path_check::CheckKey;
use crate::flow::FlowKey;
use crate::identity::Seat;
use crate::limits::PATH_CHECKS_PER_PARTICIPANT_MAX;
use crate::media::Ceiling;
use crate::message::Admission;
use crate::scrutiny::Watch;
use crate::time::Instant;
use crate::traffic::Traffic;

/// Place of a member in the shard's table.
pub(crate) type MemberKey = usize;

/// A participant: credentials, where it is, what it may send.
pub(crate) struct Member {
    pub(crate) admission: Arc<Admission>,
    /// Place of its room in the shard's table.
    pub(crate) room: usize,
    pub(crate) latch: Option<Latch>,
    pub(crate) ceiling: Ceiling,
    pub(crate) checks: ArrayVec<CheckKey, PATH_CHECKS_PER_PARTICIPANT_MAX>,
    /// Whether a consent timer is set.
    pub(crate) consent_timer: bool,
    pub(crate) refusal_reported: Option<Instant>,
    /// What was carried for it here and has been told.
    pub(crate) settled: Traffic,
    pub(crate) watch: Watch,
}

/// The one address that speaks for a participant.
#[derive(Clone, Copy)]
pub(crate) struct Latch {
    pub(crate) pass: Pass,
    pub(crate) local: LocalSocket,
    /// Whether its checks arrive here, so that its consent ends here.
    pub(crate) watched: bool,
    pub(crate) consent_until: Instant,
}

impl Latch {
    pub(crate) fn flow(&self) -> FlowKey {
        FlowKey::of_pass(&self.pass, self.local)
    }
}

impl Member {
    pub(crate) fn new(admission: Arc<Admission>, room: usize, now: Instant) -> Self {
        let ceiling = Ceiling::new(admission.kbps_max, now);
        Self {
            admission,
            room,
            latch: None,
            ceiling,
            checks: ArrayVec::new(),
            consent_timer: false,
            refusal_reported: None,
            settled: Traffic::default(),
            watch: Watch::default(),
        }
    }

    /// Whether it wants to hear what this seat says.
    pub(crate) fn hears(&self, seat: Seat) -> bool {
        self.admission.hears.as_ref().is_none_or(|seats| seats.contains(seat))
    }

    pub(crate) fn is_latched_at(&self, flow: &FlowKey) -> bool {
        self.latch.is_some_and(|latch| latch.flow() == *flow)
    }
}
