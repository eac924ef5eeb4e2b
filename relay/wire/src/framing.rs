//! Where one message ends and the next begins on TCP and TLS: STUN and ChannelData carry their own
//! lengths (RFC 8656 sections 3.1 and 12.5).

use core::{error, fmt};

use crate::demux::Kind;
use crate::{channel_data, stun};

/// Longest message that a stream may carry: a Send indication around the largest UDP payload.
pub const MESSAGE_BYTES_MAX: usize = 65_535 + 4;

/// The first message of a stream's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Framed {
    /// Bytes of the message itself.
    pub message_bytes: usize,
    /// Bytes it takes on the stream: ChannelData is padded to a multiple of four.
    pub stream_bytes: usize,
}

/// Measures the message that `bytes` begin with; `None` as long as its header is not all there.
///
/// # Errors
/// [`NotTurn`]: nobody can tell where the next message would begin, so the stream has to end.
pub fn first(bytes: &[u8]) -> Result<Option<Framed>, NotTurn> {
    let Some(&[_, _, l0, l1]) = bytes.first_chunk() else {
        return bytes.first().map_or(Ok(None), |_| kind(bytes).map(|_| None));
    };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    match kind(bytes)? {
        Carried::Stun if !length.is_multiple_of(4) => Err(NotTurn),
        Carried::Stun => {
            let bytes = length.saturating_add(stun::HEADER_BYTES);
            Ok(Some(Framed { message_bytes: bytes, stream_bytes: bytes }))
        }
        Carried::ChannelData => {
            let message_bytes = length.saturating_add(channel_data::HEADER_BYTES);
            let stream_bytes = message_bytes.next_multiple_of(4);
            Ok(Some(Framed { message_bytes, stream_bytes }))
        }
    }
}

/// Zero bytes that follow a ChannelData message with so much application data on a stream.
pub fn padding_bytes(payload_bytes: usize) -> usize {
    payload_bytes.next_multiple_of(4).saturating_sub(payload_bytes)
}

enum Carried {
    Stun,
    ChannelData,
}

fn kind(bytes: &[u8]) -> Result<Carried, NotTurn> {
    match Kind::of(bytes) {
        Kind::Stun => Ok(Carried::Stun),
        // Whether the numbers of RFC 5766 are served is not for the framing to say.
        Kind::TurnChannel => Ok(Carried::ChannelData),
        Kind::Quic if bytes.first().is_some_and(|&first| first < 0x80) => Ok(Carried::ChannelData),
        _ => Err(NotTurn),
    }
}

/// Neither STUN nor ChannelData.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NotTurn;

impl fmt::Display for NotTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither STUN nor ChannelData")
    }
}

impl error::Error for NotTurn {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_is_not_all_there_asks_for_more() {
        for part in [&b""[..], b"\0", b"\0\x01", b"\0\x01\0", b"\x40", b"\x40\0\0"] {
            assert_eq!(first(part), Ok(None), "{part:?}");
        }
    }

    #[test]
    fn lengths_are_those_of_the_headers() {
        let framed = |message_bytes, stream_bytes| Ok(Some(Framed { message_bytes, stream_bytes }));
        assert_eq!(first(b"\0\x01\0\x08"), framed(28, 28));
        assert_eq!(first(b"\0\x01\xff\xfc"), framed(65_552, 65_552));
        assert_eq!(first(b"\x40\0\0\0"), framed(4, 4));
        assert_eq!(first(b"\x40\0\0\x05"), framed(9, 12));
        assert_eq!(first(b"\x40\0\xff\xff"), framed(65_539, 65_540));
    }

    #[test]
    fn anything_else_ends_the_stream_at_its_first_byte() {
        for first_byte in (4..64).chain(128..=255) {
            assert_eq!(first(&[first_byte]), Err(NotTurn), "{first_byte}");
            assert_eq!(first(&[first_byte, 0, 0, 0]), Err(NotTurn), "{first_byte}");
        }
        assert_eq!(first(b"\x16\x03\x01\x02"), Err(NotTurn), "TLS");
        assert_eq!(first(b"\0\x01\0\x03"), Err(NotTurn), "STUN lengths are multiples of four");
    }

    #[test]
    fn padding_fills_up_to_four() {
        let all: [usize; 5] = core::array::from_fn(padding_bytes);
        assert_eq!(all, [0, 3, 2, 1, 0]);
    }
}
