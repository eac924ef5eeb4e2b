//! What the kernel says of a process (proc(5)).

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

/// Memory in kilobytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Memory {
    /// All that is in memory.
    pub(super) rss_kb: u64,
    /// Its share of that.
    pub(super) pss_kb: u64,
    /// What no file stands behind.
    pub(super) anonymous_kb: u64,
}

/// Its memory now.
pub(super) fn memory(process: u32) -> anyhow::Result<Memory> {
    let rollup = read(process, "smaps_rollup")?;
    let figure = |name| field(&rollup, name).with_context(|| format!("no {name} in smaps_rollup"));
    Ok(Memory {
        rss_kb: figure("Rss:")?,
        pss_kb: figure("Pss:")?,
        anonymous_kb: figure("Anonymous:")?,
    })
}

/// Open file descriptors.
pub(super) fn descriptors(process: u32) -> anyhow::Result<u64> {
    entries(process, "fd")
}

/// Threads.
pub(super) fn threads(process: u32) -> anyhow::Result<u64> {
    entries(process, "task")
}

fn entries(process: u32, folder: &str) -> anyhow::Result<u64> {
    let path = path(process, folder);
    let entries =
        fs::read_dir(&path).with_context(|| format!("{}: the relay has ended", path.display()))?;
    Ok(entries.count() as u64)
}

fn read(process: u32, file: &str) -> anyhow::Result<String> {
    let path = path(process, file);
    fs::read_to_string(&path).with_context(|| format!("{}: the relay has ended", path.display()))
}

fn path(process: u32, entry: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/{entry}"))
}

fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_left_open_shows() {
        let me = std::process::id();
        let before = descriptors(me).unwrap();
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        // Other tests of this process open and close files, too, but not so many.
        assert!(descriptors(me).unwrap() >= before + 25, "{} files are not seen", files.len());
    }

    #[test]
    fn memory_that_is_touched_shows() {
        let before = memory(std::process::id()).unwrap();
        let block = vec![1_u8; 64 << 20];
        let after = memory(std::process::id()).unwrap();
        assert!(after.rss_kb > before.rss_kb + (32 << 10), "{before:?} {after:?} {}", block.len());
        assert!(after.anonymous_kb > before.anonymous_kb + (32 << 10), "{before:?} {after:?}");
    }
}
