//! Letting the kernel look at the card's queue instead of sleeping (epoll's busy polling, Linux 6.9).

use std::os::fd::AsRawFd;
use std::time::Duration;

use mio::Poll;

use crate::syscall::{self, EpollParams};

/// Packets that one look may take from the card's queue: the kernel's own NAPI_POLL_WEIGHT, above
/// which it asks for CAP_NET_ADMIN.
const BUDGET: u16 = 64;

/// Asks for it; whether the kernel agreed. With "prefer", the card's interrupts stay off as long as
/// the shard looks often enough, if the device's `gro_flush_timeout` or `irq-suspend-timeout` allows.
pub(super) fn enable(poll: &Poll, span: Duration) -> bool {
    let busy_poll_usecs = u32::try_from(span.as_micros()).unwrap_or(u32::MAX);
    let params =
        EpollParams { busy_poll_usecs, busy_poll_budget: BUDGET, prefer_busy_poll: 1, pad: 0 };
    busy_poll_usecs > 0 && syscall::set_epoll_params(poll.as_raw_fd(), params).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_agrees_unless_it_is_too_old() {
        let poll = Poll::new().unwrap();
        assert!(!enable(&poll, Duration::ZERO), "nobody asked");
        let agreed = enable(&poll, Duration::from_micros(50));
        assert_eq!(agreed, syscall::epoll_params(poll.as_raw_fd()).is_ok());
    }
}
