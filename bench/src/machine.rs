//! Where and of what a run was made: a number without its run is not a number.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// What a record says of its circumstances.
#[derive(Debug, Serialize)]
pub struct Circumstances {
    cpu: String,
    cpus: usize,
    kernel: String,
    commit: String,
    /// `git status` names files: what ran is not what was committed.
    uncommitted_changes: bool,
    command: Vec<String>,
    began_unix_s: u64,
    load_average_before: String,
}

impl Circumstances {
    /// Those of now.
    pub fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            cpu: cpu_model(),
            cpus: ringfence_net::affinity::allowed().map_or(0, |cpus| cpus.len()),
            kernel: read("/proc/sys/kernel/osrelease"),
            commit: git(&["rev-parse", "HEAD"]),
            uncommitted_changes: !git(&["status", "--porcelain", "--", "relay"]).is_empty(),
            command: command(),
            began_unix_s: since_epoch.as_secs(),
            load_average_before: load_average(),
        }
    }
}

impl Circumstances {
    /// A line of text for each, as a record has it; the load average of now comes with it.
    pub fn lines(&self) -> BTreeMap<String, String> {
        let changed = if self.uncommitted_changes { "-dirty" } else { "" };
        let began = UNIX_EPOCH + Duration::from_secs(self.began_unix_s);
        let lines = [
            ("processor", self.cpu.clone()),
            ("processors", self.cpus.to_string()),
            ("kernel", self.kernel.clone()),
            ("commit", format!("{}{changed}", self.commit)),
            ("command", self.command.join(" ")),
            ("began", httpdate::fmt_http_date(began)),
            ("load average before", self.load_average_before.clone()),
            ("load average after", load_average()),
        ];
        lines.map(|(name, line)| (name.to_owned(), line)).into()
    }
}

impl std::fmt::Display for Circumstances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cpu, cpus, kernel, commit, .. } = self;
        let changed = if self.uncommitted_changes { "-dirty" } else { "" };
        write!(f, "{cpu}, {cpus} processors, Linux {kernel}, commit {commit}{changed}")
    }
}

/// Processes that were running or waiting, over 1, 5 and 15 minutes: what else the machine did.
pub fn load_average() -> String {
    read("/proc/loadavg")
}

/// Without the folder that this program lies in, which is this machine's.
fn command() -> Vec<String> {
    let program = std::env::current_exe().unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    std::iter::once(name).chain(std::env::args().skip(1)).collect()
}

fn cpu_model() -> String {
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name"));
    model.unwrap_or("unknown").trim_start_matches([' ', '\t', ':']).to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Empty where there is no git.
fn git(arguments: &[&str]) -> String {
    let here = env!("CARGO_MANIFEST_DIR");
    let output = Command::new("git").arg("-C").arg(here).args(arguments).output();
    output.map_or(String::new(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}
