//! Which segment sizes the kernel will split a train into, learnt from what it refused.

/// Datagrams in one train: `UDP_MAX_SEGMENTS` of the first kernels with UDP_SEGMENT.
pub(super) const SEGMENTS_MAX: usize = 64;

/// Payload of one train: what an IP packet of 65,535 bytes holds next to IPv6 and UDP headers.
pub(super) const TRAIN_BYTES_MAX: usize = 65_535 - 40 - 8;

/// Payload that every path has to carry: IPv6's minimum MTU less its headers (RFC 8200 section 5).
const EVERY_PATH_BYTES: usize = 1280 - 40 - 8;

/// The largest segment that one socket still puts into trains.
///
/// A refusal is remembered by size, not for the whole socket: "longer than the device's MTU" says
/// nothing against shorter segments, and a sender of jumbo datagrams must not be able to switch
/// offload off for everybody. The MTU that counts is that of a local device (the sockets ignore
/// learnt path MTUs), so forged ICMP cannot move this either. It never rises again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TrainLimit(usize);

impl TrainLimit {
    pub(super) const ANY: Self = Self(u16::MAX as usize);
    pub(super) const NO_TRAINS: Self = Self(0);

    pub(super) fn allows(self, segment_bytes: usize) -> bool {
        segment_bytes <= self.0
    }

    /// In bytes; zero when the socket sends no trains.
    pub(super) fn segment_bytes_max(self) -> usize {
        self.0
    }

    /// Whether a train refused with this errno is worth sending as single datagrams: segmentation
    /// may be what the kernel objects to.
    ///
    /// EIO: the route cannot checksum segments; EINVAL, EMSGSIZE: longer than the MTU, by version.
    pub(super) fn may_be_at_fault(errno: i32) -> bool {
        matches!(errno, libc::EIO | libc::EINVAL | libc::EMSGSIZE)
    }

    /// Learns from a refused train, of whose datagrams `sent_singly` then went out alone.
    ///
    /// If none did, the destination was at fault (port zero gives EINVAL, too), not the train;
    /// EMSGSIZE is about the size in both cases. A size that every path has to carry cannot
    /// exceed an MTU: then the kernel segments nothing here.
    pub(super) fn learn(&mut self, errno: i32, segment_bytes: usize, sent_singly: u64) {
        if errno != libc::EMSGSIZE && sent_singly == 0 {
            return;
        }
        let about_size = errno != libc::EIO && segment_bytes > EVERY_PATH_BYTES;
        let allowed = if about_size { segment_bytes - 1 } else { 0 };
        self.0 = self.0.min(allowed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(errno: i32, segment_bytes: usize, sent_singly: u64) -> usize {
        let mut limit = TrainLimit::ANY;
        limit.learn(errno, segment_bytes, sent_singly);
        limit.segment_bytes_max()
    }

    #[test]
    fn a_size_over_the_mtu_leaves_shorter_trains_alone() {
        assert_eq!(after(libc::EMSGSIZE, 1473, 0), 1472);
        assert_eq!(after(libc::EINVAL, 1473, 2), 1472);
    }

    #[test]
    fn a_kernel_that_segments_nothing_is_asked_once() {
        assert_eq!(after(libc::EIO, 9000, 2), 0);
        assert_eq!(after(libc::EINVAL, 1200, 2), 0);
    }

    #[test]
    fn a_bad_destination_says_nothing_about_trains() {
        assert_eq!(after(libc::EINVAL, 1200, 0), TrainLimit::ANY.segment_bytes_max());
        assert_eq!(after(libc::EIO, 1200, 0), TrainLimit::ANY.segment_bytes_max());
    }

    #[test]
    fn the_limit_never_rises() {
        let mut limit = TrainLimit::ANY;
        limit.learn(libc::EMSGSIZE, 1400, 0);
        limit.learn(libc::EMSGSIZE, 9000, 0);
        assert!(limit.allows(1399) && !limit.allows(1400));
    }
}
