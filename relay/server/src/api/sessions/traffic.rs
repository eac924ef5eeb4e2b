//! What the shards count for a room, added up: a participant that moved has numbers on several.

use std::collections::BTreeMap;
use std::iter::Sum;

use ringfence_core::{ParticipantId, RoomReport, Seat, SourceReport};
use serde::Serialize;
use utoipa::ToSchema;

/// Datagrams and their payload bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
pub(super) struct Traffic {
    packets: u64,
    bytes: u64,
}

/// Reception of one RTP stream, in the terms of RFC 3550 section 6.4.1.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub(super) struct SourceStats {
    ssrc: u32,
    packets: u64,
    bytes: u64,
    /// Expected less received; negative when duplicates came.
    lost: i64,
    /// Interarrival jitter; absent until the clock rate is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter_us: Option<u64>,
    /// Clock rate as the timestamps show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_rate_hz: Option<u32>,
    /// Rollover counter (RFC 3711 section 3.2.1).
    roc: u32,
}

/// All of a room.
#[derive(Default)]
pub(super) struct RoomTraffic {
    sent: BTreeMap<ParticipantId, Traffic>,
    sources: BTreeMap<(Seat, u32), SourceReport>,
}

impl RoomTraffic {
    /// Adds up the shards' answers.
    pub(super) fn sum(reports: Vec<RoomReport>) -> Self {
        let mut sum = Self::default();
        for report in reports {
            for member in report.members {
                let sent = sum.sent.entry(member.participant).or_default();
                *sent = sent.plus(member.packets_sent, member.bytes_sent);
            }
            for source in report.sources {
                sum.add(source);
            }
        }
        sum
    }

    /// What was sent to a participant.
    pub(super) fn sent(&self, participant: ParticipantId) -> Traffic {
        self.sent.get(&participant).copied().unwrap_or_default()
    }

    /// What came from whoever sits there.
    pub(super) fn sources(&self, seat: Seat) -> Vec<SourceStats> {
        let of_seat = self.sources.range((seat, 0)..=(seat, u32::MAX));
        of_seat.map(|(_, source)| SourceStats::of(source)).collect()
    }

    /// The shard that heard the stream last knows its jitter and where its numbering stands.
    fn add(&mut self, source: SourceReport) {
        let key = (source.seat, source.ssrc.0);
        let Some(known) = self.sources.get_mut(&key) else {
            self.sources.insert(key, source);
            return;
        };
        let sum = SourceReport {
            packets: known.packets + source.packets,
            bytes: known.bytes + source.bytes,
            lost: known.lost + source.lost,
            ..if source.index > known.index { source } else { *known }
        };
        *known = sum;
    }
}

impl SourceStats {
    pub(super) fn traffic(&self) -> Traffic {
        Traffic { packets: self.packets, bytes: self.bytes }
    }

    fn of(source: &SourceReport) -> Self {
        let jitter = source.jitter;
        Self {
            ssrc: source.ssrc.0,
            packets: source.packets,
            bytes: source.bytes,
            lost: source.lost,
            jitter_us: jitter.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
            clock_rate_hz: source.clock_rate_hz,
            roc: source.index.rollover_counter(),
        }
    }
}

impl Traffic {
    fn plus(self, packets: u64, bytes: u64) -> Self {
        Self { packets: self.packets + packets, bytes: self.bytes + bytes }
    }
}

impl Sum for Traffic {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| sum.plus(one.packets, one.bytes))
    }
}

#[cfg(test)]
mod tests {
    use ringfence_core::{MemberReport, PacketIndex};
    use ringfence_wire::rtp::Ssrc;

    use super::*;

    fn report(packets: u64, index: PacketIndex) -> RoomReport {
        let seat = Seat::new(3).unwrap();
        RoomReport {
            token: 1,
            members: vec![MemberReport {
                participant: ParticipantId(7),
                packets_sent: packets,
                bytes_sent: 10 * packets,
            }],
            sources: vec![SourceReport {
                seat,
                ssrc: Ssrc(9),
                packets,
                bytes: 100 * packets,
                lost: 1,
                jitter: None,
                clock_rate_hz: None,
                index,
            }],
        }
    }

    #[test]
    fn a_stream_that_moved_between_shards_is_one_stream() {
        let reports = vec![
            report(5, PacketIndex::new(1, 10)),
            report(6, PacketIndex::new(2, 3)),
            report(7, PacketIndex::new(0, 9)),
        ];
        let traffic = RoomTraffic::sum(reports);
        let sources = traffic.sources(Seat::new(3).unwrap());
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].traffic(), Traffic { packets: 18, bytes: 1_800 });
        assert_eq!((sources[0].lost, sources[0].roc), (3, 2));
        assert_eq!(traffic.sent(ParticipantId(7)), Traffic { packets: 18, bytes: 180 });
        assert!(traffic.sources(Seat::new(4).unwrap()).is_empty());
    }
}
