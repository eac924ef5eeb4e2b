//! What is about to be sent through one socket.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::ptr;

use libc::{iovec, mmsghdr};
use ringfence_wire::datagram::{Frame, OWN_DATAGRAM_BYTES_MAX};

use super::control::SegmentControl;
use super::destinations::{Destinations, Slot};
use super::message::{Message, Piece, cut, iovec_of};
use super::trains::TrainLimit;
use crate::address::RawAddress;
use crate::syscall;

/// Messages per send call, as many as a receive call takes in.
const MESSAGES_MAX: usize = 64;

/// Pieces of payload per send call: 64 single datagrams, or a good number of scattered trains. No
/// message can have more than the kernel takes, UIO_MAXIOV (sendmsg(2), EMSGSIZE).
const PIECES_MAX: usize = 1_024;

/// Pieces of one datagram: header, payload, padding.
const PARTS_MAX: usize = 3;

/// Room for own datagrams per send call: 16 of the longest, or a full batch of STUN answers; and as much
/// for payloads that are copied.
const OWN_BYTES_MAX: usize = 32 * OWN_DATAGRAM_BYTES_MAX;

/// Up to so many bytes of a datagram are copied next to those before, where they would be pieces of their
/// own: for the kernel a piece is as dear as so many bytes.
const COPIED_BYTES_MAX: usize = 256;

/// Messages in the making. It remembers payloads by address only; whoever sends it vouches that
/// they are still there. All its memory is taken at the start.
pub(super) struct Queue {
    messages: Vec<Message>,
    destinations: Destinations,
    pieces: Vec<Piece>,
    own: Vec<u8>,
    /// The pieces as the kernel wants them, those of a message side by side.
    iovecs: Vec<iovec>,
    headers: Vec<mmsghdr>,
    names: Vec<RawAddress>,
    controls: Vec<SegmentControl>,
}

// SAFETY: `pieces`, `iovecs` and `headers` are plain addresses to everything but `sendmmsg`, which is
// reached only through unsafe functions whose callers vouch that the addresses are still valid.
unsafe impl Send for Queue {}

impl Queue {
    /// What a frame's padding is sent from.
    pub(super) const PADDING: &'static [u8; 3] = &[0; 3];

