//! What a listening socket lets in while strangers flood it: a classic BPF program
//! (networking/filter.rst) that the kernel runs before it puts a packet into the receive queue.
//!
//! Without it a flood fills the queue, and the packets of those who are in are lost with the others. A
//! program needs no capability, holds no map, and so holds the sources it knows itself: as bits, each at
//! a place that is the hash of address and port under random factors. Strangers whose hash meets such a
//! bit are let in like others; they are few, cannot know who they are, and are others the next time.

mod program;
mod sources;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use self::sources::{LEAVES_LOG2_MAX, Sources};
use crate::syscall;

/// The part of what strangers send that is let in, of what may be STUN; of all else nothing is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Share(u32);

impl Share {
    /// Everything that may be STUN.
    pub const ALL: Self = Self(u32::MAX);
    /// One packet in 65,536.
    pub const LEAST: Self = Self(1 << 16);

    /// Half of it, or the least.
    #[must_use]
    pub fn halved(self) -> Self {
        Self(self.0 / 2).max(Self::LEAST)
    }

    /// Twice as much, or all.
    #[must_use]
    pub fn doubled(self) -> Self {
        Self(self.0.saturating_mul(2))
    }

    /// As a number, 0 to 1.
    pub fn ratio(self) -> f64 {
        f64::from(self.0) / f64::from(u32::MAX)
    }
}

/// Of 32 bits each: one stranger in 256 looks like someone who is in, or at 1,000 sources one in 32, as the
/// kernel takes no longer programs.
const LEAVES_PER_SOURCE: usize = 8;

/// Few sources get some hundred instructions all the same: less does not make it faster.
const LEAVES_MIN: usize = 128;

/// Puts a sieve before a socket's queue, or another one in the place of the last.
///
/// The kernel bounds what the options of a socket may hold (optmem_max of socket(7)): where a program for
/// so many sources does not fit, a smaller one knows them less exactly.
pub(super) fn put(
    socket: &UdpSocket,
    admitted: &[SocketAddr],
    share: Share,
    random: &mut impl FnMut() -> u32,
) -> io::Result<()> {
    let leaves = LEAVES_PER_SOURCE * admitted.len();
    let wanted = leaves.max(LEAVES_MIN).next_power_of_two().ilog2();
    let v6 = socket.local_addr()?.is_ipv6();
    let mut put = Err(io::ErrorKind::OutOfMemory.into());
    for leaves_log2 in (0..=wanted.min(LEAVES_LOG2_MAX)).rev() {
        let mut sources = Sources::new(leaves_log2, v6, std::array::from_fn(|_| random() | 1));
        admitted.iter().for_each(|source| sources.add(source));
        put = syscall::attach_filter(socket.as_fd(), &program::of(&sources, share.0));
        if !matches!(&put, Err(error) if error.raw_os_error() == Some(libc::ENOMEM)) {
            break;
        }
    }
    put
}

/// Takes it away, if there is one.
pub(super) fn lift(socket: &UdpSocket) {
    // ENOENT: there is none.
    let _ = syscall::detach_filter(socket.as_fd());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is let in of one packet from each of the sockets, in order.
    fn let_in(listening: &UdpSocket, senders: &[UdpSocket], packet: &[u8]) -> Vec<SocketAddr> {
        let to = listening.local_addr().unwrap();
        listening.set_nonblocking(true).unwrap();
        senders.iter().for_each(|sender| assert!(sender.send_to(packet, to).is_ok()));
        let mut buffer = [0; 2048];
        let heard = std::iter::from_fn(|| listening.recv_from(&mut buffer).ok());
        heard
            .map(|(bytes, source)| {
                assert_eq!(bytes, packet.len(), "cut");
                source
            })
            .collect()
    }

    fn sockets(ip: &str, count: usize) -> Vec<UdpSocket> {
        (0..count).map(|_| UdpSocket::bind((ip, 0)).unwrap()).collect()
    }

    fn addresses(sockets: &[UdpSocket]) -> Vec<SocketAddr> {
        sockets.iter().map(|socket| socket.local_addr().unwrap()).collect()
    }

    /// The same for each test.
    fn random() -> impl FnMut() -> u32 {
        let mut number = 1_u64;
        move || {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u32::try_from(number >> 32).unwrap()
        }
    }

    const STUN: [u8; 20] = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const MEDIA: [u8; 172] = [0x80; 172];

    #[test]
    fn whoever_is_in_is_heard_whatever_it_sends_and_strangers_are_not() {
        for ip in ["127.0.0.1", "::1"] {
            let listening = UdpSocket::bind((ip, 0)).unwrap();
            let (admitted, strangers) = (sockets(ip, 100), sockets(ip, 100));
            put(&listening, &addresses(&admitted), Share::LEAST, &mut random()).unwrap();
            for packet in [&STUN[..], &MEDIA, &[]] {
                assert_eq!(let_in(&listening, &admitted, packet), addresses(&admitted));
                let others = let_in(&listening, &strangers, packet).len();
                assert!(others <= 5, "{ip}: {others} of 100 strangers");
            }
            lift(&listening);
            assert_eq!(let_in(&listening, &strangers, &MEDIA), addresses(&strangers));
        }
    }

    #[test]
    fn strangers_get_their_share_of_stun_and_of_nothing_else() {
        let listening = UdpSocket::bind("127.0.0.1:0").unwrap();
        let stranger = sockets("127.0.0.1", 1);
        let of = |share, packet: &[u8]| -> usize {
            put(&listening, &[], share, &mut random()).unwrap();
            (0..1000).map(|_| let_in(&listening, &stranger, packet).len()).sum()
        };
        assert_eq!(of(Share::ALL, &STUN), 1000);
        assert_eq!(of(Share::ALL, &MEDIA), 0);
        assert_eq!(of(Share::ALL, &STUN[..7]), 0, "no cookie");
        // A quarter is 250; that it is outside of this is less likely than one in 10^12.
        let quarter = of(Share::ALL.halved().halved(), &STUN);
        assert!((150..350).contains(&quarter), "{quarter}");
        assert!(of(Share::LEAST, &STUN) < 20);
    }

    #[test]
    fn any_number_of_sources_fits_and_none_of_them_is_lost() {
        let listening = UdpSocket::bind("127.0.0.1:0").unwrap();
        let admitted = sockets("127.0.0.1", 20);
        for crowd in [0_u32, 1, 31, 1_000, 100_000] {
            let others = (0..crowd).map(|n| SocketAddr::from((n.to_be_bytes(), 7)));
            let all: Vec<_> = others.chain(addresses(&admitted)).collect();
            put(&listening, &all, Share::LEAST, &mut random()).unwrap();
            assert_eq!(let_in(&listening, &admitted, &MEDIA), addresses(&admitted), "{crowd}");
        }
    }

    #[test]
    fn shares_stay_within_their_bounds() {
        assert_eq!(Share::ALL.doubled(), Share::ALL);
        assert_eq!(Share::LEAST.halved(), Share::LEAST);
        assert!((Share::ALL.halved().ratio() - 0.5).abs() < 1e-6);
    }
}
