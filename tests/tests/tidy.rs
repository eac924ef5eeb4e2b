//! The rules of ARCHITECTURE.md and CONTRIBUTING.md that a compiler does not check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 500;

/// Which crates of ours each crate may use.
const EDGES: [(&str, &[&str]); 4] = [
    ("wire", &[]),
    ("fence", &[]),
    ("core", &["ringfence-wire", "ringfence-fence"]),
    ("net", &["ringfence-wire"]),
];

/// Names of drawers into which anything fits.
const DRAWERS: [&str; 8] =
    ["util", "utils", "misc", "common", "helper", "helpers", "stuff", "shared"];

/// Roots below which ARCHITECTURE.md may leave the start of a path out.
const BASES: [&str; 10] = [
    "",
    "relay/wire/src",
    "relay/fence/src",
    "relay/core/src",
    "relay/net/src",
    "relay/server/src",
    "bench",
    "bench/src",
    "tests/src",
    "tests/tests",
];

struct Source {
    path: PathBuf,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => walk(&path, found),
            false => found.push(path),
        }
    }
}

/// Every Rust file of ours.
fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in ["relay", "bench", "tests"] {
        walk(&root().join(folder), &mut paths);
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    assert!(paths.len() > 100, "the sources are where they are looked for");
    let source = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        Source { path: path.strip_prefix(root()).unwrap().to_owned(), text }
    };
    paths.into_iter().map(source).collect()
}

fn none(what: &str, offenders: impl IntoIterator<Item = String>) {
    let offenders: Vec<String> = offenders.into_iter().collect();
    assert!(offenders.is_empty(), "{what}:\n  {}", offenders.join("\n  "));
}

#[test]
fn crates_use_only_what_the_architecture_lets_them() {
    for (name, may) in EDGES {
        let manifest: toml::Table = read(&format!("relay/{name}/Cargo.toml")).parse().unwrap();
        let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
        let tables = sections.iter().filter_map(|section| manifest.get(*section)?.as_table());
        let used: BTreeSet<&String> = tables.flat_map(toml::Table::keys).collect();
        let ours = used.iter().filter(|other| other.starts_with("ringfence"));
        let forbidden = ours.filter(|other| !may.contains(&other.as_str()));
        none(&format!("relay/{name} must not use"), forbidden.map(|one| (*one).clone()));
    }
}

#[test]
fn the_pure_crates_use_no_crate_that_does_input_or_output() {
    let reaching_out = ["tokio", "mio", "socket2", "libc", "rustix", "tracing", "log", "rand"];
    for name in ["wire", "fence", "core"] {
        let manifest: toml::Table = read(&format!("relay/{name}/Cargo.toml")).parse().unwrap();
        let used = manifest["dependencies"].as_table().unwrap();
        let offenders = reaching_out.iter().filter(|&&other| used.contains_key(other));
        none(&format!("relay/{name} is pure"), offenders.map(ToString::to_string));
    }
}

#[test]
fn every_crate_but_net_forbids_unsafe_code() {
    let roots = ["wire/src/lib.rs", "fence/src/lib.rs", "core/src/lib.rs", "server/src/lib.rs"];
    let programs = ["server/src/main.rs"];
    let lacking = roots.iter().chain(&programs).filter(|path| {
        !read(&format!("relay/{path}")).lines().any(|line| line == "#![forbid(unsafe_code)]")
    });
    none("#![forbid(unsafe_code)] is missing in", lacking.map(ToString::to_string));
}

#[test]
fn the_wire_crate_needs_no_standard_library() {
    assert!(read("relay/wire/src/lib.rs").lines().any(|line| line == "#![no_std]"));
}

#[test]
fn product_code_has_no_unsafe_outside_of_net() {
    let offenders = sources().into_iter().filter(|source| {
        let product = source.path.starts_with("relay") && source.path.iter().any(|p| p == "src");
        let net = source.path.starts_with("relay/net/src");
        product && !net && source.text.lines().any(is_unsafe)
    });
    none("unsafe code in", offenders.map(|source| source.path.display().to_string()));
}

#[test]
fn every_unsafe_says_why_it_holds() {
    let mut offenders = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        let bare = (0..lines.len()).filter(|&at| is_unsafe(lines[at]) && !explained(&lines, at));
        offenders.extend(bare.map(|at| format!("{}:{}", source.path.display(), at + 1)));
    }
    none("no SAFETY comment above", offenders);
}