    pub(super) fn new() -> Self {
        Self {
            messages: Vec::with_capacity(MESSAGES_MAX),
            destinations: Destinations::new(MESSAGES_MAX),
            pieces: Vec::with_capacity(PIECES_MAX),
            iovecs: Vec::with_capacity(PIECES_MAX),
            own: Vec::with_capacity(OWN_BYTES_MAX),
            headers: vec![syscall::EMPTY_HEADER; MESSAGES_MAX],
            names: vec![RawAddress::EMPTY; MESSAGES_MAX],
            controls: vec![SegmentControl::new(0); MESSAGES_MAX],
        }
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Whether one more datagram can be pushed, of which `own_bytes` are copied.
    pub(super) fn has_room(&self, own_bytes: usize) -> bool {
        self.messages.len() < MESSAGES_MAX
            && self.pieces.len() + PARTS_MAX <= PIECES_MAX
            && self.own.len() + own_bytes <= OWN_BYTES_MAX
    }

    /// Adds a datagram, to the destination's last message where it fits: so datagrams of one
    /// destination stay in order, however many others come between them. Does nothing unless [`Queue::has_room`].
    pub(super) fn push(&mut self, payload: &[u8], to: &SocketAddr, limit: TrainLimit) {
        let Some(message) = self.message_for(payload.len(), to, limit) else { return };
        let adjoins = self.last_piece(message).is_some_and(|last| last.adjoins(payload));
        let copy = match self.messages[message].is_train() && !adjoins {
            true => self.copy_small([payload]),
            false => None,
        };
        self.push_piece(message, copy.unwrap_or(payload));
    }

    /// Copies `bytes` and adds the copy. Does nothing unless [`Queue::has_room`].
    pub(super) fn push_own(&mut self, bytes: &[u8], to: &SocketAddr, limit: TrainLimit) {
        if let Some(copy) = self.copy([bytes], OWN_BYTES_MAX)
            && let Some(message) = self.message_for(bytes.len(), to, limit)
        {
            self.push_piece(message, copy);
        }
    }

    /// Adds a payload between a header, which is copied, and zero bytes, as one datagram. Does
    /// nothing unless [`Queue::has_room`].
    pub(super) fn push_framed(
        &mut self,
        frame: Frame<'_>,
        payload: &[u8],
        to: &SocketAddr,
        limit: TrainLimit,
    ) {
        let Some(padding) = Self::PADDING.get(..frame.padding_bytes) else { return };
        let parts = [frame.header, payload, padding];
        let bytes = parts.iter().map(|part| part.len()).sum();
        if let Some(whole) = self.copy_small(parts) {
            let message = self.message_for(bytes, to, limit);
            message.into_iter().for_each(|message| self.push_piece(message, whole));
        } else if let Some(header) = self.copy([frame.header], OWN_BYTES_MAX)
            && let Some(message) = self.message_for(bytes, to, limit)
        {
            [header, payload, padding].into_iter().for_each(|part| self.push_piece(message, part));
        }
    }

    /// A copy of a datagram that is small; headers of others keep their room.
    fn copy_small<const PARTS: usize>(&mut self, parts: [&[u8]; PARTS]) -> Option<*const [u8]> {
        let small = parts.iter().map(|part| part.len()).sum::<usize>() <= COPIED_BYTES_MAX;
        small.then(|| self.copy(parts, OWN_BYTES_MAX / 2)).flatten()
    }

    /// A copy that stays where it is until the queue is cleared, if all copies keep below `bytes_max`.
    fn copy<const PARTS: usize>(
        &mut self,
        parts: [&[u8]; PARTS],
        bytes_max: usize,
    ) -> Option<*const [u8]> {
        let (start, bytes) = (self.own.len(), parts.iter().map(|part| part.len()).sum::<usize>());
        if start + bytes > bytes_max.min(OWN_BYTES_MAX) {
            return None;
        }
        // Within the capacity, so that copies already in `pieces` stay where they are.
        parts.iter().for_each(|part| self.own.extend_from_slice(part));
        let copy = self.own.as_ptr().wrapping_add(start);
        Some(ptr::slice_from_raw_parts(copy, bytes))
    }

    /// The message that takes one more datagram, begun if there is none. `None` when there is no room.
    fn message_for(&mut self, bytes: usize, to: &SocketAddr, limit: TrainLimit) -> Option<usize> {
        if !self.has_room(0) {
            return None;
        }
        Some(self.join(bytes, to, limit).unwrap_or_else(|slot| {
            self.begin_message(bytes, to);
            self.destinations.note(slot, self.messages.len() - 1);
            self.messages.len() - 1
        }))
    }

    /// The message that takes one more datagram, or where to note the one that it starts.
    fn join(&mut self, bytes: usize, to: &SocketAddr, limit: TrainLimit) -> Result<usize, Slot> {
        let messages = &mut self.messages;
        if let Some(last) = messages.last_mut()
            && last.to == *to
            && last.takes(bytes, limit)
        {
            last.add(bytes);
            return Ok(messages.len() - 1);
        }
        let (slot, found) = self.destinations.find(to, |number| messages[number].to == *to);
        match found.filter(|&number| messages[number].takes(bytes, limit)) {
            Some(number) => {
                messages[number].add(bytes);
                Ok(number)
            }
            None => Err(slot),
        }
    }

    pub(super) fn clear(&mut self) {
        self.messages.clear();
        self.destinations.clear();
        self.pieces.clear();
        self.own.clear();
    }

    fn begin_message(&mut self, bytes: usize, to: &SocketAddr) {
        self.messages.push(Message::new(*to, bytes, self.pieces.len()));
    }

    fn last_piece(&mut self, message: usize) -> Option<&mut Piece> {
        self.pieces.get_mut(self.messages[message].last_piece)
    }

    /// Segments of a received train lie back to back, and so do copies: one piece for all of them.
    fn push_piece(&mut self, message: usize, part: *const [u8]) {
        if part.is_empty() {
            return;
        }
        let (bytes, at) = (iovec_of(part), self.pieces.len());
        let message = &mut self.messages[message];
        if let Some(last) = self.pieces.get_mut(message.last_piece) {
            if last.adjoins(part) {
                last.bytes.iov_len += bytes.iov_len;
                return;
            }
            last.next = u16::try_from(at).ok().and_then(NonZeroU16::new);
        }
        message.last_piece = at;
        self.pieces.push(Piece { bytes, next: None });
    }

    /// The pieces of a message in order.
    fn pieces_of(&self, message: &Message) -> impl Iterator<Item = iovec> + '_ {
        let mut next = self.pieces.get(message.first_piece).filter(|_| message.bytes > 0);
        std::iter::from_fn(move || {
            let piece = next?;
            next = piece.next.and_then(|at| self.pieces.get(usize::from(at.get())));
            Some(piece.bytes)
        })
    }

