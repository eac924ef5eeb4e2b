//! scripts/tune-host, on a host that is only a folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use super::{script, succeeded};

/// Files of a host with one card of two queues, and how each is set.
const FILES: [(&str, &str); 14] = [
    ("proc/sys/net/core/rmem_max", "212992"),
    ("proc/sys/net/core/wmem_max", "33554432"),
    ("proc/sys/net/core/netdev_max_backlog", "1000"),
    ("proc/sys/net/core/netdev_budget", "300"),
    ("proc/sys/net/core/busy_poll", "0"),
    ("proc/irq/41/smp_affinity_list", "0-3"),
    ("proc/irq/42/smp_affinity_list", "0-3"),
    ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave"),
    ("sys/class/net/card0/gro_flush_timeout", "0"),
    ("sys/class/net/card0/device/msi_irqs/41", ""),
    ("sys/class/net/card0/device/msi_irqs/42", ""),
    ("sys/class/net/card0/queues/rx-0/rps_cpus", "00000000,00000000"),
    ("sys/class/net/card0/queues/tx-0/xps_cpus", "f"),
    ("sys/class/net/card0/queues/tx-1/xps_cpus", "f"),
];

/// Says what a card of that many queues has, and writes down what it is told.
const ETHTOOL: &str = r#"#!/bin/sh
case $1 in
-l) printf 'Channel parameters for %s:\nPre-set maximums:\nCombined:\t2\nCurrent hardware settings:\nCombined:\t1\n' "$2" ;;
-g) printf 'Pre-set maximums:\nRX:\t\t8192\nRX Mini:\tn/a\nCurrent hardware settings:\nRX:\t\t512\n' ;;
*) echo "$@" >>"$(dirname "$0")/told" ;;
esac
"#;

struct Host {
    root: TempDir,
}

impl Host {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for (path, value) in FILES {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{value}\n")).unwrap();
        }
        let ethtool = root.path().join("bin/ethtool");
        fs::create_dir_all(ethtool.parent().unwrap()).unwrap();
        fs::write(&ethtool, ETHTOOL).unwrap();
        fs::set_permissions(&ethtool, fs::Permissions::from_mode(0o755)).unwrap();
        Self { root }
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn tune(&self, words: &[&str]) -> Output {
        let path =
            format!("{}:{}", self.path().join("bin").display(), std::env::var("PATH").unwrap());
        let mut tune = script("tune-host");
        tune.env("PATH", path).current_dir(self.path()).arg("--root").arg(self.path());
        tune.args(["--workers", "2"]).args(words).output().unwrap()
    }

    /// What the script says of each setting: what it is and what it should be.
    fn settings(&self) -> BTreeMap<String, (String, String)> {
        let output = self.tune(&["--json"]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let settings = document["settings"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let entry = |setting: &Value| {
            let key = format!("{} {}", text(&setting["kind"]), text(&setting["setting"]));
            (key, (text(&setting["now"]), text(&setting["should"])))
        };
        settings.map(entry).collect()
    }

    fn files(&self) -> BTreeMap<&str, String> {
        let read = |path: &str| fs::read_to_string(self.path().join(path)).unwrap();
        FILES.iter().map(|(path, _)| (*path, read(path).trim().to_owned())).collect()
    }
}

#[test]
fn it_says_what_is_and_what_should_be_and_changes_nothing() {
    let host = Host::new();
    let before = host.files();
    let settings = host.settings();
    let of = |key: &str| {
        let (now, should) = &settings[key];
        (now.as_str(), should.as_str())
    };
    assert_eq!(of("file /proc/sys/net/core/rmem_max"), ("212992", "67108864"));
    assert_eq!(
        of("file /proc/sys/net/core/wmem_max"),
        ("33554432", "33554432"),
        "more is no fault"
    );
    assert_eq!(of("file /proc/irq/42/smp_affinity_list"), ("0-3", "1"));
    assert_eq!(of("file /sys/class/net/card0/queues/rx-0/rps_cpus"), ("0", "0"));
    assert_eq!(of("file /sys/class/net/card0/queues/tx-1/xps_cpus"), ("f", "2"));
    assert_eq!((of("queues card0"), of("rings card0")), (("1", "2"), ("512", "4096")));
    assert_eq!(host.files(), before);
    assert!(!host.path().join("bin/told").exists());
}

#[test]
fn what_is_applied_is_what_should_be_and_can_be_undone() {
    let host = Host::new();
    let before = host.files();
    succeeded(&host.tune(&["--apply", "--record", "undo"]));
    let after = host.files();
    assert_ne!(after, before);
    let settings = host.settings();
    let files = settings.iter().filter(|(key, _)| key.starts_with("file "));
    files.for_each(|(key, (now, should))| assert_eq!(now, should, "{key}"));
    let told = || fs::read_to_string(host.path().join("bin/told")).unwrap();
    assert_eq!(told(), "-G card0 rx 4096\n-L card0 combined 2\n");

    let again = host.tune(&["--apply", "--record", "undo"]);
    assert!(!again.status.success(), "the record of the first change is kept");

    succeeded(&host.tune(&["--undo", "undo"]));
    let masks = |path: &&str| !path.ends_with("rps_cpus");
    let of = |files: &BTreeMap<&str, String>| -> Vec<String> {
        files.iter().filter(|(path, _)| masks(path)).map(|(_, value)| value.clone()).collect()
    };
    assert_eq!(of(&host.files()), of(&before));
    assert!(told().ends_with("-L card0 combined 1\n-G card0 rx 512\n"));
}

#[test]
fn fewer_queues_than_shards_are_helped_by_the_kernel() {
    let host = Host::new();
    let output = host.tune(&["--workers", "40", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let settings = document["settings"].as_array().unwrap();
    let rps = settings.iter().find(|one| one["setting"].as_str().unwrap().ends_with("rps_cpus"));
    assert_eq!(rps.unwrap()["should"], "ff,ffffffff");
}
