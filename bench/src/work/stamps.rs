//! Waiting until the kernel stamps arrivals.
//!
//! The first socket that asks for stamps switches them on for all, but only some time later, when a
//! worker of the kernel has come round to it (`net_enable_timestamp`). Until then a datagram is stamped
//! as it is read, which would pass for latency.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use super::receiver::Receiver;
use super::sockets::{Sinks, ask_for_stamps};

/// How long a probe waits to be read.
const REST: Duration = Duration::from_millis(4);

/// A stamp that is this much older than the reading was not made by it.
const OLD: Duration = Duration::from_millis(2);

const PROBES_MAX: usize = 500;

/// Returns once stamps say when a datagram arrived, which they go on doing as long as any socket that
/// has asked for them is open.
///
/// # Errors
/// They never do.
pub(super) fn wait_until_in_force() -> anyhow::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    ask_for_stamps(&socket)?;
    socket.connect(socket.local_addr()?)?;
    let mut receiver = Receiver::new(Sinks { trains: false, stamps: true });
    for _ in 0..PROBES_MAX {
        socket.send(b"probe")?;
        std::thread::sleep(REST);
        let (read, mut is_old) = (Instant::now(), false);
        receiver.receive(&socket, &mut |_, at| is_old = read.duration_since(at) >= OLD)?;
        if is_old {
            return Ok(());
        }
    }
    anyhow::bail!("the kernel does not say when datagrams arrive (socket(7), SO_TIMESTAMPNS)")
}
