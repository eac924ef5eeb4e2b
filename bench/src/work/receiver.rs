//! Datagrams in batches by recvmmsg(2), trains taken apart, each with its time of arrival.

use std::io::{self, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, recvmmsg};
use nix::sys::time::TimeSpec;

use super::sockets::Sinks;

/// Datagrams, or trains, of one system call: few enough that sending does not wait long.
const BATCH: usize = 32;

/// Longer than a datagram that is no train.
const DATAGRAM_BYTES: usize = 2048;

/// The longest train.
const TRAIN_BYTES: usize = 65_535;

/// How far apart two clocks may be read that are taken for simultaneous.
const READ_APART_MAX: Duration = Duration::from_micros(2);

const READS_MAX: usize = 4;

/// Buffers for one batch.
pub(super) struct Receiver {
    buffers: Vec<Vec<u8>>,
    /// The kernel shortens their room for control messages with each use, so each batch needs new
    /// ones. Asking in vain is no use.
    headers: Option<MultiHeaders<()>>,
    sinks: Sinks,
}

/// The kernel's clock next to ours.
#[derive(Clone, Copy)]
struct Clocks {
    now: Instant,
    since_epoch: Duration,
}

impl Receiver {
    pub(super) fn new(sinks: Sinks) -> Self {
        let bytes = if sinks.trains { TRAIN_BYTES } else { DATAGRAM_BYTES };
        Self { buffers: vec![vec![0; bytes]; BATCH], headers: None, sinks }
    }

    /// Gives each datagram and when it arrived to `heard`. Whether the batch was full.
    pub(super) fn receive(
        &mut self,
        socket: &UdpSocket,
        heard: &mut dyn FnMut(&[u8], Instant),
    ) -> io::Result<bool> {
        let mut headers = self.headers.take().unwrap_or_else(|| self.new_headers());
        let slices = self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let mut slices: Vec<_> = slices.collect();
        let flags = MsgFlags::MSG_DONTWAIT;
        match recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, flags, None) {
            Ok(messages) => {
                let clocks = Clocks::now();
                let count = messages.map(|message| clocks.hear(&message, heard)).count();
                self.headers = (!self.wants_control()).then_some(headers);
                Ok(count == BATCH)
            }
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => {
                self.headers = Some(headers);
                Ok(false)
            }
            Err(other) => Err(other.into()),
        }
    }

    fn new_headers(&self) -> MultiHeaders<()> {
        let control = self.wants_control().then(|| cmsg_space!(TimeSpec, i32));
        MultiHeaders::preallocate(BATCH, control)
    }

    fn wants_control(&self) -> bool {
        self.sinks.trains || self.sinks.stamps
    }
}

impl Clocks {
    /// Reads both again if too long passed in between: it would pass for latency.
    fn now() -> Self {
        let mut clocks = Self::read();
        for _ in 1..READS_MAX {
            if clocks.1 > READ_APART_MAX {
                clocks = Self::read();
            }
        }
        clocks.0
    }

    /// The clocks, and how long it took to read them.
    fn read() -> (Self, Duration) {
        let now = Instant::now();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (Self { now, since_epoch }, now.elapsed())
    }

    fn hear(self, message: &RecvMsg<'_, '_, ()>, heard: &mut dyn FnMut(&[u8], Instant)) {
        let (mut at, mut segment_bytes) = (self.now, usize::MAX);
        for control in message.cmsgs().into_iter().flatten() {
            match control {
                ControlMessageOwned::ScmTimestampns(stamp) => at = self.instant(stamp.into()),
                ControlMessageOwned::UdpGroSegments(bytes) => {
                    segment_bytes = usize::try_from(bytes).unwrap_or(0).max(1);
                }
                _ => {}
            }
        }
        let pieces = message.iovs().flat_map(|bytes| bytes.chunks(segment_bytes));
        pieces.for_each(|datagram| heard(datagram, at));
    }

    /// The kernel stamps with the time of day.
    fn instant(self, stamp: Duration) -> Instant {
        let ago = self.since_epoch.saturating_sub(stamp);
        self.now.checked_sub(ago).unwrap_or(self.now)
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{setsockopt, sockopt};

    use super::super::stamps;
    use super::*;

    fn pair(sinks: Sinks) -> (UdpSocket, UdpSocket, Receiver) {
        let (from, to) = (UdpSocket::bind("127.0.0.1:0"), UdpSocket::bind("127.0.0.1:0"));
        let (from, to) = (from.unwrap(), to.unwrap());
        from.connect(to.local_addr().unwrap()).unwrap();
        setsockopt(&to, sockopt::UdpGroSegment, &sinks.trains).unwrap();
        setsockopt(&to, sockopt::ReceiveTimestampns, &sinks.stamps).unwrap();
        stamps::wait_until_in_force().unwrap();
        (from, to, Receiver::new(sinks))
    }

    /// It does not matter when it is read.
    #[test]
    fn a_datagram_arrives_after_it_was_meant_to_leave_and_before_the_next_one_leaves() {
        let (from, to, mut receiver) = pair(Sinks { trains: false, stamps: true });
        let pause = || std::thread::sleep(Duration::from_millis(10));
        for _ in 0..3 {
            let before = Instant::now();
            pause();
            from.send(b"packet").unwrap();
            pause();
            let between = Instant::now();
            pause();
            from.send(b"packet").unwrap();
            pause();
            let mut arrived = Vec::new();
            receiver.receive(&to, &mut |_, at| arrived.push(at)).unwrap();
            let [first, second] = arrived[..] else { panic!("two datagrams") };
            assert!(before < first && first < between && between < second, "{arrived:?}");
        }
    }

    #[test]
    fn a_train_is_taken_apart() {
        let (from, to, mut receiver) = pair(Sinks { trains: true, stamps: true });
        let control = [nix::sys::socket::ControlMessage::UdpGsoSegments(&100)];
        let pieces = [io::IoSlice::new(&[7; 250])];
        for _ in 0..2 {
            let fd = from.as_raw_fd();
            nix::sys::socket::sendmsg::<()>(fd, &pieces, &control, MsgFlags::empty(), None)
                .unwrap();
            let mut lengths = Vec::new();
            receiver.receive(&to, &mut |datagram, _| lengths.push(datagram.len())).unwrap();
            assert_eq!(lengths, [100, 100, 50]);
        }
    }
}
