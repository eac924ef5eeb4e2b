//! Policies for TURN: the small world with an IPv6 address and a fence for each purpose.

use ringfence_fence::draft::{FenceDraft, TenantDraft};
use ringfence_fence::{Located, Origin, PolicyDraft};

use crate::sim::drafts::{name, small_world};

/// The relay's IPv4 address, in europe.
pub const RELAY_4: &str = "127.1.0.1";
/// Its IPv6 address, in europe.
pub const RELAY_6: &str = "2001:db8:1::1";
/// Another address of its host, where it neither listens nor relays.
pub const HOST_4: &str = "127.1.0.200";
/// Another one.
pub const HOST_6: &str = "2001:db8:1::200";

/// The small world, with more fences: `acme` may use `eu-only` (its default) and `not-china`, `nato`
/// only `eu-to-us`, whose clients are in europe and whose peers are in the united states, and
/// `open` only `anyone`.
pub fn turn_world() -> PolicyDraft {
    let mut draft = small_world();
    draft.sites[0].addresses.push(written("2001:db8:1::/64".parse().expect("a prefix")));
    draft.own_addresses = [RELAY_4, RELAY_6].map(|ip| written(ip.parse().expect("an ip"))).into();
    draft.host_addresses = [HOST_4, HOST_6].map(|ip| ip.parse().expect("an ip")).into();
    draft.fences.push(fence("eu-to-us", &["europe"], &["united-states"]));
    draft.fences.push(fence("anyone", &["any"], &["any"]));
    draft.tenants.push(tenant("nato", &["eu-to-us"]));
    draft.tenants.push(tenant("open", &["anyone"]));
    draft
}

/// A fence with transit in europe.
pub fn fence(called: &str, clients: &[&str], peers: &[&str]) -> FenceDraft {
    let list = |names: &[&str]| written(names.iter().map(|one| name(one)).collect());
    FenceDraft {
        name: name(called),
        clients: list(clients),
        peers: list(peers),
        transit: list(&["europe"]),
        ..Default::default()
    }
}

/// A tenant at home in europe.
pub fn tenant(called: &str, fences: &[&str]) -> TenantDraft {
    TenantDraft {
        name: name(called),
        home: name("europe"),
        fences: fences.iter().map(|fence| name(fence)).collect(),
        enclave: None,
        ..Default::default()
    }
}

/// A value without a place in a file.
pub fn written<T>(value: T) -> Located<T> {
    Located { value, origin: Origin::default() }
}
