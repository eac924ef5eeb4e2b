//! Each contradiction in a policy is found, with its code and its place.

use std::collections::BTreeSet;

use ringfence_fence::{Policy, PolicyDraft, PolicyError};

use super::drafts::{self, EPOCH, at, fence, name, names, nets, on, region, site, tenant, world};

/// The one error of `draft`.
fn only_error(draft: &PolicyDraft) -> PolicyError {
    let mut errors = Policy::compile(draft, EPOCH).expect_err("this draft is wrong");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.remove(0)
}

/// The world, changed, has this error on this line and no other.
fn expect(code: &str, line: u32, change: impl FnOnce(&mut PolicyDraft)) -> PolicyError {
    let mut draft = world();
    change(&mut draft);
    let error = only_error(&draft);
    assert_eq!((error.code, error.origin), (code, on(line)), "{error:#?}");
    error
}

#[test]
fn the_world_as_it_stands_compiles() {
    drafts::compiled(&world());
}

#[test]
fn unknown_region_in_a_fence_suggests_the_nearest() {
    let error = expect("unknown_region", 31, |draft| {
        draft.fences[0].clients.value = names(31, &["eurpoe"]);
    });
    assert_eq!(error.help.as_deref(), Some("did you mean `europe`?"));
}

#[test]
fn unknown_region_of_a_site() {
    expect("unknown_region", 21, |draft| {
        draft.sites[0].region = name(21, "atlantis");
    });
}

#[test]
fn unknown_region_as_outer_near_and_home() {
    expect("unknown_region", 18, |draft| {
        draft.regions[3].within = Some(name(18, "atlantis"));
    });
    expect("unknown_region", 19, |draft| {
        draft.regions[3].near = names(19, &["atlantis"]);
    });
    expect("unknown_region", 51, |draft| {
        draft.tenants[0].home = name(51, "atlantis");
    });
}

#[test]
fn unknown_site() {
    let error = expect("unknown_site", 1, |draft| draft.own_site = name(1, "fra2"));
    assert_eq!(error.help.as_deref(), Some("did you mean `fra1`?"));
}

#[test]
fn unknown_fence() {
    let error = expect("unknown_fence", 52, |draft| {
        draft.tenants[0].fences = names(52, &["eu-only", "no-china"]);
    });
    assert_eq!(error.help.as_deref(), Some("did you mean `not-china`?"));
}

#[test]
fn duplicate_names_of_each_kind() {
    let duplicates = [
        expect("duplicate_name", 60, |d| {
            d.regions.push(region(60, "china", &["9.0.0.0/8"]));
        }),
        expect("duplicate_name", 60, |d| {
            d.sites.push(site(60, "pek1", "china", &["127.3.9.0/24"]));
        }),
        expect("duplicate_name", 60, |d| {
            d.fences.push(fence(60, "nobody", [&[], &[], &[]]));
        }),
        expect("duplicate_name", 60, |d| {
            d.tenants.push(tenant(60, "acme", "europe", &["eu-only"]));
        }),
    ];
    let firsts: Vec<_> = duplicates.iter().map(|error| error.related[0].0).collect();
    assert_eq!(firsts, [on(14), on(26), on(38), on(50)]);
}

#[test]
fn same_prefix_in_two_regions() {
    let error = expect("duplicate_prefix", 61, |draft| {
        draft.regions.push(region(60, "brazil", &["127.3.0.0/16"]));
    });
    assert_eq!(error.related[0].0, on(15));
}

#[test]
fn same_prefix_twice_in_one_region() {
    expect("duplicate_prefix", 61, |draft| {
        draft.regions.push(region(60, "brazil", &["9.0.0.0/8", "9.0.0.0/8"]));
    });
}

#[test]
fn host_bits_in_regions_sites_and_nat64() {
    let error = expect("host_bits", 15, |d| {
        d.regions[2].cidrs = nets(15, &["127.3.0.1/16"]);
    });
    assert_eq!(error.help.as_deref(), Some("write `127.3.0.0/16`"));
    expect("host_bits", 28, |d| {
        d.sites[2].addresses = nets(28, &["127.3.0.1/24"]);
    });
    expect("host_bits", 5, |d| d.nat64 = nets(5, &["2a00:64::1/96"]));
}

#[test]
fn refused_space() {
    let refused = [
        "0.0.0.0/8",
        "0.1.0.0/16",
        "224.0.0.0/4",
        "239.1.0.0/16",
        "255.255.255.255/32",
        "::/128",
        "::/96",
        "::10.0.0.0/104",
        "::ffff:10.0.0.0/104",
        "::ffff:0:0/96",
        "::ffff:0:10.0.0.0/104",
        "2001::/32",
        "2002::/16",
        "2002:a00::/24",
        "ff02::/16",
        "2a00::5efe:0:0/96",
        "2a00::200:5efe:a00:0/104",
    ];
    for cidr in refused {
        expect("refused_space", 15, |draft| {
            draft.regions[2].cidrs = nets(15, &[cidr]);
        });
        expect("refused_space", 28, |draft| {
            draft.sites[2].addresses = nets(28, &[cidr]);
        });
    }
}

#[test]
fn a_mapped_prefix_is_to_be_written_as_ipv4() {
    let error = expect("refused_space", 15, |draft| {
        draft.regions[2].cidrs = nets(15, &["::ffff:10.0.0.0/104"]);
    });
    assert_eq!(error.help.as_deref(), Some("write `10.0.0.0/8`"));
}

