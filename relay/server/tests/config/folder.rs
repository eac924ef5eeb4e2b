//! A configuration's folder with its secrets, and short ways to load from it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ringfence::config::{self, Failure, Loaded};
use ringfence_tests::broken_policies::{DATA, DATA_FILE};
use tempfile::TempDir;

pub(crate) const REFERENCE: &str = include_str!("reference.toml");
pub(crate) const TOKEN: &str = "the-control-token-0001";
pub(crate) const SECRET: &str = "the-secret-of-acme-0001";

pub(crate) struct Folder(TempDir);

impl Folder {
    /// With both secrets of the reference, readable by their owner alone.
    pub(crate) fn new() -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder"));
        folder.write("control.token", TOKEN, 0o600);
        folder.write("acme.secret", SECRET, 0o600);
        folder
    }

    /// And a certificate with its private key, a key for the audit trail, and region data.
    pub(crate) fn with_identity() -> Self {
        let folder = Self::new();
        let (certificate, key) = identity();
        folder.write("turn.crt", certificate, 0o644);
        folder.write("turn.key", key, 0o600);
        folder.write("audit.key", "7".repeat(64), 0o600);
        folder.write(DATA_FILE, DATA, 0o644);
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permitted");
        path
    }

    pub(crate) fn parse(&self, text: &str) -> Result<Loaded, Failure> {
        self.parse_with(text, &[])
    }

    pub(crate) fn parse_with(
        &self,
        text: &str,
        environment: &[(&str, &str)],
    ) -> Result<Loaded, Failure> {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        config::parse("ringfence.toml", text, self.path(), environment.iter().map(own))
    }

    /// The reference loads, with these overrides.
    pub(crate) fn reference_with(&self, environment: &[(&str, &str)]) -> Loaded {
        self.parse_with(REFERENCE, environment).unwrap_or_else(|failure| panic!("{failure}"))
    }
}

/// A certificate and its private key, as PEM.
pub(crate) fn identity() -> (String, String) {
    let names = vec!["turn.example.org".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// The reference with one thing changed, which must be there.
pub(crate) fn changed(from: &str, to: &str) -> String {
    assert!(REFERENCE.contains(from), "the reference has no `{from}`");
    REFERENCE.replacen(from, to, 1)
}

pub(crate) fn codes(failure: &Failure) -> Vec<&'static str> {
    failure.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

pub(crate) fn warning_codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.warnings.iter().map(|diagnostic| diagnostic.code).collect()
}
