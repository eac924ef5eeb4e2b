//! Whether something keeps this host's clock right.

use std::io;
use std::mem::zeroed;

/// Whether the kernel has been told lately how right its clock is, by NTP or the like (adjtimex(2),
/// STA_UNSYNC). Needs no privilege and changes nothing.
///
/// # Errors
/// What adjtimex(2) gives; EPERM where a sandbox forbids it.
pub fn is_synchronized() -> io::Result<bool> {
    // SAFETY: a timex is made of integers, for which zero is a value. A `modes` of zero means that
    // the call only reads.
    let mut state: libc::timex = unsafe { zeroed() };
    // SAFETY: `state` is a timex of ours that the call fills.
    let status = unsafe { libc::adjtimex(&raw mut state) };
    match status {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(state.status & libc::STA_UNSYNC == 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// adjtimex(2): TIME_ERROR is returned, too, while STA_UNSYNC is set.
    #[test]
    fn the_kernel_says_the_same_in_both_ways() {
        // SAFETY: as above.
        let mut state: libc::timex = unsafe { zeroed() };
        // SAFETY: as above.
        let in_error = unsafe { libc::adjtimex(&raw mut state) } == libc::TIME_ERROR;
        assert!(is_synchronized().unwrap() || in_error);
    }
}
