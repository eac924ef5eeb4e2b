//! Twelve ways to break a good policy, none of which may open anything: not at start, not at reload.

use std::fs;
use std::path::Path;

/// One way to break it.
#[derive(Clone, Copy, Debug)]
pub struct BrokenPolicy {
    /// What is wrong, in words.
    pub name: &'static str,
    /// Code of the error that says so.
    pub code: &'static str,
    /// The file in which it is told, and a text on the line that is told.
    pub place: (&'static str, Line),
    /// Who finds it.
    pub found_by: FoundBy,
    breakage: Breakage,
}

/// Which line an error names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// That of the broken file with this text in it.
    With(&'static str),
    /// The first one.
    First,
}

/// Which judge of a policy refuses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FoundBy {
    /// Whoever reads it: it has no meaning.
    Reading,
    /// The proof: it has a meaning, and nobody can have meant it.
    Proof,
}

#[derive(Clone, Copy, Debug)]
enum Breakage {
    /// The data file is not there.
    NoData,
    /// The data file is this.
    Data(&'static str),
    /// In the data file, the first text becomes the second.
    InData(&'static str, &'static str),
    /// In the configuration, the first text becomes the second.
    InConfig(&'static str, &'static str),
}

/// Name of the configuration in its folder.
pub const CONFIG_FILE: &str = "ringfence.toml";
/// Name of the region data in the folder.
pub const DATA_FILE: &str = "regions.cidr";

/// A good policy. It listens on 127.1.0.1, port 3478.
pub const CONFIG: &str = include_str!("broken_policies/ringfence.toml");
/// The data that goes with it.
pub const DATA: &str = include_str!("broken_policies/regions.cidr");

/// The twelve.
pub const BROKEN_POLICIES: [BrokenPolicy; 12] = [
    BrokenPolicy {
        name: "missing file",
        code: "unreadable_file",
        place: (CONFIG_FILE, Line::With("regions.cidr")),
        found_by: FoundBy::Reading,
        breakage: Breakage::NoData,
    },
    BrokenPolicy {
        name: "empty file",
        code: "empty_file",
        place: (DATA_FILE, Line::First),
        found_by: FoundBy::Reading,
        breakage: Breakage::Data(""),
    },
    BrokenPolicy {
        name: "truncated",
        code: "truncated",
        place: (DATA_FILE, Line::With("# prefixes")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InData("127.3.0.0/16 CN\n", ""),
    },
    BrokenPolicy {
        name: "bad prefix",
        code: "bad_prefix",
        place: (DATA_FILE, Line::With("127.2.0.0/61")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InData("127.2.0.0/16", "127.2.0.0/61"),
    },
    BrokenPolicy {
        name: "host bits set",
        code: "host_bits",
        place: (DATA_FILE, Line::With("127.2.0.1/16")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InData("127.2.0.0/16", "127.2.0.1/16"),
    },
    BrokenPolicy {
        name: "duplicate prefix",
        code: "duplicate_prefix",
        place: (DATA_FILE, Line::With("127.2.0.0/16 CN")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InData("127.3.0.0/16 CN", "127.2.0.0/16 CN"),
    },
    BrokenPolicy {
        name: "unknown region",
        code: "unknown_region",
        place: (CONFIG_FILE, Line::With("\"eurpoe\"")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InConfig("clients = [\"europe\"]", "clients = [\"eurpoe\"]"),
    },
    BrokenPolicy {
        name: "unknown site",
        code: "unknown_site",
        place: (CONFIG_FILE, Line::With("\"fra9\"")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InConfig("site = \"fra1\"", "site = \"fra9\""),
    },
    BrokenPolicy {
        name: "empty list",
        code: "invariant_violated",
        place: (CONFIG_FILE, Line::With("clients = []")),
        found_by: FoundBy::Proof,
        breakage: Breakage::InConfig("clients = [\"europe\"]", "clients = []"),
    },
    BrokenPolicy {
        name: "cycle in `within`",
        code: "within_cycle",
        place: (CONFIG_FILE, Line::With("within = \"germany\"")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InConfig(
            "labels = [\"DE\"]",
            "labels = [\"DE\"]\nwithin = \"germany\"",
        ),
    },
    BrokenPolicy {
        name: "wrong enclave",
        code: "wrong_enclave",
        place: (CONFIG_FILE, Line::With("\"government\"")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InConfig(
            "site = \"fra1\"",
            "site = \"fra1\"\nenclave = \"government\"",
        ),
    },
    BrokenPolicy {
        name: "stale data",
        code: "stale_region_data",
        place: (DATA_FILE, Line::With("# date")),
        found_by: FoundBy::Reading,
        breakage: Breakage::InData("# date: 2026-", "# date: 2001-"),
    },
];

/// Writes the good policy into a folder, whatever is there; `media` is where it listens.
pub fn write_good(folder: &Path, media: &str) -> std::io::Result<()> {
    fs::write(folder.join(CONFIG_FILE), config(media))?;
    fs::write(folder.join(DATA_FILE), DATA)
}

fn config(media: &str) -> String {
    CONFIG.replace("127.1.0.1:3478", media)
}

impl BrokenPolicy {
    /// Breaks the good policy in a folder.
    pub fn write(&self, folder: &Path, media: &str) -> std::io::Result<()> {
        write_good(folder, media)?;
        let data = folder.join(DATA_FILE);
        match self.breakage {
            Breakage::NoData => fs::remove_file(data),
            Breakage::Data(text) => fs::write(data, text),
            Breakage::InData(from, to) => fs::write(data, changed(DATA, from, to)),
            Breakage::InConfig(from, to) => {
                fs::write(folder.join(CONFIG_FILE), changed(&config(media), from, to))
            }
        }
    }

    /// `FILE:LINE`, as the error has it, of the broken files in a folder.
    pub fn told_place(&self, folder: &Path) -> std::io::Result<String> {
        let (file, line) = self.place;
        let text = match line {
            Line::With(_) => fs::read_to_string(folder.join(file))?,
            Line::First => String::new(),
        };
        let is_told = |text: &&str| matches!(line, Line::With(part) if text.contains(part));
        let before = text.lines().position(|line| is_told(&line)).unwrap_or(0);
        Ok(format!("{file}:{}", before + 1))
    }
}

/// Panics where the text to change is not there, so that no breakage comes to nothing.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the good policy has no `{from}`");
    text.replacen(from, to, 1)
}
