//! Thousands of prefixes, from a configuration and from region data: each address is in the region
//! that a scan of all of them finds.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;
use proptest::prelude::*;
use ringfence_fence::draft::{FenceDraft, RegionData, RegionDraft, SiteDraft, TenantDraft};
use ringfence_fence::label_table::{LabelTable, Labels};
use ringfence_fence::{Epoch, FileId, Located, Policy, PolicyDraft};
use ringfence_tests::fence_oracle::Oracle;

/// The regions and the labels that each takes; `L4` is nobody's.
const REGIONS: [(&str, &[&str]); 3] =
    [("one", &["L0", "L1"]), ("two", &["L2"]), ("three", &["L3"])];
const LABELS: usize = 5;

/// Prefixes in clumps, so that they nest, touch, and crowd the same tables.
fn prefix() -> impl Strategy<Value = IpNet> {
    let clumps_v4 = [[81, 0], [81, 255], [10, 0], [223, 255], [127, 1]];
    let v4 = (0..5_usize, any::<u16>(), 8..=32_u8).prop_map(move |(clump, low, length)| {
        let [a, b] = clumps_v4[clump];
        let [c, d] = low.to_be_bytes();
        IpNet::new(Ipv4Addr::new(a, b, c, d).into(), length)
    });
    let clumps_v6 = [0x2a01_u16, 0x2a02, 0x2001, 0xfd00];
    let v6 = (0..4_usize, 0..64_u16, any::<u16>(), 16..=128_u8).prop_map(
        move |(clump, high, low, length)| {
            let address = Ipv6Addr::new(clumps_v6[clump], high, low, 0, 0, 0, low, low);
            IpNet::new(address.into(), length)
        },
    );
    prop_oneof![v4, v6].prop_map(|net| net.unwrap().trunc())
}

fn draft(data: &[(IpNet, usize)], written: &BTreeSet<(IpNet, usize)>) -> PolicyDraft {
    let mut labels = Labels::default();
    let ids: Vec<_> = (0..LABELS).filter_map(|n| labels.intern(&format!("L{n}"))).collect();
    let data = data.iter().map(|&(net, label)| (net, ids[label])).collect();
    let (table, _) = LabelTable::from_nested(labels, data);
    let taken: BTreeSet<IpNet> = table.prefixes().iter().map(|&(net, _)| net).collect();
    let regions = REGIONS.iter().enumerate().map(|(at, (region, labels))| {
        let own = written.iter().filter(|(net, region)| *region == at && !taken.contains(net));
        RegionDraft {
            name: name(region),
            cidrs: own.map(|&(net, _)| located(net)).collect(),
            labels: labels.iter().map(|label| name(label)).collect(),
            ..RegionDraft::default()
        }
    });
    PolicyDraft {
        own_site: name("here"),
        regions: regions.collect(),
        region_data: Some(RegionData { file: FileId(1), first_line: 5, table: Arc::new(table) }),
        sites: vec![SiteDraft {
            name: name("here"),
            region: name("one"),
            addresses: vec![located("192.0.2.0/24".parse().unwrap())],
            ..SiteDraft::default()
        }],
        fences: vec![FenceDraft {
            name: name("all"),
            transit: located(vec![name("one")]),
            ..FenceDraft::default()
        }],
        tenants: vec![TenantDraft {
            name: name("acme"),
            home: name("one"),
            fences: vec![name("all")],
            ..TenantDraft::default()
        }],
        ..PolicyDraft::default()
    }
}

fn located<T>(value: T) -> Located<T> {
    Located { value, origin: ringfence_fence::Origin { line: 1, ..Default::default() } }
}

fn name(text: &str) -> Located<String> {
    located(text.to_owned())
}

/// The ends of a prefix and their neighbours.
fn edges(net: IpNet) -> Vec<IpAddr> {
    let moved = |address: IpAddr, up: bool| -> Option<IpAddr> {
        match (address, up) {
            (IpAddr::V4(v4), true) => {
                v4.to_bits().checked_add(1).map(|n| Ipv4Addr::from_bits(n).into())
            }
            (IpAddr::V4(v4), false) => {
                v4.to_bits().checked_sub(1).map(|n| Ipv4Addr::from_bits(n).into())
            }
            (IpAddr::V6(v6), true) => {
                v6.to_bits().checked_add(1).map(|n| Ipv6Addr::from_bits(n).into())
            }
            (IpAddr::V6(v6), false) => {
                v6.to_bits().checked_sub(1).map(|n| Ipv6Addr::from_bits(n).into())
            }
        }
    };
    let (first, last) = (net.network(), net.broadcast());
    [Some(first), Some(last), moved(first, false), moved(last, true)]
        .into_iter()
        .flatten()
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn each_address_is_in_the_region_that_a_scan_finds(
        data in prop::collection::vec((prefix(), 0..LABELS), 1..1_500),
        written in prop::collection::btree_map(prefix(), 0..REGIONS.len(), 0..60),
        asked in prop::collection::vec(prefix(), 200),
    ) {
        let mut data = data;
        data.extend((0..LABELS).map(|label| (IpNet::from(IpAddr::from([82, 0, 0, u8::try_from(label).unwrap()])), label)));
        let written = written.into_iter().collect();
        let draft = draft(&data, &written);
        let oracle = Oracle::new(&draft);
        let policy = match Policy::compile(&draft, Epoch(1)) {
            Ok(policy) => policy,
            // Prefixes that nothing opens are refused in a configuration.
            Err(errors) => {
                prop_assert!(errors.iter().all(|error| error.code == "refused_space"), "{:?}", errors);
                return Ok(());
            }
        };
        for ip in asked.iter().chain(data.iter().take(200).map(|(net, _)| net)).flat_map(|net| edges(*net)) {
            let found = policy.locate(ip).ok().map(|region| region.index());
            prop_assert_eq!(found, oracle.region(ip), "{}", ip);
            let prefix = policy.prefix(ip);
            prop_assert_eq!(prefix.map(|prefix| prefix.region.index()), found, "{}", ip);
            prop_assert!(prefix.is_none_or(|prefix| prefix.net.contains(&ip)));
        }
    }
}
