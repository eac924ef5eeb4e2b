//! `[[invariants]]`: what must stay true, said about regions that exist.

use std::collections::BTreeSet;

use ringfence_fence::{Located, PolicyDraft};

use super::super::bounds::{ERRORS_MAX, INVARIANTS_MAX};
use super::super::raw::{self, Item, List};
use super::super::settings::Invariant;
use super::super::{Diagnostic, suggestion};
use super::Resolver;

/// Stands for every known region.
const ANY: &str = "any";

impl Resolver<'_> {
    pub(super) fn invariants(
        &mut self,
        list: &List<raw::Invariant>,
        policy: &PolicyDraft,
    ) -> Vec<Invariant> {
        let raw = self.entries(list, "invariants", INVARIANTS_MAX);
        let regions = policy.regions.iter().map(|region| region.name.value.as_str()).collect();
        let mut earlier = Vec::new();
        raw.iter().filter_map(|one| self.invariant(one, &regions, &mut earlier)).collect()
    }

    fn invariant(
        &mut self,
        raw: &Item<raw::Invariant>,
        regions: &BTreeSet<&str>,
        earlier: &mut Vec<Located<String>>,
    ) -> Option<Invariant> {
        self.require_entries(raw, "clients", &raw.clients);
        self.require_entries(raw, "never_transit", &raw.never_transit);
        let clients = self.known_regions(&raw.clients, regions, true);
        let peers = self.known_regions(&raw.peers, regions, true);
        let never_transit = self.known_regions(&raw.never_transit, regions, false);
        let Some(name) = self.located_option(&raw.name) else {
            let help = "say in words what must stay true";
            self.missing(&["invariants", "name"], Some(self.at(raw)), help);
            return None;
        };
        self.check_unique(&name, earlier);
        earlier.push(name.clone());
        Some(Invariant { name: name.value, clients, peers, never_transit })
    }

    fn require_entries(&mut self, raw: &Item<raw::Invariant>, key: &str, list: &List<String>) {
        if list.as_ref().is_none_or(|list| list.is_empty()) {
            let help = "without it the invariant says nothing";
            self.missing(&["invariants", key], Some(self.at(raw)), help);
        }
    }

    fn check_unique(&mut self, name: &Located<String>, earlier: &[Located<String>]) {
        if let Some(first) = earlier.iter().find(|earlier| earlier.value == name.value) {
            let message = "two invariants have this name";
            let error = Diagnostic::error("duplicate_name", name.origin, message);
            self.report(error.related(first.origin, "first here").advise("name one of them anew"));
        }
    }

    fn known_regions(
        &mut self,
        list: &List<String>,
        regions: &BTreeSet<&str>,
        any: bool,
    ) -> Vec<String> {
        let names = self.names(list);
        for name in &names {
            let is_any = any && name.value == ANY;
            let known = is_any || regions.contains(name.value.as_str());
            if !known && !self.lost.holds_names() {
                self.unknown_region(name, regions);
            }
        }
        names.into_iter().map(|name| name.value).collect()
    }

    fn unknown_region(&mut self, name: &Located<String>, regions: &BTreeSet<&str>) {
        let message = format!("there is no region `{}`", name.value.escape_debug());
        let error = Diagnostic::error("unknown_region", name.origin, message);
        // A suggestion costs a pass over all regions, and errors beyond the bound are not shown.
        let help = if self.found.len() < ERRORS_MAX {
            let regions: Vec<&str> = regions.iter().copied().collect();
            suggestion::help(&name.value, &regions, "the regions are")
        } else {
            None
        };
        self.report(error.help(help));
    }
}
