//! Text to a tree with spans: syntax and size, not meaning.

use std::ops::Range;

use ringfence_fence::FileId;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::bounds::{ALL_SYNTAX_ERRORS_BYTES_MAX, LIST_MAX};
use super::{Diagnostic, Sources};

/// Parses a whole text. Every syntax error is reported; a text with any gives no tree, since what
/// the parser makes of the rest would be a guess.
pub(crate) fn parse<'t>(
    text: &'t str,
    file: FileId,
    sources: &Sources,
    found: &mut Vec<Diagnostic>,
) -> Option<Spanned<DeTable<'t>>> {
    let errors = match DeTable::parse(text) {
        Ok(tree) => return Some(tree),
        Err(first) if text.len() > ALL_SYNTAX_ERRORS_BYTES_MAX => vec![first],
        Err(_) => DeTable::parse_recoverable(text).1,
    };
    let describe = |error: &Error| {
        let origin = error.span().map_or(sources.end(file), |span| sources.origin(span));
        let message = format!("not TOML: {}", error.message());
        let help = syntax_help(origin.start as usize, text);
        Diagnostic::error("syntax", origin, message).help(help)
    };
    found.extend(errors.iter().map(describe));
    None
}

/// The same tree with all spans moved up; what an override's value needs to lie in its own text.
pub(crate) fn shifted(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let span = moved(&value.span(), by);
    let inner = match value.into_inner() {
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|item| shifted(item, by)).collect())
        }
        DeValue::Table(table) => DeValue::Table(shifted_table(table, by)),
        leaf => leaf,
    };
    Spanned::new(span, inner)
}

/// Reports every list that is longer than any list may be.
pub(crate) fn check_lists<'a, 't: 'a>(
    values: impl Iterator<Item = &'a Spanned<DeValue<'t>>>,
    sources: &Sources,
    found: &mut Vec<Diagnostic>,
) {
    for value in values {
        match value.get_ref() {
            DeValue::Array(array) if array.len() > LIST_MAX => {
                let message = format!("this list has {} entries, {LIST_MAX} may be", array.len());
                let origin = sources.origin(value.span());
                found.push(Diagnostic::error("list_too_long", origin, message));
            }
            DeValue::Array(array) => check_lists(array.iter(), sources, found),
            DeValue::Table(table) => check_lists(table.values(), sources, found),
            _ => (),
        }
    }
}

fn shifted_table(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    let mut result = DeTable::new();
    for (key, value) in table {
        let key = Spanned::new(moved(&key.span(), by), key.into_inner());
        result.insert(key, shifted(value, by));
    }
    result
}

fn moved(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

fn syntax_help(at: usize, text: &str) -> Option<String> {
    let (before, rest) = text.split_at_checked(at)?;
    let help = if rest.trim().is_empty() {
        "the file ends in the middle of something: is it whole?"
    } else if before.trim_end().ends_with('=') && rest.starts_with(char::is_alphabetic) {
        "text goes in quotes: \"…\""
    } else {
        return None;
    };
    Some(help.to_owned())
}
