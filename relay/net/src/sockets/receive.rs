//! Receiving: recvmmsg(2) fills one preallocated arena, from one socket or from several in turn,
//! which the step then reads in place.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;

use libc::{iovec, mmsghdr};
use ringfence_wire::datagram::{Datagram, LocalSocket};

use super::control::ReceivedControl;
use crate::address::RawAddress;
use crate::counters::ReceiveCounters;
use crate::syscall;

/// Messages per batch. At 64 a call's fixed cost is a small part of the kernel's cost per
/// message, and the first arrival does not wait long for the last.
pub(crate) const MESSAGES_MAX: usize = 64;

/// A coalesced train is at most one IP packet long (udp(7), UDP_GRO).
const MESSAGE_BYTES_MAX: usize = 65_536;

/// Distance between two messages in the arena. At 64 KiB exactly, the first bytes of all messages
/// would share a few sets of every cache; 23 cache lines more spread them out.
const STRIDE_BYTES: usize = MESSAGE_BYTES_MAX + 23 * 64;

/// One batch of received messages and the room for it, shared by all sockets of a shard.
///
/// The vectors never grow, and `headers` points into all others. Those are only ever read here;
/// the kernel alone writes them, inside [`Receiver::receive`].
pub(crate) struct Receiver {
    headers: Vec<mmsghdr>,
    /// Named by `headers`, never touched again.
    _iovecs: Vec<iovec>,
    names: Vec<RawAddress>,
    controls: Vec<ReceivedControl>,
    arena: Vec<u8>,
    /// Which socket received each message.
    locals: Vec<LocalSocket>,
    /// How many messages the batch has: those headers hold lengths the kernel wrote.
    filled: usize,
}

// SAFETY: the pointers in `headers` and `_iovecs` lead only to heap memory that the other fields
// own, which moves to the other thread with them, and nothing else holds a pointer to it.
unsafe impl Send for Receiver {}

impl Receiver {
    pub(crate) fn new() -> Self {
        let mut names = vec![RawAddress::EMPTY; MESSAGES_MAX];
        let mut controls = vec![ReceivedControl::EMPTY; MESSAGES_MAX];
        let mut arena = vec![0; MESSAGES_MAX * STRIDE_BYTES];
        let mut iovecs: Vec<iovec> = (0..MESSAGES_MAX)
            .map(|slot| iovec {
                iov_base: arena.as_mut_ptr().wrapping_add(slot * STRIDE_BYTES).cast(),
                iov_len: MESSAGE_BYTES_MAX,
            })
            .collect();
        let mut headers = vec![syscall::EMPTY_HEADER; MESSAGES_MAX];
        for (slot, header) in headers.iter_mut().enumerate() {
            header.msg_hdr.msg_name = names.as_mut_ptr().wrapping_add(slot).cast();
            header.msg_hdr.msg_control = controls.as_mut_ptr().wrapping_add(slot).cast();
            header.msg_hdr.msg_iov = iovecs.as_mut_ptr().wrapping_add(slot);
            header.msg_hdr.msg_iovlen = 1;
        }
        let locals = vec![LocalSocket::default(); MESSAGES_MAX];
        Self { headers, _iovecs: iovecs, names, controls, arena, locals, filled: MESSAGES_MAX }
    }

    /// Begins an empty batch.
    ///
    /// recvmsg(2): `msg_namelen` and `msg_controllen` are rooms before the call, lengths after it.
    pub(crate) fn begin(&mut self) {
        for header in &mut self.headers[..self.filled] {
            header.msg_hdr.msg_namelen = RawAddress::BYTES;
            header.msg_hdr.msg_controllen = ReceivedControl::BYTES;
        }
        self.filled = 0;
    }