    /// The only message, if it is one datagram in one piece: what relayed sockets send most, and what
    /// sendto(2) sends for a tenth less than sendmmsg(2).
    pub(super) fn lone(&mut self) -> Option<(*const [u8], &[u8])> {
        let ([message], [piece]) = (&self.messages[..], &self.pieces[..]) else { return None };
        if message.is_train() {
            return None;
        }
        let base = piece.bytes.iov_base.cast::<u8>().cast_const();
        let payload = ptr::slice_from_raw_parts(base, piece.bytes.iov_len);
        Some((payload, self.names[0].written(&message.to)))
    }

    /// Prepares the headers of all messages. They hold good until the queue is next changed.
    pub(super) fn prepare(&mut self) {
        let mut iovecs = std::mem::take(&mut self.iovecs);
        iovecs.clear();
        for (slot, message) in self.messages.iter().enumerate() {
            let first = iovecs.len();
            iovecs.extend(self.pieces_of(message));
            let header = &mut self.headers[slot].msg_hdr;
            header.msg_namelen = self.names[slot].encode(&message.to);
            header.msg_iovlen = iovecs.len() - first;
            header.msg_controllen = 0;
            if message.is_train() {
                let segment_bytes = u16::try_from(message.segment_bytes).unwrap_or(u16::MAX);
                self.controls[slot] = SegmentControl::new(segment_bytes);
                header.msg_controllen = SegmentControl::BYTES;
            }
        }
        self.iovecs = iovecs;
        self.link();
    }

    // Last, so that no reference to the vectors is made between here and the system call.
    fn link(&mut self) {
        let (names, controls) = (self.names.as_mut_ptr(), self.controls.as_mut_ptr());
        let mut iovecs = self.iovecs.as_mut_ptr();
        for (slot, header) in self.headers[..self.messages.len()].iter_mut().enumerate() {
            let header = &mut header.msg_hdr;
            header.msg_name = names.wrapping_add(slot).cast();
            header.msg_control = controls.wrapping_add(slot).cast();
            header.msg_iov = iovecs;
            iovecs = iovecs.wrapping_add(header.msg_iovlen);
        }
    }

    /// The prepared headers of the messages from `first` on.
    pub(super) fn prepared_from(&mut self, first: usize) -> &mut [mmsghdr] {
        &mut self.headers[first..self.messages.len()]
    }

