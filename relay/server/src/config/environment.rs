//! Overrides from environment variables: `RINGFENCE__SECTION__KEY=value`.
//!
//! They are written out as a text of their own, one line each, so that an error can show the
//! variable with a caret as it shows a line of the file.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::bounds::ENVIRONMENT_BYTES_MAX;
use super::document::shifted;
use super::{Diagnostic, Sources};

/// What every override starts with.
pub const PREFIX: &str = "RINGFENCE__";

/// Stands between the parts of a name.
const SEPARATOR: &str = "__";
/// Parts of a name. Keys lie three deep; more would only make a tree too deep to walk.
const DEPTH_MAX: usize = 8;

const NAMES_NOTHING: &str = "this variable names no key";

/// The overrides of a process, sorted by name.
pub(crate) struct Overrides {
    lines: Vec<Line>,
    text: String,
}

struct Line {
    name: String,
    value: String,
    /// Where the line starts in the text.
    start: usize,
}

impl Overrides {
    pub(crate) fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables: Vec<_> =
            variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        variables.sort();
        let mut text = String::new();
        let lines = variables.into_iter().map(|(name, value)| line(name, value, &mut text));
        Self { lines: lines.collect(), text }
    }

    /// Puts the values into the tree, over those of the file.
    pub(crate) fn apply<'t>(
        &'t self,
        tree: &mut DeTable<'t>,
        sources: &mut Sources,
        found: &mut Vec<Diagnostic>,
    ) {
        if self.text.len() > ENVIRONMENT_BYTES_MAX {
            let message =
                format!("the {PREFIX} variables hold more than {ENVIRONMENT_BYTES_MAX} bytes");
            return found.push(Diagnostic::placeless("environment_too_large", message));
        }
        let file = sources.add("environment", &self.text);
        let base = sources.base(file);
        for line in &self.lines {
            let name = line.name_span(base);
            if let Err(message) = line.apply(tree, base) {
                let error = Diagnostic::error("override", sources.origin(name), message);
                found.push(error.advise("write it as RINGFENCE__SECTION__KEY=value"));
            }
        }
    }
}

/// One line of the text. Line breaks in a value become spaces: a line is a variable.
fn line(name: String, value: String, text: &mut String) -> Line {
    let start = text.len();
    text.push_str(&name);
    text.push('=');
    text.extend(value.chars().map(|char| if char == '\n' { ' ' } else { char }));
    text.push('\n');
    Line { name, value, start }
}

impl Line {
    fn name_span(&self, base: usize) -> Range<usize> {
        base + self.start..base + self.start + self.name.len()
    }

    fn apply<'t>(&'t self, tree: &mut DeTable<'t>, base: usize) -> Result<(), String> {
        let mut parts = self.parts(base)?;
        let key = parts.pop().ok_or(NAMES_NOTHING)?;
        let mut table = tree;
        for section in parts {
            table = self.enter(table, &section)?;
        }
        let name = known_name(table, key.get_ref())?;
        let old = table.get_key_value(name.as_ref());
        if old.is_some_and(|(old, _)| old.span().start >= base) {
            return Err("this key is set twice, in different spellings".to_owned());
        }
        table.remove(name.as_ref());
        table.insert(Spanned::new(key.span(), name), self.value(base));
        Ok(())
    }

    /// The parts of the name behind the prefix, each with its own span.
    fn parts(&self, base: usize) -> Result<Vec<Spanned<&str>>, String> {
        let mut start = base + self.start + PREFIX.len();
        let mut parts = Vec::new();
        for part in self.name[PREFIX.len()..].split(SEPARATOR) {
            if part.is_empty() || parts.len() == DEPTH_MAX {
                return Err(NAMES_NOTHING.to_owned());
            }
            parts.push(Spanned::new(start..start + part.len(), part));
            start += part.len() + SEPARATOR.len();
        }
        Ok(parts)
    }

    /// The table below a name, made if it is not there.
    fn enter<'a, 't>(
        &'t self,
        table: &'a mut DeTable<'t>,
        section: &Spanned<&'t str>,
    ) -> Result<&'a mut DeTable<'t>, String> {
        let name = known_name(table, section.get_ref())?;
        if !table.contains_key(name.as_ref()) {
            let empty = Spanned::new(section.span(), DeValue::Table(DeTable::new()));
            table.insert(Spanned::new(section.span(), name.clone()), empty);
        }
        match table.get_mut(name.as_ref()).map(Spanned::get_mut) {
            Some(DeValue::Table(inner)) => Ok(inner),
            _ => Err(format!("`{name}` is not a table: nothing lies in it")),
        }
    }

    /// The value as TOML if it is TOML, else as a string.
    fn value(&self, base: usize) -> Spanned<DeValue<'_>> {
        let offset = base + self.start + self.name.len() + 1;
        match DeValue::parse(&self.value) {
            Ok(value) => shifted(value, offset),
            Err(_) => Spanned::new(
                offset..offset + self.value.len(),
                DeValue::String(Cow::Borrowed(&self.value)),
            ),
        }
    }
}

/// The name in the table that a part of a variable's name stands for: case does not count, and
/// `_` stands for `-` too. Names that are not there come out in lower case.
fn known_name<'t>(table: &DeTable<'t>, part: &'t str) -> Result<Cow<'t, str>, String> {
    let wanted = folded(part);
    let mut fitting = table.keys().filter(|key| folded(key.get_ref()) == wanted);
    match (fitting.next(), fitting.next()) {
        (Some(one), Some(other)) => {
            Err(format!("`{part}` may be `{}` or `{}`", one.get_ref(), other.get_ref()))
        }
        (Some(one), None) => Ok(one.get_ref().clone()),
        (None, _) => Ok(Cow::Owned(part.to_ascii_lowercase())),
    }
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}
