//! The two control messages of udp(7) that carry a segment size.

use std::mem::{offset_of, size_of};

use libc::{c_int, cmsghdr};

/// Room for the control data of one received message: twice what UDP_GRO takes.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(super) struct ReceivedControl([u8; ReceivedControl::BYTES]);

impl ReceivedControl {
    pub(super) const BYTES: usize = 64;
    pub(super) const EMPTY: Self = Self([0; Self::BYTES]);

    /// The UDP_GRO value among the first `bytes` bytes, as the kernel gives it: an int that nobody
    /// has judged. `None` when the message is a single datagram.
    pub(super) fn segment_bytes(&self, bytes: usize) -> Option<c_int> {
        let mut rest = self.0.get(..bytes)?;
        loop {
            let (length, level, kind) = header(rest)?;
            if (level, kind) == (libc::SOL_UDP, libc::UDP_GRO) {
                let data = rest.get(DATA_AT..length)?;
                return Some(c_int::from_ne_bytes(*data.first_chunk()?));
            }
            // cmsg(3): the next header starts at the next aligned offset. A length below that of a
            // header would not move us on.
            let next = length.max(DATA_AT).checked_next_multiple_of(size_of::<usize>())?;
            rest = rest.get(next..)?;
        }
    }
}

/// Length, level and type of the control message at the start of `bytes`.
fn header(bytes: &[u8]) -> Option<(usize, c_int, c_int)> {
    let length = usize::from_ne_bytes(*bytes.first_chunk()?);
    let level = c_int::from_ne_bytes(*bytes.get(LEVEL_AT..)?.first_chunk()?);
    let kind = c_int::from_ne_bytes(*bytes.get(KIND_AT..)?.first_chunk()?);
    Some((length, level, kind))
}

const LEVEL_AT: usize = offset_of!(cmsghdr, cmsg_level);
const KIND_AT: usize = offset_of!(cmsghdr, cmsg_type);
const DATA_AT: usize = size_of::<cmsghdr>();

/// One UDP_SEGMENT control message: "the payload is split into datagrams of this size" (udp(7)).
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct SegmentControl {
    cmsg_len: usize,
    cmsg_level: c_int,
    cmsg_type: c_int,
    segment_bytes: u16,
    padding: [u16; 3],
}

impl SegmentControl {
    pub(crate) const BYTES: usize = size_of::<Self>();

    pub(crate) const fn new(segment_bytes: u16) -> Self {
        Self {
            cmsg_len: DATA_AT + size_of::<u16>(),
            cmsg_level: libc::SOL_UDP,
            cmsg_type: libc::UDP_SEGMENT,
            segment_bytes,
            padding: [0; 3],
        }
    }
}

const _: () = {
    // CMSG_SPACE and CMSG_LEN of cmsg(3), for the two byte value.
    assert!(SegmentControl::BYTES == DATA_AT + size_of::<usize>());
    assert!(offset_of!(SegmentControl, cmsg_len) == offset_of!(cmsghdr, cmsg_len));
    assert!(offset_of!(SegmentControl, cmsg_level) == LEVEL_AT);
    assert!(offset_of!(SegmentControl, cmsg_type) == KIND_AT);
    assert!(offset_of!(SegmentControl, segment_bytes) == DATA_AT);
};

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize, level: c_int, kind: c_int, value: c_int) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[0..8].copy_from_slice(&length.to_ne_bytes());
        bytes[8..12].copy_from_slice(&level.to_ne_bytes());
        bytes[12..16].copy_from_slice(&kind.to_ne_bytes());
        bytes[16..20].copy_from_slice(&value.to_ne_bytes());
        bytes
    }

    fn control(messages: &[[u8; 24]]) -> (ReceivedControl, usize) {
        let mut control = ReceivedControl::EMPTY;
        let bytes = messages.concat();
        control.0[..bytes.len()].copy_from_slice(&bytes);
        (control, bytes.len())
    }

    #[test]
    fn the_gro_size_is_found_also_behind_another_message() {
        let gro = message(20, libc::SOL_UDP, libc::UDP_GRO, 1200);
        let other = message(20, libc::SOL_SOCKET, libc::SCM_RIGHTS, 9);
        for messages in [&[gro][..], &[other, gro][..]] {
            let (control, bytes) = control(messages);
            assert_eq!(control.segment_bytes(bytes), Some(1200));
        }
    }

    #[test]
    fn values_are_passed_on_unjudged() {
        for value in [0, -1, c_int::MAX, c_int::MIN] {
            let (control, bytes) = control(&[message(20, libc::SOL_UDP, libc::UDP_GRO, value)]);
            assert_eq!(control.segment_bytes(bytes), Some(value));
        }
    }

    #[test]
    fn odd_lengths_neither_panic_nor_spin() {
        for length in [0, 1, 15, 16, 19, 24, 25, 64, 65, usize::MAX, usize::MAX - 7] {
            for kind in [libc::UDP_GRO, libc::UDP_SEGMENT] {
                let (control, _) = control(&[message(length, libc::SOL_UDP, kind, 7); 2]);
                for bytes in 0..=ReceivedControl::BYTES + 1 {
                    let whole = kind == libc::UDP_GRO && (20..=bytes).contains(&length);
                    let found = control.segment_bytes(bytes);
                    assert_eq!(found.is_some(), whole && bytes <= ReceivedControl::BYTES);
                }
            }
        }
    }
}
