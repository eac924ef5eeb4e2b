//! A part of one processor for another process, by the kernel's bandwidth control (sched-bwc).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};

/// The kernel's least quota. With it the periods are the shortest that a share can have, and so are
/// the times in which the process may not run.
const QUOTA_US: u32 = 1_000;

/// How often a process that may use so many percent of a processor gets its quota.
pub(super) fn period(percent: u32) -> Duration {
    Duration::from_micros(u64::from(QUOTA_US)) * 100 / percent
}

/// Where cgroups are mounted.
const MOUNT: &str = "/sys/fs/cgroup";

/// A group of our own with a process in it, which may use so much and no more. When this goes the process
/// is let out, and the group is removed.
pub struct Cap {
    group: PathBuf,
    process: u32,
}

impl Cap {
    /// Puts all threads of a process under a cap of so many percent of one processor.
    ///
    /// # Errors
    /// The machine has no cgroups that this program may make.
    pub fn put(process: u32, percent: u32) -> anyhow::Result<Self> {
        ensure!((1..100).contains(&percent), "a cap is between 1 and 99 percent of a processor");
        let period_us = period(percent).as_micros();
        let group = new_group().with_context(|| {
            format!(
                "no group for a cap below {MOUNT}; next: run as root, where the cpu controller is"
            )
        })?;
        let cap = Self { group, process };
        cap.limit(period_us)?;
        cap.write("cgroup.procs", &process.to_string())?;
        Ok(cap)
    }

    fn limit(&self, period_us: u128) -> anyhow::Result<()> {
        if self.group.join("cpu.max").exists() {
            return self.write("cpu.max", &format!("{QUOTA_US} {period_us}"));
        }
        self.write("cpu.cfs_period_us", &period_us.to_string())?;
        self.write("cpu.cfs_quota_us", &QUOTA_US.to_string())
    }

    fn write(&self, file: &str, text: &str) -> anyhow::Result<()> {
        let path = self.group.join(file);
        fs::write(&path, text).with_context(|| format!("writing {text} to {}", path.display()))
    }
}

impl Drop for Cap {
    fn drop(&mut self) {
        if let Some(parent) = self.group.parent() {
            // A process that has ended is in no group.
            let _ = fs::write(parent.join("cgroup.procs"), self.process.to_string());
        }
        if let Err(error) = fs::remove_dir(&self.group) {
            eprintln!("{} stays: {error}; next: rmdir it", self.group.display());
        }
    }
}

/// Version 1 has a hierarchy for processor time, version 2 one for everything.
fn new_group() -> anyhow::Result<PathBuf> {
    let mount = Path::new(MOUNT);
    let first = ["cpu", "cpu,cpuacct"].map(|name| mount.join(name));
    let parent = match first.into_iter().find(|folder| folder.join("cpu.cfs_quota_us").exists()) {
        Some(version_1) => version_1,
        None => {
            // Only what a parent hands down can be limited below it.
            fs::write(mount.join("cgroup.subtree_control"), "+cpu")?;
            mount.to_owned()
        }
    };
    let group = parent.join(format!("ringfence-overload-{}", std::process::id()));
    fs::create_dir(&group)?;
    Ok(group)
}
