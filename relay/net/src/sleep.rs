//! Sleeping as long as was asked for.

use std::io;

/// From now on sleeps of the calling thread end when they should. By default the kernel may add 50 us to
/// each, to wake up for several timers at once (prctl(2), PR_SET_TIMERSLACK).
///
/// # Errors
/// What prctl(2) gives.
pub fn sleep_exactly() -> io::Result<()> {
    // Zero would mean the default of the thread that started this one.
    let nanoseconds: libc::c_ulong = 1;
    // SAFETY: PR_SET_TIMERSLACK takes one unsigned long and touches no memory of ours.
    let status = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, nanoseconds) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slack_is_gone() {
        std::thread::spawn(|| {
            sleep_exactly().unwrap();
            // SAFETY: PR_GET_TIMERSLACK takes no argument and returns the value.
            assert_eq!(unsafe { libc::prctl(libc::PR_GET_TIMERSLACK) }, 1);
        })
        .join()
        .unwrap();
    }
}
