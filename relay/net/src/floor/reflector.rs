//! A bare loop that sends what arrives back to where it came from.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use libc::{iovec, mmsghdr};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use ringfence_wire::datagram::LocalSocket;

use crate::address::RawAddress;
use crate::counters::ReceiveCounters;
use crate::sockets::control::SegmentControl;
use crate::sockets::open;
use crate::sockets::receive::{Left, MESSAGES_MAX, Receiver};
use crate::sockets::{Offload, SocketsConfig};
use crate::syscall;

/// Sockets, one recvmmsg(2) and one sendmmsg(2) a batch, nothing in between: what a relay's cost per
/// packet is measured against.
pub struct Reflector {
    poll: Poll,
    sockets: Vec<UdpSocket>,
    addresses: Vec<SocketAddr>,
    receiver: Receiver,
    answers: Answers,
}

/// How long [`Reflector::serve`] may take to see that it is to stop.
const STOP_WITHIN: Duration = Duration::from_millis(50);

impl Reflector {
    /// Binds a socket at each address, with the buffers of the product. With `trains` they take
    /// trains in (udp(7), UDP_GRO), which then leave as such (UDP_SEGMENT).
    ///
    /// # Errors
    /// What socket(2), bind(2) and epoll_create(2) give.
    pub fn open(addresses: &[SocketAddr], trains: bool) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut config = SocketsConfig::listening(addresses.to_vec());
        config.offload = if trains { Offload::Auto } else { Offload::Off };
        let opened = addresses.iter().map(|&address| open::listen(address, &config));
        let (sockets, reports): (Vec<_>, Vec<_>) =
            opened.collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        for (number, socket) in sockets.iter().enumerate() {
            let source = &mut SourceFd(&socket.as_raw_fd());
            poll.registry().register(source, Token(number), Interest::READABLE)?;
        }
        let addresses = reports.iter().map(|report| report.address).collect();
        let (receiver, answers) = (Receiver::new(), Answers::new());
        Ok(Self { poll, sockets, addresses, receiver, answers })
    }

    /// Where it listens, ports resolved.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Reflects until `stop` is set.
    ///
    /// # Errors
    /// What epoll_wait(2) and recvmmsg(2) give. What cannot be sent is lost.
    pub fn serve(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut events = Events::with_capacity(self.sockets.len().max(1));
        while !stop.load(Ordering::Relaxed) {
            match self.poll.poll(&mut events, Some(STOP_WITHIN)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                self.empty(event.token().0)?;
            }
        }
        Ok(())
    }

    fn empty(&mut self, number: usize) -> io::Result<()> {
        let Some(socket) = self.sockets.get(number) else { return Ok(()) };
        loop {
            self.receiver.begin();
            let left = match self.receiver.receive(socket, LocalSocket::default()) {
                Err(empty) if empty.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                received => received?,
            };
            self.answers.send(&self.receiver, socket);
            if left == Left::Nothing {
                return Ok(());
            }
        }
    }
}

/// Headers of what goes back.
struct Answers {
    headers: Vec<mmsghdr>,
    names: Vec<RawAddress>,
    pieces: Vec<iovec>,
    controls: Vec<SegmentControl>,
}

// SAFETY: the pointers in `headers` and `pieces` are plain addresses to everything but `send`, which
// writes all that it hands to the kernel anew.
unsafe impl Send for Answers {}

impl Answers {
    fn new() -> Self {
        Self {
            headers: vec![syscall::EMPTY_HEADER; MESSAGES_MAX],
            names: vec![RawAddress::EMPTY; MESSAGES_MAX],
            pieces: vec![iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; MESSAGES_MAX],
            controls: vec![SegmentControl::new(0); MESSAGES_MAX],
        }
    }

    fn send(&mut self, received: &Receiver, socket: &UdpSocket) {
        let mut counters = ReceiveCounters::default();
        let mut filled = 0;
        for datagram in received.batch(&mut counters) {
            let payload = datagram.payload;
            let base = payload.as_ptr().cast_mut().cast();
            self.pieces[filled] = iovec { iov_base: base, iov_len: payload.len() };
            let header = &mut self.headers[filled].msg_hdr;
            header.msg_namelen = self.names[filled].encode(&datagram.remote);
            header.msg_controllen = 0;
            if datagram.segment_bytes < payload.len() {
                let segment_bytes = u16::try_from(datagram.segment_bytes).unwrap_or(u16::MAX);
                self.controls[filled] = SegmentControl::new(segment_bytes);
                header.msg_controllen = SegmentControl::BYTES;
            }
            filled += 1;
        }
        self.link(filled);
        let mut sent = 0;
        while sent < filled {
            // SAFETY: `link` has just pointed the first `filled` headers at names, pieces and controls
            // of this value, and the pieces name payloads in the arena of `received`, which is
            // borrowed until this function returns. The kernel only reads them.
            let taken =
                unsafe { syscall::sendmmsg(socket.as_fd(), &mut self.headers[sent..filled]) };
            sent += taken.unwrap_or(1);
        }
    }

    // Last, so that no reference to the vectors is made between here and the system call.
    fn link(&mut self, filled: usize) {
        let (names, pieces) = (self.names.as_mut_ptr(), self.pieces.as_mut_ptr());
        let controls = self.controls.as_mut_ptr();
        for (slot, header) in self.headers[..filled].iter_mut().enumerate() {
            header.msg_hdr.msg_name = names.wrapping_add(slot).cast();
            header.msg_hdr.msg_iov = pieces.wrapping_add(slot);
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = controls.wrapping_add(slot).cast();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_arrives_goes_back_in_order_singly_and_in_trains() {
        for trains in [false, true] {
            let mut reflector = Reflector::open(&["127.0.0.1:0".parse().unwrap()], trains).unwrap();
            let to = reflector.addresses()[0];
            let stop = Arc::new(AtomicBool::new(false));
            let stopping = Arc::clone(&stop);
            let serving = std::thread::spawn(move || reflector.serve(&stopping));
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let train: Vec<u8> = (0..100_u8).flat_map(|number| [number; 100]).collect();
            let segment_bytes = if trains { 100 } else { 0 };
            syscall::set_int(socket.as_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, segment_bytes)
                .unwrap();
            for part in train.chunks(if trains { 1000 } else { 100 }) {
                socket.send_to(part, to).unwrap();
            }
            let mut room = [0; 2000];
            for number in 0..100_u8 {
                assert_eq!(socket.recv(&mut room).unwrap(), 100);
                assert_eq!(room[..100], [number; 100]);
            }
            stop.store(true, Ordering::Relaxed);
            serving.join().unwrap().unwrap();
        }
    }
}
