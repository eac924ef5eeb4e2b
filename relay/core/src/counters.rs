//! How every datagram ended. Plain numbers, one set per shard, summed elsewhere.

use std::ops::Add;

use ringfence_fence::Rule;

use crate::turn::AuthFailure;

/// Whose fault a drop is, so that an operator knows whom to ask.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// The sender's: malformed, unauthenticated, not theirs to send.
    Sender,
    /// The policy's: it worked.
    Policy,
    /// Ours: a limit of this relay.
    Relay,
}

macro_rules! drop_reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident $code:literal $fault:ident,)+) => {
        /// The one way in which a datagram that was neither forwarded nor answered ended.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(usize)]
        pub enum DropReason { $($(#[doc = $doc])+ $variant,)+ }

        impl DropReason {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Stable name, in snake_case.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// Whose fault it is.
            pub fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault,)+ }
            }
        }
    };
}

drop_reasons! {
    /// No protocol that a relay knows by its first byte (RFC 9443).
    UnknownProtocol "unknown_protocol" Sender,
    /// A protocol that is known but has no door here: QUIC, TURN channels outside an allocation.
    NoDoor "no_door" Sender,
    /// Not a well-formed STUN message (RFC 8489 section 6.3).
    MalformedStun "malformed_stun" Sender,
    /// A STUN method or class that is not answered: responses to nothing, indications.
    UnexpectedStun "unexpected_stun" Sender,
    /// A USERNAME of nobody here, or none.
    UnknownUsername "unknown_username" Sender,
    /// MESSAGE-INTEGRITY or FINGERPRINT missing or wrong.
    BadIntegrity "bad_integrity" Sender,
    /// A comprehension-required attribute that is not understood, from an unproven address.
    UnknownAttribute "unknown_attribute" Sender,
    /// The address already speaks for another participant.
    AddressTaken "address_taken" Sender,
    /// Anything but STUN from an address that is not latched.
    NotLatched "not_latched" Sender,
    /// A header that is not RTP or RTCP after all.
    MalformedMedia "malformed_media" Sender,
    /// The SSRC belongs to another participant of the room: a second sender would reuse its
    /// key stream (RFC 3711 section 9.1).
    SsrcOfAnother "ssrc_of_another" Sender,
    /// More SSRCs than one participant may own.
    SsrcLimit "ssrc_limit" Sender,
    /// Above the participant's ceiling.
    OverCeiling "over_ceiling" Sender,
    /// DTLS or ZRTP in a room that has not exactly two participants.
    HandshakeNeedsTwo "handshake_needs_two" Sender,
    /// Of a 5-tuple that has no allocation.
    NoAllocation "no_allocation" Sender,
    /// To or from a peer that the allocation has no permission for (RFC 8656 section 9).
    NoPermission "no_permission" Sender,
    /// On a channel that is not bound (RFC 8656 section 12.6).
    NoChannel "no_channel" Sender,
    /// Not a well-formed ChannelData message (RFC 8656 section 12.6).
    MalformedChannelData "malformed_channel_data" Sender,
    /// A Send indication without a peer address or data (RFC 8656 section 11.2).
    MalformedSend "malformed_send" Sender,
    /// A peer's packet that is too long for the message that would carry it to the client.
    TooLong "too_long" Sender,
    /// The fence refused the address; `refusals` says by which rule.
    Refused "refused" Policy,
    /// Nobody else in the room is there, or asked to hear this sender.
    NobodyListens "nobody_listens" Policy,
    /// The address was checked less than a second ago, or the participant has too many candidates.
    PathCheckLimit "path_check_limit" Relay,
    /// No room to keep a packet until its SSRC's owner is known, or it took too long.
    ParkingFull "parking_full" Relay,
    /// An address that has proved nothing asked too often, or all of them together did.
    AnswerLimit "answer_limit" Relay,
    /// An address that is not in made the relay compute too often.
    SourceLimit "source_limit" Relay,
    /// Its allocation is being made.
    AllocationAsked "allocation_asked" Relay,
    /// The registry has not fetched our reports.
    ReportsFull "reports_full" Relay,
}

/// Why what strangers send is dropped.
const STRANGE: [DropReason; 13] = [
    DropReason::UnknownProtocol,
    DropReason::NoDoor,
    DropReason::MalformedStun,
    DropReason::UnexpectedStun,
    DropReason::UnknownAttribute,
    DropReason::UnknownUsername,
    DropReason::BadIntegrity,
    DropReason::NotLatched,
    DropReason::NoAllocation,
    DropReason::Refused,
    DropReason::PathCheckLimit,
    DropReason::AnswerLimit,
    DropReason::SourceLimit,
];

