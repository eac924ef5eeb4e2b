//! Processor time that a thread has used: the unit in which a relay's cost is told.

use std::io;
use std::time::Duration;

use libc::{clockid_t, timespec};

/// Processor time, user and system, of the calling thread since it started.
///
/// # Errors
/// What clock_gettime(2) gives.
pub fn of_current_thread() -> io::Result<Duration> {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// The processor-time clock of one thread, readable from every other thread of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThreadClock(clockid_t);

impl ThreadClock {
    /// The calling thread's clock.
    ///
    /// # Errors
    /// What pthread_getcpuclockid(3) gives.
    pub fn current() -> io::Result<Self> {
        let mut clock: clockid_t = 0;
        // SAFETY: pthread_self(3): "This function always succeeds".
        let me = unsafe { libc::pthread_self() };
        // SAFETY: `me` is the calling thread, so it is alive; `clock` is ours to write.
        let status = unsafe { libc::pthread_getcpuclockid(me, &raw mut clock) };
        if status == 0 { Ok(Self(clock)) } else { Err(io::Error::from_raw_os_error(status)) }
    }

    /// Processor time that the thread has used so far.
    ///
    /// # Errors
    /// EINVAL once the thread has ended.
    pub fn read(self) -> io::Result<Duration> {
        read(self.0)
    }
}

fn read(clock: clockid_t) -> io::Result<Duration> {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec of ours that the call fills; an unknown clock gives EINVAL.
    let status = unsafe { libc::clock_gettime(clock, &raw mut time) };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Ok(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn_until(done: impl Fn() -> bool) {
        while !done() {
            std::hint::black_box((0..10_000_u64).sum::<u64>());
        }
    }

    #[test]
    fn work_moves_the_clock_of_the_thread_that_did_it() {
        let clock = ThreadClock::current().unwrap();
        let (before, own) = (clock.read().unwrap(), of_current_thread().unwrap());
        burn_until(|| of_current_thread().unwrap() > own + Duration::from_millis(1));
        assert!(clock.read().unwrap() > before);
    }

    #[test]
    fn the_clock_is_readable_from_another_thread() {
        let here = ThreadClock::current().unwrap();
        burn_until(|| of_current_thread().unwrap() > Duration::from_millis(5));
        let (seen, of_reader) =
            std::thread::spawn(move || (here.read().unwrap(), of_current_thread().unwrap()))
                .join()
                .unwrap();
        assert!(seen > of_reader);
    }
}
