//! Which processors this process may use, and keeping a thread on one of them.

use std::io;
use std::mem::size_of;

use libc::cpu_set_t;

/// A logical processor, numbered as in `/proc/cpuinfo`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cpu(pub usize);

/// The processors the calling thread may run on, ascending: what taskset, a cpuset or a container
/// has left.
///
/// # Errors
/// What sched_getaffinity(2) gives; EINVAL on a machine with more than [`CPUS_MAX`] processors.
pub fn allowed() -> io::Result<Vec<Cpu>> {
    let mut mask = Mask::EMPTY;
    // SAFETY: "cpusetsize is the length (in bytes) of the data pointed to by mask", which is ours
    // to write; a pid of zero is the calling thread. Any bit pattern is a valid mask.
    let status = unsafe { libc::sched_getaffinity(0, Mask::BYTES, mask.as_mut_ptr()) };
    if status == 0 { Ok(mask.cpus().collect()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps the calling thread, and threads it starts later, on `cpu`.
///
/// # Errors
/// What sched_setaffinity(2) gives: EINVAL if there is no such processor or none we may use.
pub fn pin_current_thread(cpu: Cpu) -> io::Result<()> {
    let mask = Mask::only(cpu).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: "cpusetsize is the length (in bytes) of the data pointed to by mask", which the
    // kernel only reads; a pid of zero is the calling thread.
    let status = unsafe { libc::sched_setaffinity(0, Mask::BYTES, mask.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Processors that a mask has room for. Linux on x86-64 allows 8,192, the C library's own mask
/// only 1,024.
pub const CPUS_MAX: usize = WORDS * 64;

const WORDS: usize = 128;

/// sched_setaffinity(2), NOTES: a larger mask than `cpu_set_t` is allowed and is an array of longs.
#[repr(C, align(8))]
struct Mask([u64; WORDS]);

impl Mask {
    const BYTES: usize = size_of::<Self>();
    const EMPTY: Self = Self([0; WORDS]);

    fn only(cpu: Cpu) -> Option<Self> {
        let mut mask = Self::EMPTY;
        *mask.0.get_mut(cpu.0 / 64)? |= 1 << (cpu.0 % 64);
        Some(mask)
    }

    fn cpus(&self) -> impl Iterator<Item = Cpu> {
        (0..CPUS_MAX).filter(|cpu| self.0[cpu / 64] >> (cpu % 64) & 1 == 1).map(Cpu)
    }

    fn as_ptr(&self) -> *const cpu_set_t {
        self.0.as_ptr().cast()
    }

    fn as_mut_ptr(&mut self) -> *mut cpu_set_t {
        self.0.as_mut_ptr().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_is_allowed_nothing_else() {
        let pinned = std::thread::spawn(|| {
            let last = *allowed().unwrap().last().unwrap();
            pin_current_thread(last).unwrap();
            (last, allowed().unwrap())
        });
        let (last, after) = pinned.join().unwrap();
        assert_eq!(after, [last]);
    }

    #[test]
    fn processors_that_do_not_exist_are_refused() {
        assert!(pin_current_thread(Cpu(CPUS_MAX - 1)).is_err());
        assert!(pin_current_thread(Cpu(usize::MAX)).is_err());
    }
}