/// What one shard did, since its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counters {
    /// Datagrams that came in; each segment of a train is one.
    pub received: u64,
    /// Their payload bytes.
    pub received_bytes: u64,
    /// Datagrams that left to at least one listener.
    pub forwarded: u64,
    /// Datagrams that left: one per listener.
    pub copies: u64,
    /// Payload bytes of the copies.
    pub copied_bytes: u64,
    /// Datagrams that were for the relay itself and were dealt with: checks, answers to ours.
    pub answered: u64,
    /// Of those, strangers' who were told how to authenticate, their address, or why they get nothing.
    pub told_strangers: u64,
    /// Path checks sent.
    pub path_checks: u64,
    /// By [`DropReason`], in the order of `DropReason::ALL`.
    pub drops: [u64; DropReason::ALL.len()],
    /// What the fence refused, by [`Rule`], in the order of `Rule::ALL`.
    pub refusals: [u64; Rule::ALL.len()],
    /// Credentials that were not accepted, by [`AuthFailure`], in the order of `AuthFailure::ALL`.
    pub auth_failures: [u64; AuthFailure::ALL.len()],
    /// Allocations that stand.
    pub allocations: u64,
    /// Allocations that have stood.
    pub allocations_made: u64,
    /// Addresses that participants whose checks come here were latched to.
    pub latches_made: u64,
}

impl Counters {
    /// All zero.
    pub const fn new() -> Self {
        Self {
            received: 0,
            received_bytes: 0,
            forwarded: 0,
            copies: 0,
            copied_bytes: 0,
            answered: 0,
            told_strangers: 0,
            path_checks: 0,
            drops: [0; DropReason::ALL.len()],
            refusals: [0; Rule::ALL.len()],
            auth_failures: [0; AuthFailure::ALL.len()],
            allocations: 0,
            allocations_made: 0,
            latches_made: 0,
        }
    }

    /// Datagrams dropped for this reason.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.drops[reason as usize]
    }

    /// Datagrams that those send who are not in; who is in may send one now and then.
    pub fn strange(&self) -> u64 {
        let dropped: u64 = STRANGE.iter().map(|&reason| self.dropped(reason)).sum();
        self.told_strangers + dropped
    }

    /// How often somebody was let in: what [`crate::Engine::admitted`] tells has more in it since then.
    pub fn admissions(&self) -> u64 {
        self.allocations_made + self.latches_made
    }

    /// Datagrams that have ended; the rest of `received` is parked.
    pub fn ended(&self) -> u64 {
        self.forwarded + self.answered + self.drops.iter().sum::<u64>()
    }

    pub(crate) fn receive_one(&mut self, bytes: usize) {
        self.received += 1;
        self.received_bytes += bytes as u64;
    }

    /// A datagram that went to one destination.
    pub(crate) fn forward_one(&mut self, bytes: usize) {
        self.forwarded += 1;
        self.copies += 1;
        self.copied_bytes += bytes as u64;
    }

    pub(crate) fn drop_one(&mut self, reason: DropReason) {
        self.drops[reason as usize] += 1;
    }

    pub(crate) fn drop_many(&mut self, reason: DropReason, count: u64) {
        self.drops[reason as usize] += count;
    }

    pub(crate) fn refuse(&mut self, rule: Rule) {
        self.drop_one(DropReason::Refused);
        self.note_refusal(rule);
    }

    /// A refusal that was answered, so that its datagram is no drop.
    pub(crate) fn note_refusal(&mut self, rule: Rule) {
        if let Some(at) = Rule::ALL.iter().position(|&known| known == rule) {
            self.refusals[at] += 1;
        }
    }
}

/// Sums shard by shard.
impl Add<Self> for Counters {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            received_bytes: self.received_bytes + other.received_bytes,
            forwarded: self.forwarded + other.forwarded,
            copies: self.copies + other.copies,
            copied_bytes: self.copied_bytes + other.copied_bytes,
            answered: self.answered + other.answered,
            told_strangers: self.told_strangers + other.told_strangers,
            path_checks: self.path_checks + other.path_checks,
            drops: std::array::from_fn(|reason| self.drops[reason] + other.drops[reason]),
            refusals: std::array::from_fn(|rule| self.refusals[rule] + other.refusals[rule]),
            auth_failures: std::array::from_fn(|why| {
                self.auth_failures[why] + other.auth_failures[why]
            }),
            allocations: self.allocations + other.allocations,
            allocations_made: self.allocations_made + other.allocations_made,
            latches_made: self.latches_made + other.latches_made,
        }
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}
