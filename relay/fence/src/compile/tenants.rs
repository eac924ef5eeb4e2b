//! Tenants: their home and the fences they may use.

use crate::draft::TenantDraft;
use crate::fence::Fence;
use crate::names::Named;
use crate::region::Region;
use crate::{FenceId, PolicyError, RegionId, Tenant, TenantId};

use super::{declared, resolve};

pub(super) fn compile(
    draft: &[TenantDraft],
    regions: &Named<Region>,
    fences: &Named<Fence>,
    errors: &mut Vec<PolicyError>,
) -> Named<Tenant> {
    declared::check("tenant", draft.iter().map(|tenant| &tenant.name), errors);
    let mut tenants = Named::default();
    for (place, tenant) in draft.iter().enumerate() {
        if let Some(id) = TenantId::from_index(place)
            && let Some(compiled) = compile_one(id, tenant, regions, fences, errors)
        {
            tenants.push(&tenant.name.value, compiled);
        }
    }
    tenants
}

/// `None` only if an error was reported.
fn compile_one(
    id: TenantId,
    draft: &TenantDraft,
    regions: &Named<Region>,
    fences: &Named<Fence>,
    errors: &mut Vec<PolicyError>,
) -> Option<Tenant> {
    if draft.fences.is_empty() {
        let message = format!("tenant `{}` has no fences", draft.name.value);
        errors.push(PolicyError::new("tenant_without_fences", draft.name.origin, message));
    }
    if let Some(enclave) = &draft.enclave {
        declared::check_form("enclave", enclave, errors);
    }
    let ids = resolve_fences(draft, fences, errors);
    let home = resolve::resolve("unknown_region", "region", &draft.home, regions, errors);
    let home = home.and_then(RegionId::from_index)?;
    check_home(draft, home, &ids, fences, errors);
    Some(Tenant {
        id,
        name: draft.name.value.clone(),
        origin: draft.name.origin,
        home,
        fences: ids,
        uses: Vec::new(),
        groups: Named::default(),
        enclave: draft.enclave.as_ref().map(|enclave| enclave.value.clone()),
    })
}

fn resolve_fences(
    draft: &TenantDraft,
    fences: &Named<Fence>,
    errors: &mut Vec<PolicyError>,
) -> Vec<FenceId> {
    let places = draft
        .fences
        .iter()
        .filter_map(|name| resolve::resolve("unknown_fence", "fence", name, fences, errors));
    places.filter_map(FenceId::from_index).collect()
}

fn check_home(
    draft: &TenantDraft,
    home: RegionId,
    ids: &[FenceId],
    fences: &Named<Fence>,
    errors: &mut Vec<PolicyError>,
) {
    for id in ids {
        let Some(fence) = fences.get(id.index()) else {
            continue;
        };
        if !fence.transit.admits.contains(home) {
            let (tenant, fence_name) = (&draft.name.value, fences.name(id.index()));
            let message = format!(
                "home `{}` of tenant `{tenant}` is not in the transit of its fence `{fence_name}`",
                draft.home.value,
            );
            let error = PolicyError::new("home_not_in_transit", draft.home.origin, message);
            errors.push(error.related(fence.transit.origin, "the fence's transit"));
        }
    }
}
