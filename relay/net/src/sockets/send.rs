//! Sending: prepared messages to sendmmsg(2), and what to do when the kernel refuses one.

use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::sync::Arc;

use libc::{c_int, mmsghdr};

use super::message::Message;
use super::pool::QueueNumber;
use super::queue::Queue;
use super::trains::TrainLimit;
use crate::counters::{SendCounters, SendRefusal};
use crate::syscall;

/// The way out through one socket.
pub(super) struct Line {
    pub(super) socket: Arc<UdpSocket>,
    pub(super) limit: TrainLimit,
    /// Lent by the pool as long as something waits in it.
    pub(super) queue: Option<QueueNumber>,
}

impl Line {
    pub(super) fn new(socket: Arc<UdpSocket>, limit: TrainLimit) -> Self {
        Self { socket, limit, queue: None }
    }

    /// Hands everything in `queue` to the kernel, in order, and clears it. What the kernel refuses
    /// is counted; a train that it will not segment goes out through `singles`, one datagram at a
    /// time.
    ///
    /// # Safety
    /// Every payload pushed to the queue since it was last cleared can still be read.
    pub(super) unsafe fn flush(
        &mut self,
        queue: &mut Queue,
        singles: &mut Queue,
        counters: &mut SendCounters,
    ) {
        let socket = self.socket.as_fd();
        if let Some((payload, name)) = queue.lone() {
            // SAFETY: the caller vouches for the payload.
            let sent = unsafe { syscall::send_to(socket, payload, name) };
            if sent.is_ok() {
                counters.calls += 1;
                counters.take_message(&queue.messages()[0]);
                return queue.clear();
            }
            // What to do about a refusal is decided in one place.
        }
        let mut kernel = |headers: &mut [mmsghdr]| {
            // SAFETY: `send_trains` passes nothing but headers that `Queue::prepare` has just
            // pointed at a queue that does not change before they are used: our own, whose payloads
            // the caller vouches for, or `singles`, which then holds parts of them.
            unsafe { syscall::sendmmsg(socket, headers) }
        };
        send_trains(queue, &mut self.limit, singles, counters, &mut kernel);
    }
}

/// Sends all messages of `queue` and clears it, taking refused trains apart.
fn send_trains(
    queue: &mut Queue,
    limit: &mut TrainLimit,
    singles: &mut Queue,
    counters: &mut SendCounters,
    kernel: &mut impl FnMut(&mut [mmsghdr]) -> Result<usize, c_int>,
) {
    send_all(queue, counters, kernel, |queue, slot, errno, counters, kernel| {
        let message = &queue.messages()[slot];
        if !message.is_train() || !TrainLimit::may_be_at_fault(errno) {
            return counters.refuse_message(message, errno);
        }
        singles.clear();
        queue.take_apart(slot, singles);
        counters.trains_refused += 1;
        let before = counters.datagrams;
        send_all(singles, counters, kernel, |singles, slot, errno, counters, _| {
            counters.refuse_message(&singles.messages()[slot], errno);
        });
        limit.learn(errno, message.segment_bytes, counters.datagrams - before);
    });
}

/// Sends all messages of `queue` in order and clears it; `refused` deals with each one that the
/// kernel refuses for good.
///
/// A full send buffer is asked a second time, once; then the rest of the batch is lost, because
/// waiting would hold up every other flow of the shard, and asking 64 times would burn the
/// processor time that the overload is short of.
fn send_all<K: FnMut(&mut [mmsghdr]) -> Result<usize, c_int>>(
    queue: &mut Queue,
    counters: &mut SendCounters,
    kernel: &mut K,
    mut refused: impl FnMut(&Queue, usize, c_int, &mut SendCounters, &mut K),
) {
    queue.prepare();
    let (mut next, mut retried) = (0, false);
    while next < queue.messages().len() {
        counters.calls += 1;
        match kernel(queue.prepared_from(next)) {
            Ok(taken) => {
                let end = (next + taken).min(queue.messages().len());
                queue.messages()[next..end].iter().for_each(|sent| counters.take_message(sent));
                next = end;
            }
            Err(libc::EAGAIN | libc::EINTR) if !retried => retried = true,
            Err(libc::EAGAIN) => {
                let lost = queue.messages()[next..].iter();
                lost.for_each(|message| counters.refuse_message(message, libc::EAGAIN));
                break;
            }
            Err(errno) => {
                refused(queue, next, errno, counters, kernel);
                next += 1;
            }
        }
    }
    queue.clear();
}

