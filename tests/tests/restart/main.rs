//! The relay is killed, and another takes over: calls go on, on the same sockets, under the policy that the
//! new one was started with.

mod rooms;
mod supervisor;
mod turn;

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the kernel gives out (ip(7), ip_local_port_range) and those that are relayed.
const MEDIA_PORTS: std::ops::Range<u16> = 12_000..32_000;

/// An address of the relay's site that nobody uses, and no relayed one.
fn media_address() -> SocketAddr {
    static STARTED: AtomicU16 = AtomicU16::new(0);
    // Tests run side by side, in processes or threads: each begins to look somewhere else.
    let own = (std::process::id() % 1_000) as u16 * 16 + STARTED.fetch_add(1, Ordering::Relaxed);
    let free = |port: &u16| UdpSocket::bind(("127.1.0.1", *port)).is_ok();
    let port = (MEDIA_PORTS.start + own..MEDIA_PORTS.end).find(free);
    SocketAddr::from(([127, 1, 0, 1], port.expect("one of thousands is free")))
}
