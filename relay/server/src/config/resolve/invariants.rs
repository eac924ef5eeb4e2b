//! `[[invariants]]`: what must stay true. Whether the regions exist is the fence's to say.

use ringfence_fence::draft::InvariantDraft;

use super::super::bounds::INVARIANTS_MAX;
use super::super::raw::{self, Item, List};
use super::Resolver;

impl Resolver<'_> {
    pub(super) fn invariants(&mut self, list: &List<raw::Invariant>) -> Vec<InvariantDraft> {
        let raw = self.entries(list, "invariants", INVARIANTS_MAX);
        raw.iter().filter_map(|one| self.invariant(one)).collect()
    }

    fn invariant(&mut self, raw: &Item<raw::Invariant>) -> Option<InvariantDraft> {
        self.require_entries(raw, "clients", &raw.clients);
        self.require_entries(raw, "never_transit", &raw.never_transit);
        let Some(name) = self.located_option(&raw.name) else {
            let help = "say in words what must stay true";
            self.missing(&["invariants", "name"], Some(self.at(raw)), help);
            return None;
        };
        Some(InvariantDraft {
            name,
            clients: self.names(&raw.clients),
            peers: self.names(&raw.peers),
            never_transit: self.names(&raw.never_transit),
        })
    }

    fn require_entries(&mut self, raw: &Item<raw::Invariant>, key: &str, list: &List<String>) {
        if list.as_ref().is_none_or(|list| list.is_empty()) {
            let help = "without it the invariant says nothing";
            self.missing(&["invariants", key], Some(self.at(raw)), help);
        }
    }
}