impl SendCounters {
    fn take_message(&mut self, message: &Message) {
        self.datagrams += message.datagrams as u64;
        self.bytes += message.bytes as u64;
        self.trains += u64::from(message.is_train());
    }

    fn refuse_message(&mut self, message: &Message, errno: c_int) {
        self.refuse(SendRefusal::from_errno(errno), message.datagrams as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    static BYTES: [u8; 1000] = [0; 1000];

    /// Sends datagrams of those ports to a kernel that answers by script; then it takes all.
    fn scripted(ports: &[u16], script: &[Result<usize, c_int>]) -> (SendCounters, Vec<usize>) {
        let mut queue = Queue::new();
        for &port in ports {
            let to = SocketAddr::from(([127, 0, 0, 1], port));
            queue.push(&BYTES[..], &to, TrainLimit::ANY);
        }
        let (mut counters, mut offered) = (SendCounters::default(), Vec::new());
        let mut script = script.iter().copied();
        let mut kernel = |headers: &mut [mmsghdr]| {
            offered.push(headers.len());
            script.next().unwrap_or(Ok(headers.len()))
        };
        let mut limit = TrainLimit::ANY;
        send_trains(&mut queue, &mut limit, &mut Queue::new(), &mut counters, &mut kernel);
        assert!(queue.messages().is_empty());
        (counters, offered)
    }

    #[test]
    fn a_partial_send_goes_on_where_the_kernel_stopped() {
        let (counters, offered) = scripted(&[1, 2, 3, 4, 5], &[Ok(2), Ok(1)]);
        assert_eq!(offered, [5, 3, 2]);
        assert_eq!((counters.datagrams, counters.bytes, counters.calls), (5, 5000, 3));
    }

    #[test]
    fn one_refused_message_does_not_stop_the_others() {
        let (counters, offered) = scripted(&[1, 2, 3], &[Ok(1), Err(libc::EPERM)]);
        assert_eq!(offered, [3, 2, 1]);
        assert_eq!(counters.datagrams, 2);
        assert_eq!(counters.refused_for(SendRefusal::NotPermitted), 1);
    }

    #[test]
    fn a_full_buffer_is_asked_once_more() {
        let (counters, _) = scripted(&[1, 2, 3], &[Ok(1), Err(libc::EAGAIN)]);
        assert_eq!((counters.datagrams, counters.calls), (3, 3));
    }

    #[test]
    fn a_buffer_that_stays_full_loses_the_rest_and_ends() {
        let full = Err(libc::EAGAIN);
        let (counters, offered) = scripted(&[1, 2, 2, 3], &[Ok(1), full, full]);
        assert_eq!(offered, [3, 2, 2]);
        assert_eq!(counters.datagrams, 1);
        assert_eq!(counters.refused_for(SendRefusal::BufferFull), 3);
    }

    #[test]
    fn a_refused_train_goes_out_datagram_by_datagram() {
        let (counters, offered) = scripted(&[1, 2, 2, 2, 3], &[Ok(1), Err(libc::EIO)]);
        assert_eq!(offered, [3, 2, 3, 1]);
        assert_eq!((counters.datagrams, counters.trains, counters.trains_refused), (5, 0, 1));
    }

    #[test]
    fn an_unreachable_train_is_lost_whole() {
        let (counters, _) = scripted(&[1, 1, 2], &[Err(libc::ENETUNREACH)]);
        assert_eq!(counters.refused_for(SendRefusal::Unreachable), 2);
        assert_eq!((counters.datagrams, counters.trains_refused), (1, 0));
    }
}

#[cfg(test)]
mod kernel_tests {
    use super::*;
    use std::net::SocketAddr;
    use std::time::Duration;

    struct Lab {
        line: Line,
        queue: Queue,
        singles: Queue,
        counters: SendCounters,
        receiving: UdpSocket,
    }

    impl Lab {
        fn new() -> Self {
            let receiving = UdpSocket::bind("127.0.0.1:0").unwrap();
            receiving.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let sending = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
            let line = Line::new(sending, TrainLimit::ANY);
            let counters = SendCounters::default();
            Self { line, queue: Queue::new(), singles: Queue::new(), counters, receiving }
        }

        fn send(&mut self, payloads: &[(&'static [u8], SocketAddr)]) {
            for (payload, to) in payloads {
                self.queue.push(payload, to, self.line.limit);
            }
            // SAFETY: all payloads are static.
            unsafe { self.line.flush(&mut self.queue, &mut self.singles, &mut self.counters) };
        }

        fn receive(&self, datagrams: usize) -> Vec<Vec<u8>> {
            let mut room = [0; 65_536];
            let mut next = || self.receiving.recv(&mut room).map(|bytes| room[..bytes].to_vec());
            (0..datagrams).map(|_| next().unwrap()).collect()
        }
    }

    static BYTES: [u8; 65_535] = {
        let mut bytes = [0; 65_535];
        let mut at = 0;
        while at < bytes.len() {
            bytes[at] = (at / 100).to_le_bytes()[0];
            at += 1;
        }
        bytes
    };

    /// A socket that sends without checksums is refused every train (udp_send_skb: EINVAL), and no
    /// single datagram.
    #[test]
    fn a_train_the_kernel_refuses_arrives_whole_and_in_order() {
        let mut lab = Lab::new();
        let no_check = |socket: &UdpSocket| {
            syscall::set_int(socket.as_fd(), libc::SOL_SOCKET, libc::SO_NO_CHECK, 1)
        };
        no_check(&lab.line.socket).unwrap();
        let to = lab.receiving.local_addr().unwrap();
        let train: Vec<_> = BYTES[..2050].chunks(100).map(|bytes| (bytes, to)).collect();

        for round in 1..=2_u64 {
            lab.send(&train);
            let expected: Vec<_> = train.iter().map(|(bytes, _)| bytes.to_vec()).collect();
            assert_eq!(lab.receive(21), expected);
            assert_eq!(lab.counters.datagrams, round * 21);
            assert_eq!(lab.counters.trains_refused, 1, "asked again in round {round}");
        }
        assert_eq!(lab.counters.refused, [0; SendRefusal::ALL.len()]);
    }

    #[test]
    fn refused_datagrams_are_counted_by_reason_and_the_others_sent() {
        let mut lab = Lab::new();
        let to = lab.receiving.local_addr().unwrap();
        let port_zero = SocketAddr::new(to.ip(), 0);
        let other_family = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], to.port()));
        lab.send(&[
            (&BYTES[..10], to),
            (&BYTES[..65_508], to),
            (&BYTES[..11], to),
            (&BYTES[..12], port_zero),
            (&BYTES[..12], port_zero),
            (&BYTES[..13], other_family),
            (&BYTES[..14], to),
        ]);
        let lengths: Vec<_> = lab.receive(3).iter().map(Vec::len).collect();
        assert_eq!(lengths, [10, 11, 14]);
        assert_eq!(lab.counters.refused_for(SendRefusal::TooLong), 1);
        assert_eq!(lab.counters.refused_for(SendRefusal::BadAddress), 3);
        assert_eq!(lab.line.limit, TrainLimit::ANY, "a bad address is not the trains' fault");
    }

    #[test]
    fn a_full_train_is_one_message_and_arrives_as_its_datagrams() {
        let mut lab = Lab::new();
        let to = lab.receiving.local_addr().unwrap();
        let train: Vec<_> = BYTES[..64_000 - 1].chunks(1000).map(|bytes| (bytes, to)).collect();
        lab.send(&train);
        let lengths: Vec<_> = lab.receive(64).iter().map(Vec::len).collect();
        assert_eq!(lengths, [[1000; 63].as_slice(), &[999]].concat());
        assert_eq!((lab.counters.trains, lab.counters.calls), (1, 1));
    }
}
