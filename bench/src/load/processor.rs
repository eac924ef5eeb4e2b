//! Processor time that another process has used.

use std::fs;
use std::io;
use std::time::Duration;

/// User and system time of all threads of a process that has not ended any of them
/// (proc(5), `/proc/pid/task/tid/schedstat`: nanoseconds on a processor come first).
///
/// # Errors
/// The process is gone, or the kernel keeps no such statistics.
pub fn cpu_time(process: u32) -> io::Result<Duration> {
    let threads = fs::read_dir(format!("/proc/{process}/task"))?;
    threads.map(|thread| of_thread(&thread?.path().join("schedstat"))).sum()
}

fn of_thread(path: &std::path::Path) -> io::Result<Duration> {
    let text = fs::read_to_string(path)?;
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse().ok());
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
