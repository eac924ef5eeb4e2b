//! Which bytes of a packet encryption would cover, whatever the profile.

use ringfence_wire::demux::Kind;
use ringfence_wire::rtp::RtpHeader;

use super::sample::Sample;

/// One stream of a flow: what has one key stream or one codec.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Stream {
    /// RTP of one SSRC.
    Rtp(u32),
    /// RTCP of one SSRC.
    Rtcp(u32),
    /// Application data in DTLS records.
    Dtls,
}

/// What tells a packet from a copy of it that the network made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Serial {
    /// Its number in its stream.
    Number(u64),
    /// It has none that can be read: a copy is equal to the last byte.
    Unnumbered,
}

/// The bytes of a sample that encryption would cover.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cover<'s> {
    pub(super) stream: Stream,
    pub(super) serial: Serial,
    /// Everything that was sampled after the header. With SRTP, the authentication tag may be among
    /// it, which is as random, and a short MKI, which is not.
    pub(super) bytes: &'s [u8],
    /// How many bytes at the beginning of `bytes` are payload for certain.
    pub(super) payload_bytes: usize,
}

/// Longest trailer of SRTP: an MKI (RFC 3711 section 3.1; here up to four bytes) and a tag of 16
/// (RFC 7714 section 13.1).
const SRTP_TRAILER_BYTES: usize = 4 + 16;
/// The same for SRTCP, with the word of E flag and index (RFC 3711 section 3.4).
const SRTCP_TRAILER_BYTES: usize = 4 + SRTP_TRAILER_BYTES;
/// "The first 8 octets of the packet" are in the clear (RFC 3711 section 3.4).
const SRTCP_HEADER_BYTES: usize = 8;

/// RFC 6347 section 4.1: type, version, epoch, sequence number, length.
const DTLS_HEADER_BYTES: usize = 13;
/// What an AEAD cipher puts in front in the clear (RFC 5288 section 3); a CBC cipher's IV is longer,
/// but random.
const DTLS_NONCE_BYTES: usize = 8;
/// Longest of MACs and tags in use, SHA-256.
const DTLS_TRAILER_BYTES: usize = 32;
const DTLS_APPLICATION_DATA: u8 = 23;

impl Stream {
    /// Before all others.
    pub(super) const FIRST: Self = Self::Rtp(0);
}

impl<'s> Cover<'s> {
    /// `None` for what is not judged: STUN, handshakes, and protocols that a relay cannot read.
    pub(super) fn of(sample: &'s Sample) -> Option<Self> {
        match Kind::of(&sample.prefix) {
            Kind::Rtp => Self::of_rtp(sample),
            Kind::Rtcp => Self::of_rtcp(sample),
            Kind::Dtls => Self::of_dtls(sample),
            Kind::Stun | Kind::Zrtp | Kind::TurnChannel | Kind::Quic | Kind::Unknown => None,
        }
    }

    /// Cryptex (RFC 9335) encrypts CSRCs and extensions, but not the count and the length that say
    /// where the payload begins.
    fn of_rtp(sample: &'s Sample) -> Option<Self> {
        let header = RtpHeader::peek(&sample.prefix).ok()?;
        let serial = Serial::Number(header.sequence.0.into());
        let clear = header.header_bytes;
        Self::new(sample, Stream::Rtp(header.ssrc.0), serial, (clear, SRTP_TRAILER_BYTES))
    }

    fn of_rtcp(sample: &'s Sample) -> Option<Self> {
        let (_, sender) = sample.prefix.first_chunk::<SRTCP_HEADER_BYTES>()?.split_last_chunk()?;
        let stream = Stream::Rtcp(u32::from_be_bytes(*sender));
        let around = (SRTCP_HEADER_BYTES, SRTCP_TRAILER_BYTES);
        Self::new(sample, stream, Serial::Unnumbered, around)
    }

