//! Which server has which colour: the same on the whole page.

use crate::record::{Case, Outcome, Record};

/// Colours that the style sheet has.
const COLOURS: usize = 8;

/// Everyone who has results, introduced or not.
pub(super) struct Palette {
    names: Vec<String>,
}

/// A server, for a legend.
pub(super) struct Entry<'p> {
    pub(super) colour: usize,
    pub(super) name: &'p str,
}

impl Palette {
    /// In the order in which they were introduced.
    pub(super) fn of(record: &Record) -> Self {
        let introduced = record.servers.iter().map(|server| &server.name);
        let measured = record.cases.iter().flat_map(|case| case.results.keys());
        let mut names: Vec<String> = Vec::new();
        for name in introduced.chain(measured) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Self { names }
    }

    /// Colour, name and outcome of each server that did this work.
    pub(super) fn in_order<'c>(
        &'c self,
        case: &'c Case,
    ) -> impl Iterator<Item = (usize, &'c str, &'c Outcome)> {
        let numbered = self.names.iter().enumerate();
        numbered.filter_map(|(number, name)| {
            Some((number % COLOURS, name.as_str(), case.results.get(name)?))
        })
    }

    /// Those that did this work.
    pub(super) fn legend<'c>(&'c self, case: &'c Case) -> Vec<Entry<'c>> {
        self.in_order(case).map(|(colour, name, _)| Entry { colour, name }).collect()
    }

    pub(super) fn colour(&self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or(0) % COLOURS
    }
}
