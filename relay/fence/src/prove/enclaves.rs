//! Addresses of sites of two enclaves.

use crate::ranges::AddressRange;
use crate::site::Site;
use crate::{Policy, SiteId};

use super::{Check, Example, Violation};

/// A range of addresses that a site declares.
#[derive(Clone, Copy)]
struct Declared<'a> {
    range: AddressRange,
    id: SiteId,
    site: &'a Site,
}

/// One violation for each range that overlaps an earlier one of another enclave.
pub(super) fn shared_addresses(policy: &Policy) -> impl Iterator<Item = Violation> {
    let mut declared: Vec<_> = all(policy).collect();
    declared.sort_by_key(|one| (one.range, one.id));
    let mut reach = Reach::default();
    declared.into_iter().filter_map(move |next| {
        let clash = reach.another_enclave_at(&next).map(|other| violation(policy, &other, &next));
        reach.extend(next);
        clash
    })
}

fn all(policy: &Policy) -> impl Iterator<Item = Declared<'_>> {
    policy.sites.iter().enumerate().flat_map(|(place, (_, site))| {
        let id = SiteId::from_index(place);
        let ranges = site.addresses.iter().map(|&net| AddressRange::from(net));
        ranges.filter_map(move |range| Some(Declared { range, id: id?, site }))
    })
}

/// Of the ranges so far the one that reaches furthest, and the one of all other enclaves' that does.
#[derive(Default)]
struct Reach<'a> {
    furthest: Option<Declared<'a>>,
    of_others: Option<Declared<'a>>,
}

impl<'a> Reach<'a> {
    /// A range of another enclave than `next`'s that is not over where `next` begins.
    fn another_enclave_at(&self, next: &Declared<'a>) -> Option<Declared<'a>> {
        let known = [self.furthest, self.of_others].into_iter().flatten();
        let mut others = known.filter(|known| known.site.enclave != next.site.enclave);
        others.find(|known| known.range.last() >= next.range.first())
    }

    fn extend(&mut self, next: Declared<'a>) {
        let is_further = |known: Option<Declared<'_>>| {
            known.is_none_or(|one| one.range.last() < next.range.last())
        };
        let same = |known: Option<Declared<'_>>| {
            known.is_some_and(|one| one.site.enclave == next.site.enclave)
        };
        if is_further(self.furthest) {
            if !same(self.furthest) {
                self.of_others = self.furthest;
            }
            self.furthest = Some(next);
        } else if !same(self.furthest) && is_further(self.of_others) {
            self.of_others = Some(next);
        }
    }
}

fn violation(policy: &Policy, earlier: &Declared<'_>, later: &Declared<'_>) -> Violation {
    let sites = [earlier, later].map(|one| policy.site_name(one.id).to_owned());
    let example = Example::SharedAddress { address: later.range.first(), sites };
    Violation { check: Check::EnclavesApart, origin: later.site.origin, example }
}
