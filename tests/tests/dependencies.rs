//! docs/dependencies.md says why each dependency of the shipped binary is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Of a dependency, which of our crates name it.
type Users = BTreeMap<String, BTreeSet<String>>;

/// Fewer words explain nothing.
const REASON_WORDS_MIN: usize = 3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn page() -> String {
    fs::read_to_string(root().join("docs/dependencies.md")).unwrap()
}

/// What the manifests of relay/ name, but for each other and what only tests use.
fn named() -> Users {
    let mut users = Users::new();
    for folder in fs::read_dir(root().join("relay")).unwrap() {
        let folder = folder.unwrap();
        let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        let ours = folder.file_name().into_string().unwrap();
        for name in dependencies(&manifest.parse().unwrap()) {
            users.entry(name).or_default().insert(ours.clone());
        }
    }
    users
}

fn dependencies(manifest: &toml::Table) -> impl Iterator<Item = String> {
    let sections = ["dependencies", "build-dependencies"];
    let tables = sections.into_iter().filter_map(|section| manifest.get(section)?.as_table());
    let names = tables.flat_map(toml::Table::keys).cloned().collect::<Vec<_>>();
    names.into_iter().filter(|name| !name.starts_with("ringfence"))
}

/// The cells of each line of a table that begins with a name in backticks.
fn lines(page: &str) -> Vec<[&str; 3]> {
    let lines = page.lines().filter(|line| line.starts_with("| `"));
    let cells = lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect());
    cells
        .map(|cells: Vec<&str>| {
            cells.try_into().expect("a line has a crate, its users and a reason")
        })
        .collect()
}

fn explained(page: &str) -> Users {
    let users = |cell: &str| cell.split(", ").map(str::to_owned).collect();
    let line = |[name, by, _]: [&str; 3]| (name.trim_matches('`').to_owned(), users(by));
    lines(page).into_iter().map(line).collect()
}

#[test]
fn each_dependency_is_explained_and_nothing_else_is() {
    let (named, explained) = (named(), explained(&page()));
    assert!(named.len() > 20, "the manifests are where they are looked for");
    let missing: Vec<_> = named.iter().filter(|(name, _)| !explained.contains_key(*name)).collect();
    assert!(missing.is_empty(), "without a line in docs/dependencies.md: {missing:?}");
    let stale: Vec<_> = explained.keys().filter(|name| !named.contains_key(*name)).collect();
    assert!(stale.is_empty(), "in docs/dependencies.md, but used no more: {stale:?}");
    for (name, users) in &named {
        assert_eq!(users, &explained[name], "who uses {name}");
    }
}

#[test]
fn each_line_is_there_once_and_has_a_reason() {
    let page = page();
    let mut seen = BTreeSet::new();
    for [name, _, reason] in lines(&page) {
        assert!(seen.insert(name), "{name} is there twice");
        assert!(reason.split(' ').count() >= REASON_WORDS_MIN, "{name}: {reason}");
    }
}