    /// Records of epoch 0 are the handshake's, which is in the clear. DTLS 1.3 and records with a
    /// connection id have other headers and no mode without encryption.
    fn of_dtls(sample: &'s Sample) -> Option<Self> {
        let &[kind, 254, 253 | 255, e0, e1, n0, n1, n2, n3, n4, n5] =
            sample.prefix.first_chunk()?
        else {
            return None;
        };
        if kind != DTLS_APPLICATION_DATA || [e0, e1] == [0, 0] {
            return None;
        }
        let number = u64::from_be_bytes([e0, e1, n0, n1, n2, n3, n4, n5]);
        let around = (DTLS_HEADER_BYTES + DTLS_NONCE_BYTES, DTLS_TRAILER_BYTES);
        Self::new(sample, Stream::Dtls, Serial::Number(number), around)
    }

    fn new(
        sample: &'s Sample,
        stream: Stream,
        serial: Serial,
        (header_bytes, trailer_bytes): (usize, usize),
    ) -> Option<Self> {
        let bytes = sample.prefix.get(header_bytes..)?;
        let payload_bytes = sample.packet_bytes.saturating_sub(header_bytes + trailer_bytes);
        Some(Self { stream, serial, bytes, payload_bytes: payload_bytes.min(bytes.len()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::ParticipantId;
    use crate::scrutiny::SampledFlow;

    fn sample(packet: &[u8]) -> Sample {
        Sample::of(SampledFlow::Participant(ParticipantId(1)), packet)
    }

    fn covered(packet: &[u8]) -> Option<(Stream, Vec<u8>, usize)> {
        let sample = sample(packet);
        let cover = Cover::of(&sample)?;
        Some((cover.stream, cover.bytes.to_vec(), cover.payload_bytes))
    }

    fn rtp(first: u8, rest: &[u8]) -> Vec<u8> {
        [&[first, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3], rest].concat()
    }

    #[test]
    fn rtp_is_covered_after_csrcs_and_extension() {
        let payload: Vec<u8> = (0..40).collect();
        assert_eq!(covered(&rtp(0x80, &payload)), Some((Stream::Rtp(3), payload.clone(), 20)));
        let extended = [&[9; 8], &[0xbe, 0xde, 0, 1, 7, 7, 7, 7][..], &payload].concat();
        assert_eq!(covered(&rtp(0x92, &extended)), Some((Stream::Rtp(3), payload.clone(), 20)));
        let cryptex = [&[0xc0, 0xde, 0, 1, 7, 7, 7, 7][..], &payload].concat();
        assert_eq!(covered(&rtp(0x90, &cryptex)), Some((Stream::Rtp(3), payload, 20)));
    }

    #[test]
    fn nothing_of_a_short_payload_is_payload_for_certain() {
        for bytes in 0..=20 {
            let (_, _, payload_bytes) = covered(&rtp(0x80, &vec![1; bytes])).unwrap();
            assert_eq!(payload_bytes, 0, "{bytes} bytes");
        }
    }

    #[test]
    fn rtcp_is_covered_after_eight_bytes_and_before_index_and_tag() {
        let report = [&[0x80, 200, 0, 6, 0, 0, 0, 3][..], &[5; 60]].concat();
        assert_eq!(covered(&report), Some((Stream::Rtcp(3), vec![5; 60], 60 - 24)));
        let long = [&[0x80, 204, 1, 0, 0, 0, 0, 3][..], &[5; 1020]].concat();
        assert_eq!(covered(&long).unwrap().0, Stream::Rtcp(3));
    }

    #[test]
    fn of_dtls_only_application_data_after_the_handshake_is_covered() {
        let record = |kind, epoch| {
            [&[kind, 254, 253, 0, epoch], &[0, 0, 0, 0, 0, 9, 0, 80][..], &[6; 80]].concat()
        };
        assert_eq!(covered(&record(23, 1)), Some((Stream::Dtls, vec![6; 72], 72 - 32)));
        for handshake in [record(22, 0), record(22, 1), record(20, 0), record(21, 1), record(23, 0)]
        {
            assert_eq!(covered(&handshake), None);
        }
    }

    #[test]
    fn what_is_not_media_is_not_judged() {
        for first in [0, 1, 16, 64, 80, 127, 192, 255] {
            assert_eq!(covered(&[first; 60]), None, "{first}");
        }
        for bytes in 0..12 {
            assert_eq!(covered(&[0x80; 12][..bytes]), None);
        }
    }
}