    /// Adds the datagrams of one message to `singles`, one by one, as far as there is room.
    pub(super) fn take_apart(&self, slot: usize, singles: &mut Self) {
        let message = &self.messages[slot];
        let mut rest = message.bytes;
        let mut missing = 0;
        for mut piece in self.pieces_of(message) {
            while piece.iov_len > 0 && singles.has_room(0) {
                if missing == 0 {
                    missing = message.segment_bytes.min(rest);
                    singles.begin_message(missing, &message.to);
                }
                let part = cut(&mut piece, missing);
                singles.push_piece(singles.messages.len() - 1, part);
                missing -= part.len();
                rest -= part.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static BYTES: [u8; 4096] = {
        let mut bytes = [0; 4096];
        let mut at = 0;
        while at < bytes.len() {
            bytes[at] = (at / 3).to_le_bytes()[0];
            at += 1;
        }
        bytes
    };

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
        assert_eq!(made, [(3, 300, 1), (1, 100, 2)]);
    }

    /// What joins an earlier train overtakes others, never one of its own destination.
    #[test]
    fn datagrams_of_one_destination_stay_in_order_across_the_batch() {
        let sizes = [(100, 1), (80, 2), (100, 1), (60, 1), (80, 2), (100, 1), (60, 1), (99, 2)];
        let made = messages(&sizes, TrainLimit::ANY);
        assert_eq!(made, [(3, 260, 1), (2, 160, 2), (2, 160, 1), (1, 99, 2)]);
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

    /// What message `slot` would be on the wire, datagram by datagram, if sent without offload.
    fn apart(queue: &Queue, slot: usize) -> Vec<Vec<u8>> {
        let mut singles = Queue::new();
        queue.take_apart(slot, &mut singles);
        let bytes = |piece: iovec| {
            let base = piece.iov_base.cast::<u8>().cast_const();
            // SAFETY: the tests push static bytes, and copies that `queue` still holds.
            unsafe { std::slice::from_raw_parts(base, piece.iov_len) }.to_vec()
        };
        let of = |message: &Message| {
            let datagram = singles.pieces_of(message).flat_map(bytes).collect::<Vec<_>>();
            assert_eq!(datagram.len(), message.bytes);
            datagram
        };
        singles.messages.iter().map(of).collect()
    }

    #[test]
    fn adjoining_segments_share_a_piece_and_come_apart_again() {
        let mut queue = Queue::new();
        for segment in BYTES[..250].chunks(100).chain([&BYTES[1000..1030]]) {
            queue.push(segment, &to(1), TrainLimit::ANY);
        }
        assert_eq!(queue.pieces.len(), 2);
        assert_eq!(apart(&queue, 0), BYTES[..250].chunks(100).collect::<Vec<_>>());
        assert_eq!(apart(&queue, 1), [&BYTES[1000..1030]]);
    }

    #[test]
    fn adjoining_datagrams_of_two_messages_share_nothing() {
        let mut queue = Queue::new();
        queue.push(&BYTES[..100], &to(1), TrainLimit::ANY);
        queue.push(&BYTES[100..200], &to(2), TrainLimit::ANY);
        assert_eq!(apart(&queue, 0), [&BYTES[..100]]);
        assert_eq!(apart(&queue, 1), [&BYTES[100..200]]);
    }

    #[test]
    fn frames_of_one_length_become_a_train_and_come_apart_again() {
        let mut queue = Queue::new();
        let mut expected = Vec::new();
        for (at, bytes) in [(0_usize, 97), (97, 97), (500, 97), (600, 90)] {
            let header = [0x40, 1, 0, at.to_le_bytes()[0]];
            let payload = &BYTES[at..at + bytes];
            let frame = Frame { header: &header, padding_bytes: 3 };
            queue.push_framed(frame, payload, &to(1), TrainLimit::ANY);
            expected.push([&header[..], payload, &[0; 3]].concat());
        }
        assert_eq!(queue.messages.len(), 1);
        assert_eq!(apart(&queue, 0), expected);
    }

    #[test]
    fn an_empty_payload_is_framed_too() {
        let mut queue = Queue::new();
        let frame = Frame { header: &[0x40, 1, 0, 0], padding_bytes: 0 };
        (0..2).for_each(|_| queue.push_framed(frame, &BYTES[..0], &to(1), TrainLimit::ANY));
        assert_eq!((queue.messages.len(), queue.pieces.len()), (1, 1));
        assert_eq!(apart(&queue, 0), [frame.header, frame.header]);
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
