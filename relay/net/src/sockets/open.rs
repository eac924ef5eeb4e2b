//! Opening UDP sockets and telling what the kernel granted.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use libc::c_int;
use ringfence_wire::datagram::{Fragmentation, OpenError};
use socket2::{Domain, Protocol, Socket, Type};

use super::config::{Offload, SocketsConfig};
use super::trains::TrainLimit;
use crate::syscall::{get_u32s, set_int};

/// Asked for in each direction of a relayed socket: a quarter of a second at 16 Mbit/s. There may be
/// 16,000 of them, so it is not forced.
const RELAYED_BUFFER_BYTES: c_int = 512 << 10;

/// What the kernel granted one socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SocketReport {
    /// The bound address, port resolved.
    pub address: SocketAddr,
    /// Granted receive buffer in the unit of the configuration, so half of what the kernel reports
    /// (socket(7), SO_RCVBUF). Less than asked for without CAP_NET_ADMIN and over `rmem_max`.
    pub receive_buffer_bytes: u32,
    /// Granted send buffer, likewise.
    pub send_buffer_bytes: u32,
    /// Whether the kernel coalesces what this socket receives.
    pub coalesces: bool,
    /// The largest segment that this socket still sends in trains; zero when it sends none.
    pub train_segment_bytes_max: usize,
}

/// Opens, sets up and binds one listen socket.
pub(crate) fn listen(
    address: SocketAddr,
    config: &SocketsConfig,
) -> io::Result<(UdpSocket, SocketReport)> {
    let socket = unbound(address)?;
    // One socket per shard on each address; the kernel gives each remote to one of them.
    socket.set_reuse_port(true)?;
    // Endpoints size their own media; a fragmented packet is lost whole with any of its parts, and
    // many firewalls pass none.
    fragmentation(socket.as_fd(), &address, Fragmentation::Never)?;
    let set_up = set_up(&socket, config)?;
    socket.bind(&address.into())?;
    reported(socket, set_up)
}

/// Sets up a listen socket that is bound already.
pub(super) fn listen_again(
    socket: UdpSocket,
    config: &SocketsConfig,
) -> io::Result<(UdpSocket, SocketReport)> {
    socket.set_nonblocking(true)?;
    let socket = Socket::from(socket);
    let set_up = set_up(&socket, config)?;
    reported(socket, set_up)
}

/// Whether it coalesces, and which trains it sends.
fn set_up(socket: &Socket, config: &SocketsConfig) -> io::Result<(bool, TrainLimit)> {
    let coalesces = config.offload == Offload::Auto && coalesce(socket).is_ok();
    let limit = train_limit(socket, config.offload);
    force_buffer(socket, &RECEIVE_BUFFER, config.receive_buffer_bytes)?;
    force_buffer(socket, &SEND_BUFFER, config.send_buffer_bytes)?;
    Ok((coalesces, limit))
}

fn reported(
    socket: Socket,
    (coalesces, limit): (bool, TrainLimit),
) -> io::Result<(UdpSocket, SocketReport)> {
    let socket = UdpSocket::from(socket);
    let report = SocketReport {
        address: socket.local_addr()?,
        receive_buffer_bytes: granted(&socket, libc::SO_RCVBUF)?,
        send_buffer_bytes: granted(&socket, libc::SO_SNDBUF)?,
        coalesces,
        train_segment_bytes_max: limit.segment_bytes_max(),
    };
    Ok((socket, report))
}

/// Opens a relayed socket, bound to exactly this address and shared with nobody.
pub(super) fn relayed(
    address: SocketAddr,
    offload: Offload,
) -> Result<(UdpSocket, TrainLimit), OpenError> {
    if address.port() == 0 {
        return Err(OpenError::Unavailable);
    }
    bound_alone(address, offload).map_err(|error| why(&error))
}

/// Takes up a relayed socket that is bound already.
pub(super) fn relayed_again(
    socket: UdpSocket,
    offload: Offload,
) -> Result<(UdpSocket, TrainLimit), OpenError> {
    let taken = || {
        socket.set_nonblocking(true)?;
        fragmentation(socket.as_fd(), &socket.local_addr()?, Fragmentation::Allowed)?;
        let socket = Socket::from(socket);
        let limit = train_limit(&socket, offload);
        Ok((UdpSocket::from(socket), limit))
    };
    taken().map_err(|error| why(&error))
}

fn bound_alone(address: SocketAddr, offload: Offload) -> io::Result<(UdpSocket, TrainLimit)> {
    let socket = unbound(address)?;
    fragmentation(socket.as_fd(), &address, Fragmentation::Allowed)?;
    if offload == Offload::Auto {
        let _coalesces = coalesce(&socket).is_ok();
    }
    let limit = train_limit(&socket, offload);
    for name in [RECEIVE_BUFFER.ask, SEND_BUFFER.ask] {
        set_int(socket.as_fd(), libc::SOL_SOCKET, name, RELAYED_BUFFER_BYTES)?;
    }
    socket.bind(&address.into())?;
    Ok((UdpSocket::from(socket), limit))
}

