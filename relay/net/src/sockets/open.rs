//! Opening a shard's sockets and telling what the kernel granted.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use libc::c_int;
use socket2::{Domain, Protocol, Socket, Type};

use super::trains::TrainLimit;
use crate::syscall::{get_u32s, set_int};

/// What to open. Every shard opens the same, so that `LocalSocket` means the same on all of them.
#[derive(Clone, Debug)]
pub struct SocketsConfig {
    /// Addresses to listen on, at most [`LISTEN_MAX`]. Wildcard addresses work, but the kernel then
    /// chooses the source address of what is sent.
    pub listen: Vec<SocketAddr>,
    /// Receive buffer of each socket in bytes, before the kernel doubles it for its bookkeeping.
    pub receive_buffer_bytes: u32,
    /// Send buffer of each socket in bytes, before the kernel doubles it for its bookkeeping.
    pub send_buffer_bytes: u32,
    /// Whether to use segmentation offload where the kernel has it.
    pub offload: Offload,
}

/// Sockets of one shard: as many as the set of ready sockets has bits.
pub const LISTEN_MAX: usize = 64;

/// UDP_GRO on receive, UDP_SEGMENT on send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Offload {
    /// Used as far as the kernel takes it.
    #[default]
    Auto,
    /// Not used, for a device that gets it wrong.
    Off,
}

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

/// Opens, sets up and binds one socket.
pub(super) fn open(
    address: SocketAddr,
    config: &SocketsConfig,
) -> io::Result<(UdpSocket, SocketReport)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // One socket per shard on each address; the kernel gives each remote to one of them.
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        // An IPv4 remote must not arrive in IPv4-mapped form at the IPv6 socket.
        socket.set_only_v6(true)?;
    }
    never_fragment(&socket, address)?;
    let coalesces = config.offload == Offload::Auto && coalesce(&socket).is_ok();
    let limit = train_limit(&socket, config.offload);
    force_buffer(&socket, &RECEIVE_BUFFER, config.receive_buffer_bytes)?;
    force_buffer(&socket, &SEND_BUFFER, config.send_buffer_bytes)?;
    socket.bind(&address.into())?;
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

/// Sets "don't fragment" and ignores learnt path MTUs (ip(7), IP_PMTUDISC_PROBE).
///
/// Endpoints size their own media; a fragmented
/// packet is lost whole with any of its parts, and many firewalls pass none. With IP_PMTUDISC_DO instead, a forged ICMP "fragmentation needed" could make
/// the kernel refuse a victim's media; with PROBE only the local device's MTU counts.
fn never_fragment(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    let (level, name, probe) = match address {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE),
        SocketAddr::V6(_) => {
            (libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE)
        }
    };
    set_int(socket.as_fd(), level, name, probe)
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
