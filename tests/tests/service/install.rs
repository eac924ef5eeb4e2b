//! scripts/install-systemd, into a folder in place of the host.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ringfence_tests::program::ringfence_binary;
use tempfile::TempDir;

use super::repository;

/// A folder, and beside it a program that starts the relay's, which is too large to be copied often.
struct Host {
    root: TempDir,
    program: TempDir,
}

impl Host {
    fn new() -> Self {
        let [root, program] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
        let text = format!("#!/bin/sh\nexec '{}' \"$@\"\n", ringfence_binary().display());
        let path = program.path().join("ringfence");
        fs::write(&path, text).expect("the folder is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        Self { root, program }
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut script = Command::new(repository("scripts/install-systemd"));
        script.arg("--root").arg(self.root.path());
        script.arg("--binary").arg(self.program.path().join("ringfence"));
        script.args(words).output().expect("bash is there")
    }

    /// What the script prints.
    fn succeeds(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Every file there is.
    fn files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        walk(self.root.path(), &mut |path| {
            let inside = path.strip_prefix(self.root.path()).unwrap();
            found.insert(inside.display().to_string());
        });
        found
    }
}

fn walk(folder: &Path, found: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => walk(&path, found),
            false => found(&path),
        }
    }
}

const ESSENTIAL: [&str; 8] = [
    "etc/ringfence/ringfence.toml",
    "etc/ringfence/secrets/example.secret",
    "etc/systemd/system/ringfence.service",
    "etc/sysusers.d/ringfence.conf",
    "usr/local/bin/ringfence",
    "usr/local/share/bash-completion/completions/ringfence",
    "usr/local/share/man/man1/ringfence-serve.1",
    "usr/local/share/man/man1/ringfence.1",
];

#[test]
fn it_installs_what_a_service_needs_and_says_each_file() {
    let host = Host::new();
    let said = host.succeeds(&[]);
    let files = host.files();
    for path in ESSENTIAL {
        assert!(files.contains(path), "{path} is not in {files:?}");
        assert!(said.contains(&format!("/{path}")), "{path} is not said in {said}");
    }
    let unit = fs::read_to_string(host.path("etc/systemd/system/ringfence.service")).unwrap();
    assert!(unit.contains("ExecStart=/usr/local/bin/ringfence serve"), "{unit}");
    let secret = host.path("etc/ringfence/secrets/example.secret");
    let mode = fs::metadata(&secret).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "nobody else reads the secret");
    assert_eq!(fs::read_to_string(&secret).unwrap().trim().len(), 64);
}

#[test]
fn a_second_installation_keeps_what_the_operator_wrote() {
    let host = Host::new();
    host.succeeds(&[]);
    let config = host.path("etc/ringfence/ringfence.toml");
    let secret = host.path("etc/ringfence/secrets/example.secret");
    fs::write(&config, "# mine").unwrap();
    let secret_before = fs::read(&secret).unwrap();
    host.succeeds(&[]);
    assert_eq!(fs::read_to_string(&config).unwrap(), "# mine");
    assert_eq!(fs::read(&secret).unwrap(), secret_before);
}

#[test]
fn what_is_uninstalled_is_gone_and_what_the_operator_wrote_only_if_asked() {
    let host = Host::new();
    host.succeeds(&[]);
    host.succeeds(&["--uninstall"]);
    let left = host.files();
    assert!(left.iter().all(|path| path.starts_with("etc/ringfence/")), "{left:?}");
    assert!(left.contains("etc/ringfence/ringfence.toml"));
    host.succeeds(&["--uninstall", "--purge"]);
    assert_eq!(host.files(), BTreeSet::new());
    assert!(!host.path("etc/ringfence").exists());
}

#[test]
fn a_word_that_is_not_known_changes_nothing() {
    let host = Host::new();
    assert_eq!(host.run(&["--unistall"]).status.code(), Some(2));
    assert_eq!(host.files(), BTreeSet::new());
}
