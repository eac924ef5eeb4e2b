//! Descriptors that whoever started this process hands over: those that a service manager kept for it
//! (sd_listen_fds(3), "File Descriptor Store").

use std::env;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// The first of them: behind standard input, output and error.
const FIRST: RawFd = 3;
/// More than any store holds (systemd.service(5), FileDescriptorStoreMax), so that a wrong number ends.
const MOST: RawFd = 1 << 20;

/// Takes all of them with their names, once: a second call gets none.
///
/// The environment says how many there are and whether they are for this process (`LISTEN_PID`,
/// `LISTEN_FDS`, `LISTEN_FDNAMES`); without a name they are called `unknown`.
pub fn take() -> Vec<(String, OwnedFd)> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let ours = number("LISTEN_PID") == Some(std::process::id());
    if !ours || TAKEN.swap(true, Ordering::Relaxed) {
        return Vec::new();
    }
    let count = number("LISTEN_FDS").and_then(|count| RawFd::try_from(count).ok()).unwrap_or(0);
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':').map(str::to_owned);
    let named = (FIRST..FIRST.saturating_add(count.min(MOST))).map(|fd| {
        (names.next().filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned()), fd)
    });
    named.filter_map(|(name, fd)| Some((name, own(fd)?))).collect()
}

/// Nothing that we start is to have it.
fn own(fd: RawFd) -> Option<OwnedFd> {
    // SAFETY: fcntl(2) with F_SETFD takes an integer and touches no memory; on a number that is no open
    // descriptor it fails.
    let set = unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    if set != 0 {
        return None;
    }
    // SAFETY: it is open, as the call before shows. The manager that set LISTEN_PID to this process
    // opened it for us, nothing in this process has used descriptors by number, and `take` runs once,
    // so that nobody else owns it.
    Some(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn number(variable: &str) -> Option<u32> {
    env::var(variable).ok()?.parse().ok()
}
