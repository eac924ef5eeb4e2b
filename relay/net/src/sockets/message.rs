//! One message of a send call, and the pieces of payload that it is made of.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::ptr;

use libc::iovec;

use super::trains::{SEGMENTS_MAX, TRAIN_BYTES_MAX, TrainLimit};

/// One datagram, or a train of datagrams to one destination.
#[derive(Clone, Copy)]
pub(super) struct Message {
    pub(super) to: SocketAddr,
    /// Of every datagram but the last.
    pub(super) segment_bytes: usize,
    pub(super) datagrams: usize,
    pub(super) bytes: usize,
    /// Place of its first piece, once it has one.
    pub(super) first_piece: usize,
    pub(super) last_piece: usize,
    /// A train ends with its first datagram that is shorter than the others.
    ended: bool,
}

/// A stretch of payload, and the next one of the same message. A message's pieces lie anywhere among
/// those of others, since its datagrams came at any time during the batch.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) bytes: iovec,
    pub(super) next: Option<NonZeroU16>,
}

impl Message {
    /// Of one datagram, whose pieces begin at that place.
    pub(super) fn new(to: SocketAddr, bytes: usize, piece: usize) -> Self {
        Self {
            to,
            segment_bytes: bytes,
            datagrams: 1,
            bytes,
            first_piece: piece,
            last_piece: piece,
            ended: false,
        }
    }

    pub(super) fn is_train(&self) -> bool {
        self.datagrams > 1
    }

    /// Whether a datagram of that length may follow.
    pub(super) fn takes(&self, bytes: usize, limit: TrainLimit) -> bool {
        !self.ended
            && (1..=self.segment_bytes).contains(&bytes)
            && limit.allows(self.segment_bytes)
            && self.datagrams < SEGMENTS_MAX
            && self.bytes + bytes <= TRAIN_BYTES_MAX
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.datagrams += 1;
        self.bytes += bytes;
        self.ended = bytes < self.segment_bytes;
    }
}

impl Piece {
    /// Whether a part begins where this piece ends.
    pub(super) fn adjoins(&self, part: *const [u8]) -> bool {
        let end = self.bytes.iov_base.wrapping_byte_add(self.bytes.iov_len);
        end == part.cast::<libc::c_void>().cast_mut()
    }
}

pub(super) fn iovec_of(part: *const [u8]) -> iovec {
    iovec { iov_base: part.cast::<libc::c_void>().cast_mut(), iov_len: part.len() }
}

/// Cuts at most `bytes` off the front of a piece.
pub(super) fn cut(piece: &mut iovec, bytes: usize) -> *const [u8] {
    let bytes = bytes.min(piece.iov_len);
    let front = ptr::slice_from_raw_parts(piece.iov_base.cast::<u8>().cast_const(), bytes);
    piece.iov_base = piece.iov_base.wrapping_byte_add(bytes);
    piece.iov_len -= bytes;
    front
}