    /// Adds what waits at `socket`, as far as there is room in the batch. An error adds nothing.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, local: LocalSocket) -> io::Result<Left> {
        let room = &mut self.headers[self.filled..];
        let room_messages = room.len();
        // SAFETY: `new` made every name, control and iovec pointer from a vector of this value that
        // has not moved or grown since, with the lengths that `begin` restored wherever the kernel
        // had changed them: in the slots filled by then, and none of this batch's is in `room`.
        // Slots do not overlap, as the stride is longer than a message. `&mut self` shows that no
        // `Received` is looking at them.
        let received = unsafe { syscall::recvmmsg(socket.as_fd(), room) }?.min(room_messages);
        self.locals[self.filled..self.filled + received].fill(local);
        self.filled += received;
        Ok(if received < room_messages { Left::Nothing } else { Left::Maybe })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.filled == MESSAGES_MAX
    }

    /// The batch.
    pub(crate) fn batch<'rx, 'count>(
        &'rx self,
        counters: &'count mut ReceiveCounters,
    ) -> Received<'rx, 'count> {
        counters.batches += 1;
        Received { receiver: self, next: 0, counters }
    }

    fn payload(&self, slot: usize, bytes: u32) -> Option<&[u8]> {
        let bytes = usize::try_from(bytes).ok()?;
        self.arena.get(slot * STRIDE_BYTES..)?.get(..bytes)
    }
}

/// Whether a receive call left messages behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Left {
    /// It got fewer than it had room for, so it saw the socket empty.
    Nothing,
    /// The room ran out first.
    Maybe,
}

/// The messages of a batch in the order of arrival; what cannot be used is counted and skipped.
pub(crate) struct Received<'rx, 'count> {
    receiver: &'rx Receiver,
    next: usize,
    counters: &'count mut ReceiveCounters,
}

impl<'rx> Iterator for Received<'rx, '_> {
    type Item = Datagram<'rx>;

    fn next(&mut self) -> Option<Datagram<'rx>> {
        while self.next < self.receiver.filled {
            let slot = self.next;
            self.next += 1;
            if let Some(datagram) = self.read(slot) {
                return Some(datagram);
            }
        }
        None
    }
}

impl<'rx> Received<'rx, '_> {
    fn read(&mut self, slot: usize) -> Option<Datagram<'rx>> {
        let header = self.receiver.headers.get(slot)?;
        if self.is_cut_off(header.msg_hdr.msg_flags) {
            return None;
        }
        let Some(remote) = self.receiver.names[slot].decode(header.msg_hdr.msg_namelen) else {
            self.counters.foreign_source += 1;
            return None;
        };
        let payload = self.receiver.payload(slot, header.msg_len)?;
        let train = self.receiver.controls[slot].segment_bytes(header.msg_hdr.msg_controllen);
        let segment_bytes = self.counters.note(payload.len(), train);
        let local = self.receiver.locals[slot];
        Some(Datagram { payload, segment_bytes, remote, local })
    }

    fn is_cut_off(&mut self, flags: i32) -> bool {
        if flags & libc::MSG_TRUNC != 0 {
            self.counters.truncated += 1;
        } else if flags & libc::MSG_CTRUNC != 0 {
            self.counters.control_truncated += 1;
        }
        flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0
    }
}

