//! What a latched participant sends: whether it may, before anyone hears it.

use ringfence_wire::demux::Kind;
use ringfence_wire::rtcp::RtcpHeader;
use ringfence_wire::rtp::{RtpHeader, Ssrc};

use super::Rooms;
use super::member::{Member, MemberKey};
use super::sources::{Source, SourceKey};
use crate::counters::DropReason;
use crate::engine::Context;
use crate::media::PacketIndex;
use crate::message::{Effect, Ownership};
use crate::scrutiny::SampledFlow;
use crate::time::Instant;

/// What a media packet says of itself.
pub(crate) struct Heard {
    pub(crate) ssrc: Ssrc,
    /// `None` for RTCP, which is not numbered and has no part in the statistics.
    rtp: Option<RtpHeader>,
    bytes: usize,
}

/// Whether a datagram goes on at once.
enum Verdict {
    Forward,
    Park,
    Drop(DropReason),
}

impl Rooms {
    /// Judges one datagram of a latched participant. True: forward it now. False: it has been
    /// counted as dropped, or parked until the owner of its SSRC is known.
    pub(crate) fn hear(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: MemberKey,
        kind: Kind,
        datagram: &[u8],
    ) -> bool {
        if !self.members[key].ceiling.take(now, datagram.len()) {
            context.counters.drop_one(DropReason::OverCeiling);
            return false;
        }
        let forward = match kind {
            Kind::Dtls | Kind::Zrtp => self.handshake(context, key),
            _ => self.media(context, now, key, kind, datagram),
        };
        if forward {
            let Member { watch, admission, .. } = &mut self.members[key];
            let flow = SampledFlow::Participant(admission.participant);
            context.sampler.pass(now, watch, flow, datagram);
        }
        forward
    }

    /// DTLS and ZRTP have exactly two ends (RFC 5764 section 3, RFC 6189 section 4).
    fn handshake(&mut self, context: &mut Context, key: MemberKey) -> bool {
        let two = self.rooms[self.members[key].room].members == 2;
        if !two {
            context.counters.drop_one(DropReason::HandshakeNeedsTwo);
        }
        two
    }

    fn media(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: MemberKey,
        kind: Kind,
        datagram: &[u8],
    ) -> bool {
        let verdict = match Heard::peek(kind, datagram) {
            Some(heard) => self.verdict(context, now, key, &heard, datagram),
            None => Verdict::Drop(DropReason::MalformedMedia),
        };
        match verdict {
            Verdict::Forward => return true,
            Verdict::Park => {}
            Verdict::Drop(reason) => context.counters.drop_one(reason),
        }
        false
    }

    fn verdict(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: MemberKey,
        heard: &Heard,
        datagram: &[u8],
    ) -> Verdict {
        let source = self.source(key, heard.ssrc);
        let (seat, room) = (self.members[key].seat, self.members[key].room);
        match source.and_then(|source| self.sources.get_mut(source)) {
            None => self.claim(context, now, key, heard, datagram),
            Some(source) if source.seat != seat => Verdict::Drop(DropReason::SsrcOfAnother),
            Some(source) if !source.confirmed => self.park(now, key, heard, datagram),
            Some(source) => {
                source.note(now, heard);
                if let Some(index) = source.reception.untold() {
                    let room = self.rooms[room].id;
                    tell_progress(
                        context,
                        Effect::Advanced { room, ssrc: heard.ssrc, index },
                        source,
                    );
                }
                Verdict::Forward
            }
        }
    }

    /// Mostly the one that the member spoke with last; else the room knows.
    fn source(&mut self, key: MemberKey, ssrc: Ssrc) -> Option<SourceKey> {
        let member = &mut self.members[key];
        if member.voice.0 != ssrc || self.sources.at(member.voice.1, member.room, ssrc).is_none() {
            member.voice = (ssrc, self.rooms[member.room].source(ssrc)?);
        }
        Some(member.voice.1)
    }

    /// Asks the registry for an SSRC that nobody here owns, and keeps the packet meanwhile.
    fn claim(
        &mut self,
        context: &mut Context,
        now: Instant,
        key: MemberKey,
        heard: &Heard,
        datagram: &[u8],
    ) -> Verdict {
        let admission = &self.members[key].admission;
        let (participant, ssrc) = (admission.participant, heard.ssrc);
        let room = &mut self.rooms[self.members[key].room];
        if room.sources_of(admission.seat) >= context.limits.ssrcs_per_participant_max {
            return Verdict::Drop(DropReason::SsrcLimit);
        }
        let index = PacketIndex::new(0, heard.rtp.map_or(0, |header| header.sequence.0));
        if !context.effects.try_push(Effect::Claim { participant, ssrc, index }) {
            return Verdict::Drop(DropReason::ReportsFull);
        }
        let ownership = Ownership { room: room.id, ssrc, seat: admission.seat, index };
        room.claim(&mut self.sources, &ownership);
        self.park(now, key, heard, datagram)
    }

    fn park(&mut self, now: Instant, key: MemberKey, heard: &Heard, datagram: &[u8]) -> Verdict {
        let participant = self.members[key].admission.participant;
        if self.parking.park(now, participant, heard.ssrc, datagram) {
            Verdict::Park
        } else {
            Verdict::Drop(DropReason::ParkingFull)
        }
    }
}

impl Heard {
    /// Reads what is in the clear; `None` if it is not what its first bytes claim.
    pub(crate) fn peek(kind: Kind, datagram: &[u8]) -> Option<Self> {
        let bytes = datagram.len();
        if kind == Kind::Rtp {
            let header = RtpHeader::peek(datagram).ok()?;
            return Some(Self { ssrc: header.ssrc, rtp: Some(header), bytes });
        }
        let header = RtcpHeader::peek(datagram).ok()?;
        Some(Self { ssrc: header.sender, rtp: None, bytes })
    }
}

impl Source {
    /// Takes a packet into the statistics.
    pub(crate) fn note(&mut self, now: Instant, heard: &Heard) {
        if let Some(header) = &heard.rtp {
            self.reception.packet(now, header, heard.bytes);
        }
    }
}

/// Tells the registry how far a source's numbering has come; if it cannot hear, the next packet
/// tries again.
#[cold]
fn tell_progress(context: &mut Context, progress: Effect, source: &mut Source) {
    if context.effects.try_push(progress) {
        source.reception.tell();
    }
}
