//! What a shard's sockets are opened with.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What to open. Every shard opens the same, so that `LocalSocket::Listen` means the same on all.
#[derive(Clone, Debug)]
pub struct SocketsConfig {
    /// UDP addresses to listen on, at most [`LISTEN_MAX`]. Wildcard addresses work, but the kernel
    /// then chooses the source address of what is sent.
    pub listen: Vec<SocketAddr>,
    /// Receive buffer of each listen socket in bytes, before the kernel doubles it for its
    /// bookkeeping.
    pub receive_buffer_bytes: u32,
    /// Send buffer of each listen socket in bytes, likewise.
    pub send_buffer_bytes: u32,
    /// Whether to use segmentation offload where the kernel has it.
    pub offload: Offload,
    /// How long the kernel looks at a network card's queue before it lets the shard sleep; zero is
    /// not at all. In microseconds, at most 4,294 seconds.
    pub kernel_busy_poll: Duration,
    /// Relayed sockets that may be open at once. Each takes a file descriptor and at most 1 MiB of
    /// kernel buffers.
    pub relayed_max: u32,
    /// TCP and TLS addresses to listen on, at most [`LISTEN_MAX`].
    pub streams: Vec<StreamListener>,
    /// Streams that may be open at once. Each takes a file descriptor.
    pub streams_max: u32,
    /// Streams that may be open at once to one IPv4 address or one IPv6 /64.
    pub streams_per_source_max: u32,
    /// How long a stream may stay without anybody behind it authenticated, its TLS handshake
    /// included.
    pub authenticate_within: Duration,
}

/// Listen addresses of one kind in a shard: as many as `LocalSocket::Listen` can name, and fewer.
pub const LISTEN_MAX: usize = 64;

impl SocketsConfig {
    /// UDP on these addresses and no streams, with the defaults: buffers of 4 MiB, at most 16,384
    /// relayed sockets, 4,096 streams and 256 for each source, ten seconds to authenticate in.
    pub fn listening(listen: Vec<SocketAddr>) -> Self {
        Self {
            listen,
            receive_buffer_bytes: 4 << 20,
            send_buffer_bytes: 4 << 20,
            offload: Offload::Auto,
            kernel_busy_poll: Duration::ZERO,
            relayed_max: 16_384,
            streams: Vec::new(),
            streams_max: 4_096,
            streams_per_source_max: 256,
            authenticate_within: Duration::from_secs(10),
        }
    }
}

/// UDP_GRO on receive, UDP_SEGMENT on send.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Offload {
    /// Used as far as the kernel takes it.
    #[default]
    Auto,
    /// Not used, for a device that gets it wrong.
    Off,
}

/// Where to accept streams.
#[derive(Clone)]
pub struct StreamListener {
    /// Each shard listens here on a socket of its own.
    pub address: SocketAddr,
    /// Certificate and key for TLS; `None` is plain TCP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl fmt::Debug for StreamListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = self.tls.is_some();
        f.debug_struct("StreamListener").field("address", &self.address).field("tls", &tls).finish()
    }
}
