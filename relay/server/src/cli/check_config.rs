//! `ringfence check-config`.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use ringfence_fence::draft::RegionDraft;
use ringfence_fence::{Located, PolicyDraft};
use serde_json::{Value, json};

use super::config_file;
use super::exit;
use super::failure::Failure;
use super::output::{OutputMode, print_error, style_errors};
use super::table::Table;
use crate::config::{self, Loaded, RegionData};

/// Reads and proves the configuration as `serve` would, binds nothing, and shows what was understood.
pub(super) fn run(config: Option<&Path>, output: OutputMode) -> Result<ExitCode, Failure> {
    let path = config_file::find(config).map_err(|failure| failure.exiting(exit::USAGE))?;
    let loaded = config_file::load_from(&path).map_err(|failure| failure.exiting(exit::USAGE))?;
    let proven = loaded.proven().map_err(Failure::config);
    let mut loaded = proven.map_err(|failure| failure.exiting(exit::USAGE))?;
    loaded.warn_without_audit();
    if !output.is_json() {
        print_error(&loaded.render_warnings(style_errors()));
    }
    Ok(output.show(&as_json(&loaded), |color| {
        format!("ok: {}\n\n{}", path.display(), summary(&loaded, color))
    }))
}

fn as_json(loaded: &Loaded) -> Value {
    let draft = &loaded.config.policy;
    json!({
        "ok": true,
        "warnings": config::to_json(&loaded.warnings, &loaded.sources),
        "site": draft.own_site.value,
        "region_data": loaded.config.region_data.as_ref().map(|data| json!({
            "file": data.file,
            "date": data.date.to_string(),
            "prefixes": data.prefixes,
        })),
        "regions": draft.regions.iter().zip(prefix_counts(draft)).map(|(region, prefixes)| json!({
            "region": region.name.value,
            "prefixes": prefixes,
            "labels": values(&region.labels),
            "within": region.within.as_ref().map(|outer| &outer.value),
        })).collect::<Value>(),
        "sites": draft.sites.iter().map(|site| json!({
            "site": site.name.value,
            "region": site.region.value,
            "enclave": site.enclave.as_ref().map(|enclave| &enclave.value),
        })).collect::<Value>(),
        "fences": draft.fences.iter().map(|fence| json!({
            "fence": fence.name.value,
            "clients": values(&fence.clients.value),
            "peers": values(&fence.peers.value),
            "transit": values(&fence.transit.value),
        })).collect::<Value>(),
        "tenants": draft.tenants.iter().map(|tenant| json!({
            "tenant": tenant.name.value,
            "home": tenant.home.value,
            "fences": values(&tenant.fences),
        })).collect::<Value>(),
    })
}

fn summary(loaded: &Loaded, color: bool) -> String {
    let tables = [regions(loaded), sites(loaded), fences(loaded), tenants(loaded)];
    let tables = tables.map(|table| table.render(color)).join("\n");
    match &loaded.config.region_data {
        Some(RegionData { file, date, prefixes, .. }) => {
            let file = file.display();
            format!("region data: {prefixes} prefixes of {date} from {file}\n\n{tables}")
        }
        None => tables,
    }
}

fn regions(loaded: &Loaded) -> Table {
    let mut table = Table::new(["REGION", "PREFIXES", "WITHIN"]);
    let draft = &loaded.config.policy;
    for (region, prefixes) in draft.regions.iter().zip(prefix_counts(draft)) {
        table.row([
            region.name.value.clone(),
            prefixes.to_string(),
            optional(region.within.as_ref()),
        ]);
    }
    table
}

fn sites(loaded: &Loaded) -> Table {
    let draft = &loaded.config.policy;
    let mut table = Table::new(["SITE", "REGION", "ADDRESSES", "ENCLAVE", "THIS HOST"]);
    for site in &draft.sites {
        let own = site.name.value == draft.own_site.value;
        table.row([
            site.name.value.clone(),
            site.region.value.clone(),
            list(&site.addresses),
            optional(site.enclave.as_ref()),
            if own { "yes" } else { "" }.to_owned(),
        ]);
    }
    table
}

fn fences(loaded: &Loaded) -> Table {
    let mut table = Table::new(["FENCE", "CLIENTS", "PEERS", "TRANSIT"]);
    for fence in &loaded.config.policy.fences {
        table.row([
            fence.name.value.clone(),
            list(&fence.clients.value),
            list(&fence.peers.value),
            list(&fence.transit.value),
        ]);
    }
    table
}

fn tenants(loaded: &Loaded) -> Table {
    let mut table = Table::new(["TENANT", "HOME", "FENCES", "SECRETS", "ROOMS"]);
    let quotas = &loaded.config.tenants;
    for (tenant, quota) in loaded.config.policy.tenants.iter().zip(quotas) {
        table.row([
            tenant.name.value.clone(),
            tenant.home.value.clone(),
            list(&tenant.fences),
            quota.secrets().count().to_string(),
            quota.max_rooms.to_string(),
        ]);
    }
    table
}

/// How many prefixes each region has: its own and those of its labels.
fn prefix_counts(draft: &PolicyDraft) -> Vec<usize> {
    let table = draft.region_data.as_ref().map(|data| &data.table);
    let mut by_label = vec![0; table.map_or(0, |table| table.labels().names().len())];
    for (_, label) in table.iter().flat_map(|table| table.prefixes()) {
        by_label[label.index()] += 1;
    }
    let of_label = |label: &Located<String>| {
        let label = table.and_then(|table| table.labels().get(&label.value));
        label.map_or(0, |label| by_label[label.index()])
    };
    let each = |region: &RegionDraft| {
        region.cidrs.len() + region.labels.iter().map(of_label).sum::<usize>()
    };
    draft.regions.iter().map(each).collect()
}

fn list<T: Display>(items: &[Located<T>]) -> String {
    values(items).join(", ")
}

fn values<T: Display>(items: &[Located<T>]) -> Vec<String> {
    items.iter().map(|item| item.value.to_string()).collect()
}

fn optional(item: Option<&Located<String>>) -> String {
    item.map_or(String::new(), |item| item.value.clone())
}
