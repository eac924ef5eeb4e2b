//! What lists say, row by row.

use std::net::IpAddr;

use ipnet::IpNet;
use ringfence_fence::label_table::{LabelId, Labels};
use ringfence_fence::ranges::AddressRange;

use super::super::is_label;
use super::{BadInput, shown};

/// Prefixes that are held at a time: those of several whole databases.
const FOUND_MAX: usize = 16_000_000;
/// Rows between two words of progress.
const TELL_EVERY: u32 = 1 << 16;

/// Where a row stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Row {
    /// Which list, counted from 0 in the order of the command line.
    pub input: u16,
    /// Line or record, counted from 1.
    pub line: u32,
}

/// A prefix, its label, and the row it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Found {
    /// Without host bits.
    pub net: IpNet,
    /// Where it is.
    pub label: LabelId,
    /// Who says so.
    pub row: Row,
}

/// Everything that was found so far.
pub struct Rows<'t> {
    labels: Labels,
    found: Vec<Found>,
    input: u16,
    rows: u32,
    tell: Box<dyn FnMut(u32) + 't>,
}

impl<'t> Rows<'t> {
    /// Nothing yet. `tell` gets the number of rows of the current list now and then.
    pub fn new(tell: impl FnMut(u32) + 't) -> Self {
        let (labels, found) = (Labels::default(), Vec::new());
        Self { labels, found, input: 0, rows: 0, tell: Box::new(tell) }
    }

    /// What follows is of the next list.
    pub fn next_input(&mut self) {
        self.input = self.input.saturating_add(1);
        self.rows = 0;
    }

    /// All labels, and every prefix.
    pub fn into_parts(self) -> (Labels, Vec<Found>) {
        (self.labels, self.found)
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    pub(super) fn add_prefix(
        &mut self,
        line: usize,
        net: IpNet,
        label: &str,
    ) -> Result<(), BadInput> {
        self.add(line, label, std::iter::once(net))
    }

    pub(super) fn add_range(
        &mut self,
        line: usize,
        first: IpAddr,
        last: IpAddr,
        label: &str,
    ) -> Result<(), BadInput> {
        let range = AddressRange::new(first, last).ok_or_else(|| {
            let message = format!("from {first} to {last} there are no addresses");
            BadInput::at(line, message, "put the lower address first, both of one family")
        })?;
        self.add(line, label, range.cidrs())
    }

    fn add(
        &mut self,
        line: usize,
        label: &str,
        nets: impl Iterator<Item = IpNet>,
    ) -> Result<(), BadInput> {
        let id = if is_label(label) { self.labels.intern(label) } else { None };
        let label = id.ok_or_else(|| {
            let message = format!("`{}` cannot be a label", shown(label));
            BadInput::at(line, message, "use letters, digits, hyphens, dots and underscores")
        })?;
        let row = Row { input: self.input, line: u32::try_from(line).unwrap_or(u32::MAX) };
        self.found.extend(nets.map(|net| Found { net, label, row }));
        if self.found.len() > FOUND_MAX {
            let message = format!("there are more than {FOUND_MAX} prefixes");
            return Err(BadInput::at(line, message, "build from fewer lists"));
        }
        self.rows += 1;
        if self.rows.is_multiple_of(TELL_EVERY) {
            (self.tell)(self.rows);
        }
        Ok(())
    }
}
