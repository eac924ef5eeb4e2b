//! Trails in folders of their own, and what they are made of.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringfence::audit::{
    Chain, ChainSettings, Fault, PublicKey, Record, SigningKey, Verdict, Who, verify,
};
use ringfence::timestamp::Moment;
use tempfile::TempDir;

/// A folder for one trail.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn live(&self) -> PathBuf {
        self.path().join("audit.jsonl")
    }

    pub(crate) fn head(&self) -> PathBuf {
        self.path().join("audit.jsonl.head")
    }

    /// Never full, never cleared, not signed.
    pub(crate) fn settings(&self) -> ChainSettings {
        ChainSettings {
            path: self.live(),
            site: "fra1".to_owned(),
            rotate_bytes: u64::MAX,
            keep: 0,
            signing_key: None,
        }
    }

    pub(crate) fn signed(&self) -> ChainSettings {
        ChainSettings { signing_key: Some(Arc::new(key())), ..self.settings() }
    }

    /// With so many lines, all on the disk.
    pub(crate) fn with_lines(count: u64) -> Self {
        let folder = Self::new();
        write(folder.settings(), count);
        folder
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict_by(None)
    }

    pub(crate) fn verdict_by(&self, key: Option<PublicKey>) -> Verdict {
        let mut verdicts = verify(&[self.path().to_owned()], key).unwrap();
        assert_eq!(verdicts.len(), 1, "{verdicts:?}");
        verdicts.remove(0)
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        let verdict = self.verdict();
        assert_eq!(verdict.whole, verdict.findings.is_empty());
        verdict.findings.iter().map(|finding| finding.fault).collect()
    }

    /// The names of the files there are, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Adds so many lines and brings them to the disk.
pub(crate) fn write(settings: ChainSettings, count: u64) {
    let mut chain = Chain::open(settings, 1).unwrap();
    for number in 0..count {
        chain.append(Moment { unix_us: 1_795_291_380_000_000 + number }, joined(number)).unwrap();
    }
    chain.anchor(Moment::now()).unwrap();
    chain.seal().unwrap();
}

pub(crate) fn joined(number: u64) -> Record {
    let (room, participant) = ("a".to_owned(), number.to_string());
    Record::Joined { who: Who::Participant { room, tenant: None, participant } }
}

pub(crate) fn key() -> SigningKey {
    SigningKey::parse(&[b'7'; 64]).unwrap()
}
