//! What a backend counts: plain numbers that one shard owns, summed and read elsewhere.

/// Totals of one backend since it was opened. All of `received` and `sent` are datagrams unless the
/// name says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IoCounters {
    /// What came in.
    pub received: ReceiveCounters,
    /// What went out; of streams only what was refused.
    pub sent: SendCounters,
    /// Sockets of relayed addresses.
    pub relayed: RelayedCounters,
    /// TCP and TLS connections.
    pub streams: StreamCounters,
}

/// What came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReceiveCounters {
    /// Receive calls that delivered something.
    pub calls: u64,
    /// Batches handed to the step: one or more calls, each for another socket.
    pub batches: u64,
    /// Datagrams handed to the step, those inside trains included.
    pub datagrams: u64,
    /// UDP payload bytes handed to the step.
    pub bytes: u64,
    /// Trains that the kernel coalesced.
    pub trains: u64,
    /// Messages skipped because their payload was cut off (recvmsg(2), MSG_TRUNC).
    pub truncated: u64,
    /// Messages skipped because their control data was cut off (MSG_CTRUNC): without the segment
    /// size a train cannot be taken apart.
    pub control_truncated: u64,
    /// Messages skipped because their source is neither IPv4 nor IPv6.
    pub foreign_source: u64,
    /// Messages with a segment size that makes no sense, taken as single datagrams.
    pub odd_segment_size: u64,
    /// Receive calls that failed for a passing reason.
    pub failed_calls: u64,
}

/// What went out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SendCounters {
    /// Send calls, those that were refused included.
    pub calls: u64,
    /// Datagrams that the kernel took, those inside trains included.
    pub datagrams: u64,
    /// UDP payload bytes that the kernel took.
    pub bytes: u64,
    /// Trains that the kernel took.
    pub trains: u64,
    /// Trains that the kernel refused to segment; their datagrams were sent one by one.
    pub trains_refused: u64,
    /// Datagrams that never reached the kernel or were refused by it, by [`SendRefusal`].
    pub refused: [u64; SendRefusal::ALL.len()],
}

impl SendCounters {
    /// Datagrams lost for this reason.
    pub fn refused_for(&self, why: SendRefusal) -> u64 {
        self.refused[why as usize]
    }

    pub(crate) fn refuse(&mut self, why: SendRefusal, datagrams: u64) {
        self.refused[why as usize] += datagrams;
    }
}

/// Sockets of relayed addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RelayedCounters {
    /// Open now.
    pub open: u64,
    /// Opened so far.
    pub opened: u64,
    /// Closed so far.
    pub closed: u64,
    /// Times that one could not be opened.
    pub open_failed: u64,
}

/// TCP and TLS connections, and their messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StreamCounters {
    /// Open now.
    pub open: u64,
    /// Accepted so far. Each is open or has ended in one of the four ways below.
    pub accepted: u64,
    /// Connections that the step did not want.
    pub refused_by_step: u64,
    /// Connections over one of the limits.
    pub refused_by_limit: u64,
    /// Times that accept(2) or the setting up of a connection failed.
    pub accept_failed: u64,
    /// Ended because what came was neither STUN nor ChannelData, or too long.
    pub ended_unframed: u64,
    /// Ended because what came was not TLS as we speak it, or an alert.
    pub ended_tls: u64,
    /// Ended because nobody authenticated in time.
    pub ended_unauthenticated: u64,
    /// Ended by the remote, by the step or by an error of the connection.
    pub ended_other: u64,
    /// Messages handed to the step.
    pub messages_in: u64,
    /// Bytes of those, padding included, TLS not.
    pub bytes_in: u64,
    /// Bytes that the kernel or TLS took.
    pub bytes_out: u64,
}

/// Why a datagram did not leave: errno values of sendmsg(2), udp(7) and ip(7) grouped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum SendRefusal {
    /// The socket's send buffer was full, also at the second try (EAGAIN), or that of a stream.
    BufferFull,
    /// The kernel was out of memory or the device queue full (ENOBUFS, ENOMEM).
    OutOfMemory,
    /// Longer than the device or UDP can carry, or than an own datagram may be (EMSGSIZE).
    TooLong,
    /// No route to the destination (ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN).
    Unreachable,
    /// The destination's host answered an earlier datagram with ICMP "port unreachable"
    /// (ECONNREFUSED).
    PortClosed,
    /// A local firewall rule or a broadcast address (EPERM, EACCES).
    NotPermitted,
    /// An address that this socket cannot send to (EINVAL, EAFNOSUPPORT, EADDRNOTAVAIL).
    BadAddress,
    /// `from` names no socket of this backend, or none any more.
    NoSuchSocket,
    /// Anything else.
    Other,
}

impl SendRefusal {
    /// Every reason once, in the order of [`SendCounters::refused`].
    pub const ALL: [Self; 9] = [
        Self::BufferFull,
        Self::OutOfMemory,
        Self::TooLong,
        Self::Unreachable,
        Self::PortClosed,
        Self::NotPermitted,
        Self::BadAddress,
        Self::NoSuchSocket,
        Self::Other,
    ];

    /// A stable label for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::BufferFull => "buffer_full",
            Self::OutOfMemory => "out_of_memory",
            Self::TooLong => "too_long",
            Self::Unreachable => "unreachable",
            Self::PortClosed => "port_closed",
            Self::NotPermitted => "not_permitted",
            Self::BadAddress => "bad_address",
            Self::NoSuchSocket => "no_such_socket",
            Self::Other => "other",
        }
    }

    pub(crate) fn from_errno(errno: i32) -> Self {
        match errno {
            libc::EAGAIN => Self::BufferFull,
            libc::ENOBUFS | libc::ENOMEM => Self::OutOfMemory,
            libc::EMSGSIZE => Self::TooLong,
            libc::ENETUNREACH | libc::EHOSTUNREACH | libc::ENETDOWN | libc::EHOSTDOWN => {
                Self::Unreachable
            }
            libc::ECONNREFUSED => Self::PortClosed,
            libc::EPERM | libc::EACCES => Self::NotPermitted,
            libc::EINVAL | libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL => Self::BadAddress,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_place_and_label() {
        for (place, why) in SendRefusal::ALL.into_iter().enumerate() {
            assert_eq!(why as usize, place);
            let same_label = SendRefusal::ALL.iter().filter(|other| other.label() == why.label());
            assert_eq!(same_label.count(), 1);
        }
    }
}
