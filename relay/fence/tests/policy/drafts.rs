//! Drafts to compile, with an origin for each place that a test looks at.

use ringfence_fence::draft::{FenceDraft, RegionDraft, SiteDraft, TenantDraft};
use ringfence_fence::{Epoch, FileId, Located, Origin, Policy, PolicyDraft};

/// `value`, as if written on `line`.
pub(crate) fn at<T>(line: u32, value: T) -> Located<T> {
    Located { value, origin: on(line) }
}

/// The origin that [`at`] gives.
pub(crate) fn on(line: u32) -> Origin {
    Origin { file: FileId(0), line, start: line * 100, end: line * 100 + 1 }
}

pub(crate) fn name(line: u32, name: &str) -> Located<String> {
    at(line, name.to_owned())
}

pub(crate) fn names(line: u32, list: &[&str]) -> Vec<Located<String>> {
    list.iter().map(|entry| name(line, entry)).collect()
}

pub(crate) fn nets<N: std::str::FromStr<Err: std::fmt::Debug>>(
    line: u32,
    list: &[&str],
) -> Vec<Located<N>> {
    list.iter().map(|net| at(line, net.parse().unwrap())).collect()
}

/// Written on `line`, its prefixes on the next.
pub(crate) fn region(line: u32, called: &str, cidrs: &[&str]) -> RegionDraft {
    RegionDraft { name: name(line, called), cidrs: nets(line + 1, cidrs), ..Default::default() }
}

/// Written on `line`, its region on the next, its ranges on the one after.
pub(crate) fn site(line: u32, called: &str, region: &str, addresses: &[&str]) -> SiteDraft {
    SiteDraft {
        name: name(line, called),
        region: name(line + 1, region),
        addresses: nets(line + 2, addresses),
        enclave: None,
    }
}

/// Written on `line`; clients, peers and transit on the next three.
pub(crate) fn fence(line: u32, called: &str, lists: [&[&str]; 3]) -> FenceDraft {
    let [clients, peers, transit] = lists;
    FenceDraft {
        name: name(line, called),
        clients: at(line + 1, names(line + 1, clients)),
        peers: at(line + 2, names(line + 2, peers)),
        transit: at(line + 3, names(line + 3, transit)),
        ..Default::default()
    }
}

/// Written on `line`; home and fences on the next two.
pub(crate) fn tenant(line: u32, called: &str, home: &str, fences: &[&str]) -> TenantDraft {
    TenantDraft {
        name: name(line, called),
        home: name(line + 1, home),
        fences: names(line + 2, fences),
        enclave: None,
        ..Default::default()
    }
}

/// The small world of the reference configuration.
pub(crate) fn world() -> PolicyDraft {
    let mut germany = region(16, "germany", &["127.1.49.0/24"]);
    germany.within = Some(name(18, "europe"));
    PolicyDraft {
        own_site: name(1, "fra1"),
        own_addresses: vec![at(2, [127, 1, 0, 1].into())],
        host_addresses: Vec::new(),
        nat64: Vec::new(),
        regions: vec![
            region(10, "europe", &["127.1.0.0/16", "2a00::/16"]),
            region(12, "united-states", &["127.2.0.0/16", "2600::/16"]),
            region(14, "china", &["127.3.0.0/16"]),
            germany,
        ],
        sites: vec![
            site(20, "fra1", "europe", &["127.1.0.0/24"]),
            site(23, "iad1", "united-states", &["127.2.0.0/24"]),
            site(26, "pek1", "china", &["127.3.0.0/24"]),
        ],
        fences: vec![
            fence(30, "eu-only", [&["europe"], &["europe"], &["europe"]]),
            fence(34, "not-china", [&["any"], &["europe", "united-states"], &["europe"]]),
            fence(38, "nobody", [&[], &[], &["europe"]]),
            fence(42, "us-only", [&["any"], &["any"], &["united-states"]]),
        ],
        tenants: vec![tenant(50, "acme", "europe", &["eu-only", "not-china"])],
        ..Default::default()
    }
}

pub(crate) const EPOCH: Epoch = Epoch(7);

pub(crate) fn compiled(draft: &PolicyDraft) -> Policy {
    Policy::compile(draft, EPOCH).unwrap_or_else(|errors| panic!("{errors:#?}"))
}
