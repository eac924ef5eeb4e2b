//! What is about to be sent through one socket.

use std::net::SocketAddr;
use std::ptr;

use libc::{iovec, mmsghdr};
use ringfence_wire::datagram::OWN_DATAGRAM_BYTES_MAX;

use super::control::SegmentControl;
use super::trains::{SEGMENTS_MAX, TRAIN_BYTES_MAX, TrainLimit};
use crate::address::RawAddress;
use crate::syscall;

/// Messages per send call, as many as a receive call takes in.
const MESSAGES_MAX: usize = 64;

/// Pieces of payload per send call: 64 single datagrams, or a good number of scattered trains.
const PIECES_MAX: usize = 1_024;

/// Room for own datagrams per send call: 16 of the longest, or a full batch of STUN answers.
const OWN_BYTES_MAX: usize = 16 * OWN_DATAGRAM_BYTES_MAX;

/// Messages in the making. It remembers payloads by address only; whoever sends it vouches that
/// they are still there. All its memory is taken at the start.
pub(super) struct Queue {
    messages: Vec<Message>,
    pieces: Vec<iovec>,
    own: Vec<u8>,
    headers: Vec<mmsghdr>,
    names: Vec<RawAddress>,
    controls: Vec<SegmentControl>,
}

// SAFETY: `pieces` and `headers` are plain addresses to everything but `sendmmsg`, which is
// reached only through unsafe functions whose callers vouch that the addresses are still valid.
unsafe impl Send for Queue {}

/// One datagram, or a train of datagrams to one destination.
#[derive(Clone, Copy)]
pub(super) struct Message {
    pub(super) to: SocketAddr,
    /// Of every datagram but the last.
    pub(super) segment_bytes: usize,
    pub(super) datagrams: usize,
    pub(super) bytes: usize,
    first_piece: usize,
    /// A train ends with its first datagram that is shorter than the others.
    ended: bool,
}

impl Message {
    pub(super) fn is_train(&self) -> bool {
        self.datagrams > 1
    }

    fn takes(&self, bytes: usize, to: &SocketAddr, limit: TrainLimit) -> bool {
        self.to == *to
            && !self.ended
            && (1..=self.segment_bytes).contains(&bytes)
            && limit.allows(self.segment_bytes)
            && self.datagrams < SEGMENTS_MAX
            && self.bytes + bytes <= TRAIN_BYTES_MAX
    }

    fn add(&mut self, bytes: usize) {
        self.datagrams += 1;
        self.bytes += bytes;
        self.ended = bytes < self.segment_bytes;
    }
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            messages: Vec::with_capacity(MESSAGES_MAX),
            pieces: Vec::with_capacity(PIECES_MAX),
            own: Vec::with_capacity(OWN_BYTES_MAX),
            headers: vec![syscall::EMPTY_HEADER; MESSAGES_MAX],
            names: vec![RawAddress::EMPTY; MESSAGES_MAX],
            controls: vec![SegmentControl::new(0); MESSAGES_MAX],
        }
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Whether any one more payload can be pushed.
    pub(super) fn has_room(&self) -> bool {
        self.messages.len() < MESSAGES_MAX && self.pieces.len() < PIECES_MAX
    }

    /// Whether an own datagram of that length can be pushed as well.
    pub(super) fn has_room_for_own(&self, bytes: usize) -> bool {
        self.has_room() && self.own.len() + bytes <= OWN_BYTES_MAX
    }

    /// Adds a datagram, to the last train where it fits. Does nothing unless [`Queue::has_room`].
    pub(super) fn push(&mut self, payload: *const [u8], to: &SocketAddr, limit: TrainLimit) {
        if !self.has_room() {
            return;
        }
        match self.messages.last_mut() {
            Some(last) if last.takes(payload.len(), to, limit) => {
                last.add(payload.len());
                self.push_adjoining(payload);
            }
            _ => self.push_message(payload, to),
        }
    }

    /// Copies `bytes` and adds the copy. Does nothing unless [`Queue::has_room_for_own`].
    pub(super) fn push_own(&mut self, bytes: &[u8], to: &SocketAddr, limit: TrainLimit) {
        if !self.has_room_for_own(bytes.len()) {
            return;
        }
        let start = self.own.len();
        // Within the capacity, so that copies already in `pieces` stay where they are.
        self.own.extend_from_slice(bytes);
        let copy = self.own.as_ptr().wrapping_add(start);
        self.push(ptr::slice_from_raw_parts(copy, bytes.len()), to, limit);
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.pieces.clear();
        self.own.clear();
    }

    fn push_message(&mut self, payload: *const [u8], to: &SocketAddr) {
        self.messages.push(Message {
            to: *to,
            segment_bytes: payload.len(),
            datagrams: 1,
            bytes: payload.len(),
            first_piece: self.pieces.len(),
            ended: false,
        });
        self.pieces.push(piece(payload));
    }

    /// Segments of a received train lie back to back: one piece for all of them.
    fn push_adjoining(&mut self, payload: *const [u8]) {
        let piece = piece(payload);
        match self.pieces.last_mut() {
            Some(last) if last.iov_base.wrapping_byte_add(last.iov_len) == piece.iov_base => {
                last.iov_len += piece.iov_len;
            }
            _ => self.pieces.push(piece),
        }
    }

    /// Prepares the headers of all messages. They hold good until the queue is next changed.
    pub(super) fn prepare(&mut self) {
        let pieces_end = self.pieces.len();
        let ends = self.messages.iter().skip(1).map(|next| next.first_piece).chain([pieces_end]);
        for (slot, (message, end)) in self.messages.iter().zip(ends).enumerate() {
            let header = &mut self.headers[slot].msg_hdr;
            header.msg_namelen = self.names[slot].encode(&message.to);
            header.msg_iovlen = end - message.first_piece;
            header.msg_controllen = 0;
            if message.is_train() {
                let segment_bytes = u16::try_from(message.segment_bytes).unwrap_or(u16::MAX);
                self.controls[slot] = SegmentControl::new(segment_bytes);
                header.msg_controllen = SegmentControl::BYTES;
            }
        }
        self.link();
    }

    // Last, so that no reference to the vectors is made between here and the system call.
    fn link(&mut self) {
        let (names, controls) = (self.names.as_mut_ptr(), self.controls.as_mut_ptr());
        let pieces = self.pieces.as_mut_ptr();
        for (slot, message) in self.messages.iter().enumerate() {
            let header = &mut self.headers[slot].msg_hdr;
            header.msg_name = names.wrapping_add(slot).cast();
            header.msg_control = controls.wrapping_add(slot).cast();
            header.msg_iov = pieces.wrapping_add(message.first_piece);
        }
    }

    /// The prepared headers of the messages from `first` on.
    pub(super) fn prepared_from(&mut self, first: usize) -> &mut [mmsghdr] {
        &mut self.headers[first..self.messages.len()]
    }

    /// The datagrams of one message, one by one.
    pub(super) fn datagrams(&self, slot: usize) -> impl Iterator<Item = *const [u8]> {
        let first = self.messages[slot].first_piece;
        let end = self.messages.get(slot + 1).map_or(self.pieces.len(), |next| next.first_piece);
        let segment_bytes = self.messages[slot].segment_bytes.max(1);
        self.pieces[first..end].iter().flat_map(move |piece| split(piece, segment_bytes))
    }
}

