//! A participant on one shard.

use std::sync::Arc;

use arrayvec::ArrayVec;
use ringfence_fence::Pass;
use ringfence_wire::datagram::LocalSocket;
use ringfence_wire::rtp::Ssrc;

use super::path_check::CheckKey;
use super::sources::SourceKey;
use crate::flow::FlowKey;
use crate::identity::Seat;
use crate::limits::PATH_CHECKS_PER_PARTICIPANT_MAX;
use crate::media::Ceiling;
use crate::message::Admission;
use crate::scrutiny::Watch;
use crate::time::Instant;
use crate::traffic::Carriage;

/// Place of a member in the shard's table.
pub(crate) type MemberKey = u32;

/// A participant: credentials, where it is, what it may send. What each of its packets needs comes
/// first, in two cache lines.
#[repr(C)]
pub(crate) struct Member {
    pub(crate) latch: Option<Latch>,
    pub(crate) ceiling: Ceiling,
    /// What it sent and others got, and has not been told.
    pub(crate) heard: Carriage,
    /// What it spoke with last.
    pub(crate) voice: (Ssrc, SourceKey),
    /// Place of its room in the shard's table.
    pub(crate) room: u32,
    pub(crate) seat: Seat,
    /// Whether a consent timer is set.
    pub(crate) consent_timer: bool,
    pub(crate) watch: Watch,
    pub(crate) admission: Arc<Admission>,
    /// What was sent to it from here and has been told.
    pub(crate) settled: Carriage,
    checks: Option<Box<MemberChecks>>,
    /// From when on a refusal of its address may be reported.
    pub(crate) refusal_reported_from: Instant,
}

const _: () = assert!(size_of::<Option<Latch>>() == 64 && size_of::<Member>() <= 176);

/// Path checks on their way.
pub(crate) type MemberChecks = ArrayVec<CheckKey, PATH_CHECKS_PER_PARTICIPANT_MAX>;

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
    pub(crate) fn new(admission: Arc<Admission>, room: u32, now: Instant) -> Self {
        Self {
            latch: None,
            ceiling: Ceiling::new(admission.kbps_max, now),
            heard: Carriage::default(),
            voice: (Ssrc(0), SourceKey::MAX),
            room,
            seat: admission.seat,
            consent_timer: false,
            watch: Watch::default(),
            admission,
            settled: Carriage::default(),
            checks: None,
            refusal_reported_from: Instant::START,
        }
    }

    /// Whether it wants to hear what this seat says.
    pub(crate) fn hears(&self, seat: Seat) -> bool {
        self.admission.hears.as_ref().is_none_or(|seats| seats.contains(seat))
    }

    #[inline]
    pub(crate) fn is_latched_at(&self, flow: &FlowKey) -> bool {
        self.latch
            .as_ref()
            .is_some_and(|latch| latch.pass.addr() == flow.remote && latch.local == flow.local)
    }

    pub(crate) fn checks(&self) -> &[CheckKey] {
        self.checks.as_deref().map_or(&[], ArrayVec::as_slice)
    }

    /// Nearly nobody has any for longer than a moment, so they have memory of their own.
    pub(crate) fn checks_mut(&mut self) -> &mut MemberChecks {
        self.checks.get_or_insert_default()
    }

    /// Gives that memory back when there are none.
    pub(crate) fn forget_check(&mut self, key: CheckKey) {
        let checks = self.checks_mut();
        checks.retain(|held| *held != key);
        if checks.is_empty() {
            self.checks = None;
        }
    }

    pub(crate) fn forget_checks(&mut self) {
        self.checks = None;
    }
}
