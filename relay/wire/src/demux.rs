//! Which protocol a datagram belongs to, by its first one or two bytes.

/// Protocol of a datagram, judged by first bytes alone: a claim to be checked by that protocol's
/// own parser, not a proof.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// First byte 0..=3.
    ///
    /// The magic cookie plays no part here: RFC 7983 section 7 gives these bytes to STUN alone, so
    /// without the cookie a datagram is nobody else's either. [`Message::parse`] looks at the cookie
    /// before anything else, and its refusal is then counted as bad STUN rather than as unknown.
    ///
    /// [`Message::parse`]: crate::stun::Message::parse
    Stun,
    /// First byte 16..=19.
    Zrtp,
    /// First byte 20..=63.
    Dtls,
    /// First byte 64..=79: ChannelData. RFC 9443 gives this range to TURN channels if they are in
    /// use with the remote, and to QUIC if not; a relay is the side that they are in use with.
    TurnChannel,
    /// First byte 80..=127 or 192..=255.
    Quic,
    /// First byte 128..=191 and a second one that is not RTCP's.
    Rtp,
    /// First byte 128..=191 and second byte 192..=223 (RFC 5761 section 4).
    Rtcp,
    /// Empty, a first byte that nobody owns, or version 2 of RTP or RTCP cut before the byte that
    /// tells them apart.
    Unknown,
}

impl Kind {
    /// The ranges of RFC 7983 section 7 as updated by RFC 9443 section 3.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "the table has an entry for every byte")]
    pub const fn of(datagram: &[u8]) -> Self {
        let [first, rest @ ..] = datagram else { return Self::Unknown };
        match (BY_FIRST_BYTE[*first as usize], rest) {
            (Self::Rtp, []) => Self::Unknown,
            (Self::Rtp, [192..=223, ..]) => Self::Rtcp,
            (kind, _) => kind,
        }
    }
}

/// A table, as every packet is looked up in it; RTP stands for RTCP as well.
#[expect(clippy::indexing_slicing, reason = "runs when this is compiled")]
const BY_FIRST_BYTE: [Kind; 256] = {
    let mut kinds = [Kind::Unknown; 256];
    let mut first = 0;
    while first < kinds.len() {
        kinds[first] = match first {
            0..=3 => Kind::Stun,
            16..=19 => Kind::Zrtp,
            20..=63 => Kind::Dtls,
            64..=79 => Kind::TurnChannel,
            128..=191 => Kind::Rtp,
            80..=255 => Kind::Quic,
            _ => Kind::Unknown,
        };
        first += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::Kind;

    /// The figure of RFC 9443 section 3, written out a second time as (last byte, kind).
    const FIRST_BYTES: [(u8, Kind); 9] = [
        (3, Kind::Stun),
        (15, Kind::Unknown),
        (19, Kind::Zrtp),
        (63, Kind::Dtls),
        (79, Kind::TurnChannel),
        (127, Kind::Quic),
        (191, Kind::Rtp),
        (255, Kind::Quic),
        (255, Kind::Unknown),
    ];

    #[test]
    fn every_first_byte_has_its_protocol() {
        for first in 0..=u8::MAX {
            let expected =
                FIRST_BYTES.iter().find(|(last, _)| first <= *last).map(|(_, kind)| *kind);
            assert_eq!(Some(Kind::of(&[first, 0])), expected, "first byte {first}");
        }
    }

    #[test]
    fn every_second_byte_tells_rtp_from_rtcp() {
        for second in 0..=u8::MAX {
            let expected = if (192..224).contains(&second) { Kind::Rtcp } else { Kind::Rtp };
            assert_eq!(Kind::of(&[0x80, second]), expected, "second byte {second}");
            assert_eq!(Kind::of(&[0xbf, second]), expected, "second byte {second}");
        }
    }

    #[test]
    fn nothing_and_half_an_rtp_start_are_unknown() {
        assert_eq!(Kind::of(&[]), Kind::Unknown);
        assert_eq!(Kind::of(&[0x80]), Kind::Unknown);
    }
}
