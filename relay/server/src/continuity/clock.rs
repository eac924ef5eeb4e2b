//! The clock that the kernel does not set back.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Time since the machine started, sleep left out (clock_gettime(2), CLOCK_MONOTONIC): the same for every
/// process, as `std::time::Instant` counts it.
pub(crate) fn monotonic_now() -> Duration {
    // It fails for clocks that a kernel does not have; every Linux has this one.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(Duration::from).unwrap_or_default()
}