#[test]
fn prefixes_around_refused_space_and_ipv6_loopback_are_fine() {
    let mut draft = world();
    draft.regions[2].cidrs = nets(15, &["0.0.0.0/0", "::/0", "2001::/16", "::1/128"]);
    drafts::compiled(&draft);
}

#[test]
fn a_region_without_prefixes() {
    expect("empty_region", 14, |draft| draft.regions[2].cidrs.clear());
}

#[test]
fn a_site_without_addresses() {
    expect("empty_site", 26, |draft| draft.sites[2].addresses.clear());
}

#[test]
fn a_region_within_itself() {
    expect("within_cycle", 13, |draft| {
        draft.regions[0].within = Some(name(13, "europe"));
    });
}

#[test]
fn a_longer_cycle_is_reported_once_with_all_its_places() {
    let error = expect("within_cycle", 13, |draft| {
        draft.regions[0].within = Some(name(13, "china"));
        draft.regions[2].within = Some(name(17, "germany"));
    });
    assert_eq!(error.related.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [on(17), on(18)]);
}

#[test]
fn any_mixed_with_names() {
    expect("any_mixed", 33, |draft| {
        draft.fences[0].transit.value = names(33, &["europe", "any"]);
    });
}

#[test]
fn a_tenant_without_fences() {
    expect("tenant_without_fences", 50, |draft| {
        draft.tenants[0].fences.clear();
    });
}

#[test]
fn home_not_in_the_transit_of_each_fence() {
    let error = expect("home_not_in_transit", 51, |draft| {
        draft.tenants[0].fences = names(52, &["eu-only", "us-only"]);
    });
    assert_eq!(error.related[0].0, on(45));
}

#[test]
fn names_that_are_not_labels() {
    let long = "x".repeat(64);
    for bad in ["", "-x", "Europe", "eu_only", "eu only", "größe", "a/b", "a\n", &long] {
        expect("bad_name", 60, |d| {
            d.fences.push(fence(60, bad, [&[], &[], &[]]));
        });
        expect("bad_name", 60, |d| d.sites[2].enclave = Some(name(60, bad)));
        expect("bad_name", 60, |d| {
            d.tenants[0].enclave = Some(name(60, bad));
        });
    }
    let mut draft = world();
    draft.fences.push(fence(60, &"x".repeat(63), [&[], &[], &[]]));
    drafts::compiled(&draft);
}

#[test]
fn any_cannot_be_a_name() {
    expect("reserved_name", 60, |d| {
        d.regions.push(region(60, "any", &["9.0.0.0/8"]));
    });
    expect("reserved_name", 60, |d| {
        d.fences.push(fence(60, "any", [&[], &[], &[]]));
    });
}

#[test]
fn more_entries_than_handles() {
    expect("too_many", 9, |draft| {
        let more = (draft.fences.len()..65_536).map(|n| fence(8, &format!("f{n}"), [&[]; 3]));
        draft.fences.extend(more);
        draft.fences.push(fence(9, "one-too-many", [&[]; 3]));
    });
}

#[test]
fn more_nat64_prefixes_than_are_compared() {
    expect("too_many", 9, |draft| {
        draft.nat64 = (0..16).flat_map(|n| nets(8, &[&format!("2a01:{n:x}::/96")])).collect();
        draft.nat64.extend(nets(9, &["2a02::/96"]));
    });
}

#[test]
fn nat64_prefixes_of_another_length() {
    expect("nat64_length", 5, |draft| {
        draft.nat64 = nets(5, &["2a00:64::/80"]);
    });
}

#[test]
fn nat64_prefixes_with_reserved_bits() {
    expect("nat64_reserved_bits", 5, |draft| {
        draft.nat64 = nets(5, &["2a00:64::100:0:0:0/96"]);
    });
}

#[test]
fn nat64_prefixes_that_overlap() {
    let error = expect("nat64_overlap", 6, |draft| {
        draft.nat64 = nets(5, &["2a00:64::/32"]);
        draft.nat64.extend(nets(6, &["2a00:64::/96"]));
    });
    assert_eq!(error.related[0].0, on(5));
    expect("nat64_overlap", 5, |draft| {
        draft.nat64 = nets(5, &["64:ff9b::/48"]);
    });
}

#[test]
fn nat64_prefixes_in_refused_space() {
    for net in ["2002::/32", "2001::/32", "::/96", "::ffff:0:0/96", "ff00::/32"] {
        expect("refused_space", 5, |draft| draft.nat64 = nets(5, &[net]));
    }
}

#[test]
fn all_errors_are_told_at_once_in_source_order() {
    let mut draft = world();
    draft.own_site = name(1, "nowhere-at-all");
    draft.regions[2].cidrs = nets(15, &["224.0.0.1/4"]);
    draft.sites[1].region = name(24, "atlantis");
    draft.fences[0].peers = at(32, names(32, &["europe", "any"]));
    draft.tenants[0].fences.clear();
    let errors = Policy::compile(&draft, EPOCH).expect_err("five parts are wrong");
    let lines: Vec<_> = errors.iter().map(|error| error.origin.line).collect();
    assert_eq!(lines, [1, 15, 15, 24, 32, 50]);
    let codes: BTreeSet<_> = errors.iter().map(|error| error.code).collect();
    assert_eq!(codes.len(), 6);
}