/// Code, not a comment or a lint's name.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let word = concat!("uns", "afe");
    [" {", " impl", " fn", " extern"].iter().any(|tail| code.contains(&format!("{word}{tail}")))
}

/// By a comment directly above, but for attributes and the start of the same statement. The
/// functions of an `unsafe impl` must be called unsafe; what they promise is said above the impl.
fn explained(lines: &[&str], at: usize) -> bool {
    let outermost = lines[..at].iter().rfind(|line| line.starts_with(|c: char| c.is_alphabetic()));
    let is_demanded = lines[at].trim().starts_with(concat!("uns", "afe fn"))
        && outermost.is_some_and(|head| head.starts_with(concat!("uns", "afe impl")));
    is_demanded
        || comment_above(lines, at)
            .any(|line| line.contains("SAFETY:") || line.contains("# Safety"))
}

fn comment_above<'a>(lines: &'a [&'a str], at: usize) -> impl Iterator<Item = &'a str> {
    let above = lines[..at].iter().rev().map(|line| line.trim());
    above
        .skip_while(|line| line.starts_with("#[") || line.ends_with(['=', '(']))
        .take_while(|line| line.starts_with("//") || line.starts_with("#["))
}

#[test]
fn no_file_is_longer_than_a_reader_s_patience() {
    let long = sources().into_iter().filter(|source| source.text.lines().count() > LINES_MAX);
    none("over 500 lines", long.map(|source| source.path.display().to_string()));
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        concat!("to", "do!"),
        concat!("unimpl", "emented!"),
        concat!("#[ig", "nore"),
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("XX", "X:"),
    ];
    let mut offenders = Vec::new();
    for source in sources() {
        let found = words.iter().filter(|word| source.text.contains(**word));
        offenders.extend(found.map(|word| format!("{} in {}", word, source.path.display())));
    }
    none("left for later", offenders);
}

#[test]
fn no_file_is_a_drawer() {
    let offenders = sources().into_iter().filter(|source| {
        let parts = source.path.iter().map(|part| part.to_string_lossy().replace(".rs", ""));
        parts.into_iter().any(|part| DRAWERS.contains(&part.as_str()))
    });
    none("a drawer", offenders.map(|source| source.path.display().to_string()));
}

#[test]
fn no_lint_is_silenced_without_a_reason() {
    let allow = concat!("#[al", "low(");
    let offenders = sources().into_iter().filter(|source| source.text.contains(allow));
    none("use #[expect(.., reason)]", offenders.map(|s| s.path.display().to_string()));
}

#[test]
fn the_core_has_no_clock_socket_thread_or_lock() {
    let outside = [
        "std::time::Instant",
        "SystemTime",
        "UdpSocket",
        "TcpStream",
        "std::thread",
        "Mutex",
        "RwLock",
        "std::env",
        "std::fs",
        "println!",
        "getrandom",
    ];
    let mut offenders = Vec::new();
    for source in sources() {
        let pure = ["relay/core/src", "relay/fence/src", "relay/wire/src"];
        if pure.iter().any(|crate_| source.path.starts_with(crate_)) {
            let code = source.text.lines().filter(|line| !line.trim().starts_with("//"));
            let code: String = code.collect::<Vec<_>>().join("\n");
            let found = outside.iter().filter(|name| code.contains(**name));
            offenders.extend(found.map(|name| format!("{name} in {}", source.path.display())));
        }
    }
    none("the pure crates stay inside", offenders);
}

/// A path in backticks with a slash in it, but for those that begin with one, which are URLs.
#[test]
fn every_path_that_the_architecture_names_is_there() {
    let text = read("ARCHITECTURE.md");
    let quoted = text.split('`').skip(1).step_by(2);
    let paths: BTreeSet<&str> = quoted.filter(|word| is_path(word)).collect();
    assert!(paths.len() >= 10, "ARCHITECTURE.md names paths: {paths:?}");
    let there = |path: &str| {
        let candidates = BASES.iter().map(|base| root().join(base).join(path));
        let mut candidates =
            candidates.flat_map(|path| [path.with_extension("rs"), path.clone()].into_iter());
        candidates.any(|path| path.exists())
    };
    let missing = paths.into_iter().filter(|path| !there(path.trim_end_matches('/')));
    none("named, but not there", missing.map(str::to_owned));
}

fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    word.contains('/') && !word.starts_with('/') && word.chars().all(plain)
}
