//! What a backend counts: plain numbers that one shard owns, summed and read elsewhere.

/// Totals of one backend since it was opened. All are datagrams unless the name says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct IoCounters {
    /// What came in.
    pub received: ReceiveCounters,
    /// What went out.
    pub sent: SendCounters,
}

/// What came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReceiveCounters {
    /// Receive calls that delivered something.
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

/// Why a datagram did not leave: errno values of sendmsg(2), udp(7) and ip(7) grouped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum SendRefusal {
    /// The socket's send buffer was full, also at the second try (EAGAIN).
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
    /// `from` names no socket of this backend.
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
