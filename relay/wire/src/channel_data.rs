//! ChannelData: four bytes before the application's, in place of a STUN message (RFC 8656 section
//! 12.4).

use core::ops::RangeInclusive;
use core::{error, fmt};

/// Number of a channel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChannelNumber(u16);

/// Which numbers are channels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ChannelNumbers {
    /// 0x4000 to 0x4FFF (RFC 8656 section 12).
    #[default]
    Rfc8656,
    /// 0x4000 to 0x7FFF (RFC 5766 section 11), for clients older than that. Their first bytes above
    /// 0x4F are those that RFC 9443 gives to QUIC.
    Rfc5766,
}

impl ChannelNumbers {
    /// All of them.
    pub const fn range(self) -> RangeInclusive<u16> {
        match self {
            Self::Rfc8656 => 0x4000..=0x4fff,
            Self::Rfc5766 => 0x4000..=0x7fff,
        }
    }

    /// The channel of that number; `None` outside the range.
    pub fn channel(self, number: u16) -> Option<ChannelNumber> {
        self.range().contains(&number).then_some(ChannelNumber(number))
    }
}

impl ChannelNumber {
    /// The channel of that number; `None` outside RFC 8656's range.
    pub fn new(number: u16) -> Option<Self> {
        ChannelNumbers::Rfc8656.channel(number)
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// A received ChannelData message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChannelData<'a> {
    /// Its channel.
    pub channel: ChannelNumber,
    /// Application data, perhaps none.
    pub payload: &'a [u8],
}

/// Bytes in front of the application data.
pub const HEADER_BYTES: usize = 4;

impl<'a> ChannelData<'a> {
    /// Reads a datagram, or one framed message of a stream. What follows the application data is
    /// padding, which "MUST be ignored" (RFC 8656 section 12.5).
    ///
    /// # Errors
    /// [`ChannelDataError`]; such a message is dropped in silence (RFC 8656 section 12.6).
    pub fn parse(datagram: &'a [u8], numbers: ChannelNumbers) -> Result<Self, ChannelDataError> {
        let (&[n0, n1, l0, l1], rest) =
            datagram.split_first_chunk().ok_or(ChannelDataError::Truncated)?;
        let channel = numbers.channel(u16::from_be_bytes([n0, n1]));
        let channel = channel.ok_or(ChannelDataError::ChannelNumber)?;
        let bytes = usize::from(u16::from_be_bytes([l0, l1]));
        let payload = rest.get(..bytes).ok_or(ChannelDataError::Truncated)?;
        Ok(Self { channel, payload })
    }
}

/// The header of a message that carries so many bytes; `None` if its length field cannot say it.
pub fn header(channel: ChannelNumber, payload_bytes: usize) -> Option<[u8; HEADER_BYTES]> {
    let [n0, n1] = channel.0.to_be_bytes();
    let [l0, l1] = u16::try_from(payload_bytes).ok()?.to_be_bytes();
    Some([n0, n1, l0, l1])
}

/// Why a datagram is no ChannelData.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChannelDataError {
    /// Shorter than its header, or than its header says.
    Truncated,
    /// Not a channel number.
    ChannelNumber,
}

impl fmt::Display for ChannelDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "shorter than ChannelData says",
            Self::ChannelNumber => "not a channel number",
        })
    }
}

impl error::Error for ChannelDataError {}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: ChannelNumbers = ChannelNumbers::Rfc8656;

    #[test]
    fn only_4000_to_4fff_are_channels() {
        for number in 0..=u16::MAX {
            assert_eq!(ChannelNumber::new(number).is_some(), number >> 12 == 4, "{number:x}");
        }
    }

    #[test]
    fn older_clients_have_all_numbers_up_to_7fff() {
        for number in 0..=u16::MAX {
            let channel = ChannelNumbers::Rfc5766.channel(number);
            assert_eq!(channel.is_some(), (0x4000..0x8000).contains(&number), "{number:x}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let channel = ChannelNumber::new(0x4abc).unwrap();
        let mut datagram = header(channel, 3).unwrap().to_vec();
        datagram.extend(b"abc");
        let read = ChannelData { channel, payload: b"abc" };
        assert_eq!(ChannelData::parse(&datagram, STRICT), Ok(read));
        datagram.push(0);
        assert_eq!(ChannelData::parse(&datagram, STRICT), Ok(read), "padding is ignored");
    }

    #[test]
    fn what_is_cut_is_refused() {
        for cut in [&b""[..], b"\x40", b"\x40\0\0", b"\x40\0\0\x01", b"\x40\0\xff\xff1234"] {
            assert_eq!(ChannelData::parse(cut, STRICT), Err(ChannelDataError::Truncated));
        }
        let outside = b"\x50\0\0\0";
        assert_eq!(ChannelData::parse(outside, STRICT), Err(ChannelDataError::ChannelNumber));
        assert!(ChannelData::parse(outside, ChannelNumbers::Rfc5766).is_ok());
    }

    #[test]
    fn lengths_are_never_cut_to_16_bits() {
        let channel = ChannelNumber::new(0x4000).unwrap();
        assert_eq!(header(channel, 65_535), Some([0x40, 0, 0xff, 0xff]));
        assert_eq!(header(channel, 65_536), None);
    }
}