/// socket(2) and bind(2): shortages of the host against faults of the address.
pub(super) fn why(error: &io::Error) -> OpenError {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS | libc::ENOSPC) => {
            OpenError::Exhausted
        }
        _ => OpenError::Unavailable,
    }
}

fn unbound(address: SocketAddr) -> io::Result<Socket> {
    let kind = Type::DGRAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // An IPv4 remote must not arrive in IPv4-mapped form at the IPv6 socket.
        socket.set_only_v6(true)?;
    }
    Ok(socket)
}

/// Sets or clears "don't fragment" and, either way, ignores learnt path MTUs (ip(7),
/// IP_PMTUDISC_PROBE and IP_PMTUDISC_DONT).
///
/// With IP_PMTUDISC_DO instead, a forged ICMP "fragmentation needed" could make the kernel refuse a
/// victim's media; with PROBE only the local device's MTU counts.
pub(super) fn fragmentation(
    socket: BorrowedFd<'_>,
    local: &SocketAddr,
    fragmentation: Fragmentation,
) -> io::Result<()> {
    let (level, name, [allowed, never]) = match local {
        SocketAddr::V4(_) => (
            libc::IPPROTO_IP,
            libc::IP_MTU_DISCOVER,
            [libc::IP_PMTUDISC_DONT, libc::IP_PMTUDISC_PROBE],
        ),
        SocketAddr::V6(_) => (
            libc::IPPROTO_IPV6,
            libc::IPV6_MTU_DISCOVER,
            [libc::IPV6_PMTUDISC_DONT, libc::IPV6_PMTUDISC_PROBE],
        ),
    };
    let value = match fragmentation {
        Fragmentation::Allowed => allowed,
        Fragmentation::Never => never,
    };
    set_int(socket, level, name, value)
}

fn coalesce(socket: &Socket) -> io::Result<()> {
    set_int(socket.as_fd(), libc::SOL_UDP, libc::UDP_GRO, 1)
}

/// A kernel without UDP_SEGMENT would ignore the control message and send a train as one datagram,
/// so ask before the first one. Zero is "off" for the socket, whose trains say their own size.
fn train_limit(socket: &Socket, offload: Offload) -> TrainLimit {
    let asked = || set_int(socket.as_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, 0);
    if offload == Offload::Auto && asked().is_ok() {
        TrainLimit::ANY
    } else {
        TrainLimit::NO_TRAINS
    }
}

struct BufferOption {
    force: c_int,
    ask: c_int,
}

const RECEIVE_BUFFER: BufferOption =
    BufferOption { force: libc::SO_RCVBUFFORCE, ask: libc::SO_RCVBUF };
const SEND_BUFFER: BufferOption =
    BufferOption { force: libc::SO_SNDBUFFORCE, ask: libc::SO_SNDBUF };

/// The forced form needs CAP_NET_ADMIN; without it the kernel grants up to `rmem_max`, `wmem_max`.
fn force_buffer(socket: &Socket, option: &BufferOption, bytes: u32) -> io::Result<()> {
    let bytes = c_int::try_from(bytes).unwrap_or(c_int::MAX);
    set_int(socket.as_fd(), libc::SOL_SOCKET, option.force, bytes)
        .or_else(|_| set_int(socket.as_fd(), libc::SOL_SOCKET, option.ask, bytes))
}

fn granted(socket: &UdpSocket, name: c_int) -> io::Result<u32> {
    let [doubled] = get_u32s(socket.as_fd(), libc::SOL_SOCKET, name)?;
    Ok(doubled / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The DF bit of what fits cannot be seen from a socket, so the option is looked at.
    #[test]
    fn relayed_sockets_begin_without_the_df_bit_and_listen_sockets_with_it() {
        let of = |socket: &UdpSocket| {
            get_u32s::<1>(socket.as_fd(), libc::IPPROTO_IP, libc::IP_MTU_DISCOVER).unwrap()[0]
        };
        let config = SocketsConfig::listening(Vec::new());
        let (listening, report) = listen("127.0.0.1:0".parse().unwrap(), &config).unwrap();
        assert_eq!(c_int::try_from(of(&listening)), Ok(libc::IP_PMTUDISC_PROBE));
        drop(listening);
        let (relayed, _) = relayed(report.address, Offload::Auto).unwrap();
        assert_eq!(c_int::try_from(of(&relayed)), Ok(libc::IP_PMTUDISC_DONT));
        fragmentation(relayed.as_fd(), &report.address, Fragmentation::Never).unwrap();
        assert_eq!(c_int::try_from(of(&relayed)), Ok(libc::IP_PMTUDISC_PROBE));
    }
}
