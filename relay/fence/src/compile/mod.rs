//! From a draft to a policy: every contradiction is found, then all are told at once.
//!
//! Each part compiles what it can and reports the rest, so that one error hides no other; what was
//! compiled is used only if nothing was reported.

mod declared;
mod fences;
mod invariants;
mod nat64_prefixes;
mod own_site;
mod prefixes;
mod region_prefixes;
mod regions;
mod resolve;
mod sites;
mod tenants;
mod uses;

use crate::region_map::RegionMap;
use crate::{Epoch, Policy, PolicyDraft, PolicyError};

impl Policy {
    /// Compiles a draft.
    ///
    /// # Errors
    /// Every contradiction in the draft, in the order of the source.
    pub fn compile(draft: &PolicyDraft, epoch: Epoch) -> Result<Self, Vec<PolicyError>> {
        let mut errors = Vec::new();
        let nat64 = nat64_prefixes::compile(&draft.nat64, &mut errors);
        let regions = regions::compile(draft, &mut errors);
        let spares = &draft.selection.spare_sites;
        let sites = sites::compile(&draft.sites, spares, &regions.names, &mut errors);
        let fences = fences::compile(&draft.fences, &regions, &mut errors);
        let mut tenants = tenants::compile(&draft.tenants, &regions.names, &fences, &mut errors);
        let uses = uses::compile(&draft.tenants, &mut tenants, &fences, &regions, &mut errors);
        let invariants = invariants::compile(&draft.invariants, &regions, &mut errors);
        let own = own_site::compile(draft, &nat64, epoch, &mut errors);
        let own_addresses = own_site::addresses(draft, &nat64);
        match own {
            Some(own) if errors.is_empty() => Ok(Self {
                epoch,
                own_addresses,
                nat64,
                region_map: RegionMap::new(regions.prefixes.iter()),
                prefixes: regions.prefixes,
                regions: regions.names,
                sites,
                fences,
                tenants,
                uses,
                invariants,
                primaries: draft.selection.primaries,
                spares: draft.selection.spares,
                own_site: own.id,
                own_standing: own.standing,
            }),
            _ => Err(in_source_order(errors)),
        }
    }
}

fn in_source_order(mut errors: Vec<PolicyError>) -> Vec<PolicyError> {
    errors.sort_by_key(|error| error.origin);
    errors
}
