//! A policy whose regions are made of a table of prefixes.

use std::sync::Arc;

use ringfence_fence::draft::{FenceDraft, RegionData, RegionDraft, SiteDraft, TenantDraft};
use ringfence_fence::label_table::LabelTable;
use ringfence_fence::{Epoch, FileId, Located, Policy, PolicyDraft};

const REGIONS: u16 = 50;

/// A policy whose 50 regions share the first so many labels of a table.
///
/// # Panics
/// If it does not compile.
pub fn region_policy(table: Arc<LabelTable>, labels: u16) -> Policy {
    let labels = |region: u16| (0..labels).filter(move |label| label % REGIONS == region);
    let regions = (0..REGIONS).map(|region| RegionDraft {
        name: name(&format!("r{region}")),
        labels: labels(region).map(|label| name(&format!("L{label}"))).collect(),
        ..RegionDraft::default()
    });
    let all = Located { value: vec![name("any")], ..Located::default() };
    let draft = PolicyDraft {
        own_site: name("here"),
        regions: regions.collect(),
        region_data: Some(RegionData { file: FileId(1), first_line: 5, table }),
        sites: vec![SiteDraft {
            name: name("here"),
            region: name("r0"),
            addresses: vec![located("127.1.0.0/24".parse().unwrap())],
            ..SiteDraft::default()
        }],
        fences: vec![FenceDraft {
            name: name("all"),
            clients: all.clone(),
            peers: all.clone(),
            transit: all,
            ..FenceDraft::default()
        }],
        tenants: vec![TenantDraft {
            name: name("acme"),
            home: name("r0"),
            fences: vec![name("all")],
            ..TenantDraft::default()
        }],
        ..PolicyDraft::default()
    };
    Policy::compile(&draft, Epoch(1)).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn name(text: &str) -> Located<String> {
    located(text.to_owned())
}

fn located<T>(value: T) -> Located<T> {
    Located { value, origin: ringfence_fence::Origin::default() }
}
