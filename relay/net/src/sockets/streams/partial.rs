//! Messages out of bytes: which are whole, and the beginning of one that is not.

use ringfence_wire::framing::{self, MESSAGE_BYTES_MAX};

use super::stream::End;

/// The longest message with its padding.
pub(super) const BYTES_MAX: usize = MESSAGE_BYTES_MAX.next_multiple_of(4);

/// How many bytes of `bytes` have to be there before anything can be done with them: its first
/// message, or the header that tells how long that is.
fn needed_bytes(bytes: &[u8]) -> Result<usize, End> {
    match framing::first(bytes) {
        Ok(None) => Ok(HEADER_BYTES),
        Ok(Some(framed)) if framed.message_bytes <= MESSAGE_BYTES_MAX => Ok(framed.stream_bytes),
        Ok(Some(_)) | Err(_) => Err(End::Unframed),
    }
}

/// The part of a header with the length.
const HEADER_BYTES: usize = 4;

/// What some bytes begin with.
pub(super) struct Scan {
    /// Length of the whole messages at their front.
    pub(super) whole_bytes: usize,
    pub(super) messages: u64,
    /// Whether what follows those can still become a message.
    pub(super) framed: Result<(), End>,
}

impl Scan {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut scan = Self { whole_bytes: 0, messages: 0, framed: Ok(()) };
        while let Some(rest) = bytes.get(scan.whole_bytes..).filter(|rest| !rest.is_empty()) {
            match needed_bytes(rest) {
                Ok(needed) if needed <= rest.len() => {
                    scan.whole_bytes += needed;
                    scan.messages += 1;
                }
                Ok(_) => break,
                Err(end) => {
                    scan.framed = Err(end);
                    break;
                }
            }
        }
        scan
    }
}

/// The beginning of a message; most of the time there is none.
#[derive(Default)]
pub(super) struct Partial {
    bytes: Vec<u8>,
    /// More than there are, unless there are none or the message is whole.
    needed: usize,
}

impl Partial {
    /// Bytes to read before anything can be done; `None` when no message has begun.
    pub(super) fn missing_bytes(&self) -> Option<usize> {
        (!self.bytes.is_empty()).then(|| self.needed.saturating_sub(self.bytes.len()))
    }

    /// Length of the message as far as it is known.
    pub(super) fn whole_bytes(&self) -> usize {
        self.needed
    }

    /// Adds at most the missing bytes.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> Result<(), End> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (has, room) = (self.bytes.len(), self.bytes.capacity());
        if has + bytes.len() > room {
            let to = (2 * room).clamp(has + bytes.len(), BYTES_MAX.max(has + bytes.len()));
            self.bytes.reserve_exact(to - has);
        }
        self.bytes.extend_from_slice(bytes);
        self.needed = needed_bytes(&self.bytes)?;
        Ok(())
    }

    /// The message, once it is whole.
    pub(super) fn take_whole(&mut self) -> Option<Vec<u8>> {
        let whole = self.missing_bytes() == Some(0);
        whole.then(|| std::mem::take(self).bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Binding request without attributes, ChannelData of five bytes, ChannelData of none.
    fn stream() -> Vec<u8> {
        let mut bytes = vec![0; 20];
        bytes[..8].copy_from_slice(&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42]);
        bytes.extend([0x40, 1, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0]);
        bytes.extend([0x40, 1, 0, 0]);
        bytes
    }

    #[test]
    fn whole_messages_are_found_and_the_beginning_of_another_is_left() {
        let bytes = stream();
        for (length, whole, messages) in
            [(0, 0, 0), (3, 0, 0), (20, 20, 1), (31, 20, 1), (36, 36, 3)]
        {
            let scan = Scan::of(&bytes[..length]);
            assert_eq!((scan.whole_bytes, scan.messages), (whole, messages), "{length}");
            assert_eq!(scan.framed, Ok(()));
        }
    }

    #[test]
    fn what_comes_before_rubbish_is_still_found() {
        let bytes = [&stream()[..], b"\x16\x03\x01\x02\0"].concat();
        let scan = Scan::of(&bytes);
        assert_eq!((scan.messages, scan.framed), (3, Err(End::Unframed)));
    }

    #[test]
    fn a_message_longer_than_any_ends_the_stream_at_its_header() {
        let too_long = [0, 1, 0xFF, 0xFC];
        assert_eq!(Scan::of(&too_long).framed, Err(End::Unframed));
        let mut partial = Partial::default();
        partial.extend(&too_long[..3]).unwrap();
        assert_eq!(partial.extend(&too_long[3..]), Err(End::Unframed));
    }

    #[test]
    fn the_longest_message_is_put_together_without_holding_more() {
        let mut message = vec![7; BYTES_MAX];
        message[..4].copy_from_slice(&[0x40, 1, 0xFF, 0xFF]);
        let mut partial = Partial::default();
        for part in message.chunks(3) {
            assert!(partial.take_whole().is_none());
            partial.extend(part).unwrap();
            assert!(partial.bytes.capacity() <= BYTES_MAX);
        }
        assert_eq!(partial.take_whole(), Some(message));
        assert_eq!(partial.missing_bytes(), None);
    }
}
