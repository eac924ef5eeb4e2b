//! A tree to the raw structs, with every wrong key and type reported.
//!
//! serde stops at the first fault. Each fault is therefore cut out of the tree and the tree read
//! again, until it passes.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer, Error};

use super::bounds::ERRORS_MAX;
use super::raw::Document;
use super::{Diagnostic, Sources, suggestion};

/// What could be read of a tree, and which keys were cut out.
pub(crate) struct Shaped {
    pub(crate) document: Document,
    pub(crate) lost: Lost,
}

/// Keys that were cut out, each as its path: not to be reported as missing as well.
#[derive(Default)]
pub(crate) struct Lost(Vec<Vec<String>>);

/// A fault cut out of the tree.
struct Cut {
    path: Vec<String>,
    /// Type of the value that was there.
    found: &'static str,
}

impl Lost {
    /// Whether the key, or something within its value, was cut out.
    pub(crate) fn holds(&self, path: &[&str]) -> bool {
        self.0
            .iter()
            .any(|lost| lost.len() >= path.len() && lost.iter().zip(path).all(|(a, b)| a == b))
    }

    /// Whether a whole table of names, or one of its names, is gone: then references to them
    /// cannot be judged.
    pub(crate) fn holds_names(&self) -> bool {
        const TABLES: [&str; 4] = ["regions", "sites", "fences", "tenants"];
        let is_name = |path: &Vec<String>| path.len() <= 2 && TABLES.contains(&path[0].as_str());
        self.0.iter().any(is_name)
    }
}

/// Reads the tree. `None` if it has more faults than are worth showing.
pub(crate) fn shape(
    mut tree: Spanned<DeTable<'_>>,
    sources: &Sources,
    found: &mut Vec<Diagnostic>,
) -> Option<Shaped> {
    let mut lost = Lost::default();
    for _ in 0..=ERRORS_MAX {
        let error = match Document::deserialize(Deserializer::from(tree.clone())) {
            Ok(document) => return Some(Shaped { document, lost }),
            Err(error) => error,
        };
        let cut = cut(tree.get_mut(), &error)?;
        found.push(describe(&error, &cut, sources));
        lost.0.push(cut.path);
    }
    None
}

/// Takes out the key or value that the error points at.
fn cut(table: &mut DeTable<'_>, error: &Error) -> Option<Cut> {
    let span = error.span()?;
    let mut path = Vec::new();
    let found = cut_from_table(table, &span, &mut path)?;
    path.reverse();
    Some(Cut { path, found })
}

/// The type of what was cut. The path comes out with its last part first.
fn cut_from_table(
    table: &mut DeTable<'_>,
    span: &Range<usize>,
    path: &mut Vec<String>,
) -> Option<&'static str> {
    let mut hit = None;
    for (key, value) in table.iter_mut() {
        let inside = cut_from_value(value.get_mut(), span, path);
        if inside.is_some() {
            path.push(key.get_ref().to_string());
            return inside;
        }
        if key.span() == *span || value.span() == *span {
            hit = Some((key.get_ref().to_string(), value.get_ref().type_str()));
            break;
        }
    }
    let (key, found) = hit?;
    table.remove(key.as_str());
    path.push(key);
    Some(found)
}

fn cut_from_value(
    value: &mut DeValue<'_>,
    span: &Range<usize>,
    path: &mut Vec<String>,
) -> Option<&'static str> {
    match value {
        DeValue::Table(table) => cut_from_table(table, span, path),
        DeValue::Array(array) => cut_from_array(array, span, path),
        _ => None,
    }
}

fn cut_from_array<'t>(
    array: &mut DeArray<'t>,
    span: &Range<usize>,
    path: &mut Vec<String>,
) -> Option<&'static str> {
    let mut cut = None;
    for (index, item) in array.iter_mut().enumerate() {
        let inside = cut_from_value(item.get_mut(), span, path);
        if inside.is_some() {
            path.push(format!("[{index}]"));
            return inside;
        }
        if item.span() == *span {
            cut = Some((index, item.get_ref().type_str()));
            break;
        }
    }
    let (index, found) = cut?;
    let items = std::mem::replace(array, DeArray::new()).into_iter().enumerate();
    *array = items.filter(|(at, _)| *at != index).map(|(_, item)| item).collect();
    path.push(format!("[{index}]"));
    Some(found)
}

/// The fault in our words. serde's own repeat the value, which may be a secret; of them only the
/// names of fields and types are used.
fn describe(error: &Error, cut: &Cut, sources: &Sources) -> Diagnostic {
    let origin = error.span().map(|span| sources.origin(span)).unwrap_or_default();
    let path = shown(&cut.path);
    let message = error.message();
    let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    if message.starts_with("unknown field") {
        let known = backticked(expected);
        let last = cut.path.last().map_or("", String::as_str);
        Diagnostic::error("unknown_key", origin, format!("there is no key `{path}`"))
            .help(suggestion::help(last, &known, "the keys here are"))
    } else if message.starts_with("unknown variant") {
        let known = backticked(expected);
        let help = format!("it can be one of {}", suggestion::listed(&known));
        Diagnostic::error("unknown_value", origin, format!("`{path}` cannot be this")).help(help)
    } else {
        let (expected, found) = (plain_type(expected), plain_type(cut.found));
        let message = format!("`{path}` must be {expected}, but is {found}");
        Diagnostic::error("wrong_type", origin, message).help(type_help(expected, found))
    }
}

fn shown(path: &[String]) -> String {
    path.join(".").replace(".[", "[")
}

/// The names that serde lists, in backticks.
fn backticked(expected: &str) -> Vec<&str> {
    expected.split('`').skip(1).step_by(2).collect()
}

fn plain_type(name: &str) -> &str {
    match name {
        "string" | "a string" => "a string",
        "i64" | "integer" => "an integer",
        "float" => "a number with a fraction",
        "boolean" | "a boolean" => "true or false",
        "datetime" => "a date",
        "a sequence" | "array" => "a list",
        "" => "something else",
        name if name.starts_with("struct") || name.contains("table") => "a table",
        name => name,
    }
}

fn type_help(expected: &str, found: &str) -> Option<String> {
    let help = match (expected, found) {
        ("a list", "a string") => "put it in brackets: [\"…\"]",
        ("a string", "an integer" | "true or false" | "a date") => "put it in quotes: \"…\"",
        ("an integer", "a string") => "write it as a bare number",
        ("true or false", "a string") => "write it without quotes",
        _ => return None,
    };
    Some(help.to_owned())
}
