//! Which protocol a datagram belongs to: the figure of RFC 9443 says, and no parser takes what is
//! another's. And trains of datagrams come apart without a byte lost.

use ringfence_wire::channel_data::{ChannelData, ChannelNumbers};
use ringfence_wire::datagram::{Datagram, LocalSocket};
use ringfence_wire::demux::Kind;
use ringfence_wire::rtcp::RtcpHeader;
use ringfence_wire::rtp::RtpHeader;
use ringfence_wire::stun::Message;

use crate::sim::dice::Dice;

/// A train of datagrams.
pub(super) fn run(bytes: &[u8]) {
    let mut dice = Dice::told(bytes);
    let segment_bytes = dice.below(256);
    let train = dice.take_told();
    let remote = ([127, 1, 0, 9], 9).into();
    let datagram =
        Datagram { payload: &train, segment_bytes, remote, local: LocalSocket::default() };
    let segments: Vec<&[u8]> = datagram.segments().collect();
    comes_apart(&train, segment_bytes, &segments);
    segments.into_iter().for_each(one);
}

fn comes_apart(train: &[u8], segment_bytes: usize, segments: &[&[u8]]) {
    assert_eq!(segments.concat(), train);
    let (last, whole) = segments.split_last().expect("an empty payload is a datagram, too");
    assert!(whole.iter().all(|segment| segment.len() == segment_bytes));
    assert!(!last.is_empty() || train.is_empty());
    assert!(last.len() <= segment_bytes || segment_bytes == 0);
}

fn one(datagram: &[u8]) {
    let kind = Kind::of(datagram);
    assert_eq!(kind, expected(datagram));
    // Its parser knows methods beyond those whose first byte says STUN here; nobody asks it about them.
    if Message::parse(datagram).is_ok() {
        assert!(!matches!(kind, Kind::TurnChannel | Kind::Quic | Kind::Rtp | Kind::Rtcp));
    }
    if ChannelData::parse(datagram, ChannelNumbers::Rfc8656).is_ok() {
        assert_eq!(kind, Kind::TurnChannel);
    }
    if RtpHeader::peek(datagram).is_ok() {
        assert!(matches!(kind, Kind::Rtp | Kind::Rtcp));
    }
    if RtcpHeader::peek(datagram).is_ok() {
        assert_eq!(kind, Kind::Rtcp);
    }
}

/// RFC 9443 section 3, and RFC 5761 section 4.
fn expected(datagram: &[u8]) -> Kind {
    match *datagram {
        [0..=3, ..] => Kind::Stun,
        [16..=19, ..] => Kind::Zrtp,
        [20..=63, ..] => Kind::Dtls,
        [64..=79, ..] => Kind::TurnChannel,
        [80..=127, ..] | [192..=255, ..] => Kind::Quic,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Unknown,
    }
}