fn piece(payload: *const [u8]) -> iovec {
    iovec { iov_base: payload.cast::<libc::c_void>().cast_mut(), iov_len: payload.len() }
}

fn split(piece: &iovec, segment_bytes: usize) -> impl Iterator<Item = *const [u8]> + use<> {
    let (base, len) = (piece.iov_base.cast::<u8>().cast_const(), piece.iov_len);
    (0..len).step_by(segment_bytes).map(move |at| {
        ptr::slice_from_raw_parts(base.wrapping_add(at), segment_bytes.min(len - at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    static BYTES: [u8; 4096] = [0; 4096];

    fn to(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Pushes datagrams of those lengths and ports, and shows what messages came of them.
    fn messages(datagrams: &[(usize, u16)], limit: TrainLimit) -> Vec<(usize, usize, u16)> {
        let mut queue = Queue::new();
        for &(bytes, port) in datagrams {
            queue.push(&BYTES[..bytes], &to(port), limit);
        }
        queue.messages.iter().map(|m| (m.datagrams, m.bytes, m.to.port())).collect()
    }

    #[test]
    fn neighbours_of_one_size_and_destination_become_a_train() {
        let made = messages(&[(100, 1), (100, 1), (100, 2), (100, 1)], TrainLimit::ANY);
        assert_eq!(made, [(2, 200, 1), (1, 100, 2), (1, 100, 1)]);
    }

    #[test]
    fn a_shorter_datagram_ends_the_train_and_a_longer_one_starts_another() {
        let made = messages(&[(100, 1), (60, 1), (60, 1), (61, 1)], TrainLimit::ANY);
        assert_eq!(made, [(2, 160, 1), (1, 60, 1), (1, 61, 1)]);
    }

    #[test]
    fn empty_datagrams_stay_alone() {
        let made = messages(&[(0, 1), (0, 1), (5, 1), (0, 1)], TrainLimit::ANY);
        assert_eq!(made, [(1, 0, 1), (1, 0, 1), (1, 5, 1), (1, 0, 1)]);
    }

    #[test]
    fn trains_keep_to_the_segment_count_and_the_packet_length() {
        let many = messages(&[(10, 1); 65], TrainLimit::ANY);
        assert_eq!(many, [(64, 640, 1), (1, 10, 1)]);
        let long = messages(&[(4096, 1); 17], TrainLimit::ANY);
        assert_eq!(long, [(15, 61_440, 1), (2, 8192, 1)]);
    }

    #[test]
    fn sizes_over_the_limit_are_not_merged() {
        let mut limit = TrainLimit::ANY;
        limit.learn(libc::EMSGSIZE, 2000, 0);
        let made = messages(&[(2000, 1), (2000, 1), (1999, 1), (1999, 1)], limit);
        assert_eq!(made, [(1, 2000, 1), (1, 2000, 1), (2, 3998, 1)]);
    }

    #[test]
    fn adjoining_segments_share_a_piece_and_come_apart_again() {
        let mut queue = Queue::new();
        for segment in BYTES[..250].chunks(100).chain([&BYTES[1000..1030]]) {
            queue.push(segment, &to(1), TrainLimit::ANY);
        }
        assert_eq!(queue.pieces.len(), 2);
        let train: Vec<_> = queue.datagrams(0).collect();
        let expected: Vec<*const [u8]> = BYTES[..250].chunks(100).map(ptr::from_ref).collect();
        assert_eq!(train, expected);
        assert_eq!(queue.datagrams(1).count(), 1);
    }

    #[test]
    fn a_full_queue_takes_nothing_and_moves_nothing() {
        let mut queue = Queue::new();
        let own = queue.own.as_ptr();
        for _ in 0..1000 {
            queue.push_own(&[1; OWN_DATAGRAM_BYTES_MAX], &to(1), TrainLimit::NO_TRAINS);
            queue.push(&BYTES[..9], &to(1), TrainLimit::NO_TRAINS);
        }
        assert_eq!(queue.messages.len(), MESSAGES_MAX);
        assert_eq!(queue.own.as_ptr(), own);
    }
}