impl ReceiveCounters {
    /// Counts a message and judges its segment size: the size to hand on.
    fn note(&mut self, payload_bytes: usize, train: Option<i32>) -> usize {
        let segment_bytes = match train.map(usize::try_from) {
            None => payload_bytes,
            Some(Ok(bytes)) if bytes > 0 => bytes,
            Some(_) => {
                self.odd_segment_size += 1;
                payload_bytes
            }
        };
        self.bytes += payload_bytes as u64;
        if segment_bytes < payload_bytes {
            self.trains += 1;
            self.datagrams += payload_bytes.div_ceil(segment_bytes) as u64;
        } else {
            self.datagrams += 1;
        }
        segment_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_segment_sizes_make_a_single_datagram() {
        for odd in [0, -1, i32::MIN] {
            let mut counters = ReceiveCounters::default();
            assert_eq!(counters.note(100, Some(odd)), 100);
            assert_eq!((counters.datagrams, counters.odd_segment_size), (1, 1));
        }
    }

    #[test]
    fn trains_count_every_segment_a_short_last_one_too() {
        let mut counters = ReceiveCounters::default();
        assert_eq!(counters.note(2500, Some(1000)), 1000);
        assert_eq!(counters.note(1000, Some(1000)), 1000);
        assert_eq!(counters.note(0, None), 0);
        assert_eq!((counters.datagrams, counters.trains, counters.bytes), (5, 1, 3500));
    }

    #[test]
    fn a_message_cut_off_by_the_kernel_is_counted_and_skipped() {
        let receiving = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sending = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiving.local_addr().unwrap();
        for bytes in [10, 3000, 20] {
            assert_eq!(sending.send_to(&vec![1; bytes], to).unwrap(), bytes);
        }
        let mut receiver = Receiver::new();
        receiver._iovecs.iter_mut().for_each(|room| room.iov_len = 2000);
        let (mut counters, mut lengths) = (ReceiveCounters::default(), Vec::new());
        while lengths.len() < 2 {
            receiver.begin();
            if receiver.receive(&receiving, LocalSocket::Listen(0)).is_ok() {
                let batch = receiver.batch(&mut counters);
                lengths.extend(batch.map(|got| got.payload.len()));
            }
        }
        assert_eq!(lengths, [10, 20]);
        assert_eq!((counters.truncated, counters.datagrams), (1, 2));
    }

    #[test]
    fn a_message_without_its_whole_control_data_is_counted_and_skipped() {
        let mut receiver = Receiver::new();
        receiver.filled = 1;
        receiver.headers[0].msg_hdr.msg_flags = libc::MSG_CTRUNC;
        let from = "127.0.0.1:5".parse().unwrap();
        receiver.headers[0].msg_hdr.msg_namelen = receiver.names[0].encode(&from);
        let mut counters = ReceiveCounters::default();
        assert_eq!(receiver.batch(&mut counters).count(), 0);
        assert_eq!((counters.control_truncated, counters.datagrams), (1, 0));
    }

    #[test]
    fn a_call_that_fails_leaves_an_empty_batch() {
        let receiving = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut receiver = Receiver::new();
        receiver.filled = 1;
        receiver.begin();
        receiver.receive(&receiving, LocalSocket::Listen(0)).unwrap_err();
        let mut counters = ReceiveCounters::default();
        assert_eq!(receiver.batch(&mut counters).count(), 0);
        assert_eq!(counters.foreign_source, 0);
    }

    #[test]
    fn several_sockets_share_a_batch_until_it_is_full() {
        let sockets = [(); 3].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let sending = UdpSocket::bind("127.0.0.1:0").unwrap();
        for (socket, messages) in sockets.iter().zip([5, 70, 1]) {
            let to = socket.local_addr().unwrap();
            (0..messages).for_each(|_| assert_eq!(sending.send_to(b"one", to).unwrap(), 3));
        }
        let mut receiver = Receiver::new();
        receiver.begin();
        let mut receive = |number: u32| {
            let socket = &sockets[usize::try_from(number).unwrap()];
            receiver.receive(socket, LocalSocket::Relayed(number)).unwrap()
        };
        assert_eq!((receive(0), receive(1)), (Left::Nothing, Left::Maybe));
        assert!(receiver.is_full());
        let mut counters = ReceiveCounters::default();
        let locals: Vec<_> = receiver.batch(&mut counters).map(|got| got.local).collect();
        let expected = [LocalSocket::Relayed(0)].repeat(5);
        assert_eq!(locals, [expected, [LocalSocket::Relayed(1)].repeat(59)].concat());
    }

    #[test]
    fn a_source_of_no_known_family_is_counted_and_skipped() {
        let mut receiver = Receiver::new();
        receiver.filled = 1;
        let mut counters = ReceiveCounters::default();
        assert_eq!(receiver.batch(&mut counters).count(), 0);
        assert_eq!(counters.foreign_source, 1);
    }
}
