//! How one policy sees an address, as far as any fence of it can tell.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::fence::Fence;
use crate::longest_prefix::flattened;
use crate::ranges::Family;
use crate::{Policy, RegionId, Role, nat64, refused_space};

use super::tiling::{Tile, crossed};

/// What the fence judges of an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Seen {
    pub(crate) region: RegionId,
    /// Region of the IPv4 address that a NAT64 sends to in its stead.
    pub(crate) embedded: Option<RegionId>,
    /// Whether it, or the embedded address, is one of the host's own.
    pub(crate) own: bool,
}

/// A stretch of addresses under one policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum View {
    /// Refused whatever the fence.
    Refused,
    /// All of it is seen alike.
    Plain(Seen),
    /// Behind a NAT64 prefix of this length: it depends on the IPv4 addresses in it.
    Nat64 { prefix_len: u8, outer: Seen },
}

/// What the form of an address says, its region apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Plain,
    /// Judged as something else, or never.
    Refused,
    Nat64 {
        prefix_len: u8,
    },
}

impl Seen {
    /// Whether the fence admits such an address, as [`Policy::decide`] does.
    pub(crate) fn admitted_by(&self, fence: &Fence, role: Role) -> bool {
        let (list, _) = fence.list(role);
        let mut regions = std::iter::once(self.region).chain(self.embedded);
        !(role == Role::Peer && self.own) && regions.all(|region| list.admits.contains(region))
    }

    /// This outer address with that IPv4 address in it.
    pub(crate) fn carrying(&self, inner: &Self) -> Self {
        let own = self.own || inner.own;
        Self { region: self.region, embedded: Some(inner.region), own }
    }
}

impl View {
    /// How those of it are seen that carry no IPv4 address that is allowed to be carried.
    pub(crate) fn plain(self) -> Option<Seen> {
        self.with(None)
    }

    /// How those addresses are seen whose IPv4 address, if that is looked at, is seen as `inner`.
    pub(crate) fn with(self, inner: Option<Seen>) -> Option<Seen> {
        match self {
            Self::Refused => None,
            Self::Plain(seen) => Some(seen),
            Self::Nat64 { outer, .. } => inner.map(|inner| outer.carrying(&inner)),
        }
    }
}

/// The whole address space as `policy` sees it.
pub(crate) fn views(policy: &Policy) -> impl Iterator<Item = Tile<View>> {
    let special = crossed(forms(&policy.nat64).into_iter(), own(&policy.own_addresses).into_iter());
    // These are few, so that it pays to have them in a row.
    let special: Vec<_> = special.collect();
    crossed(owners(policy), special.into_iter()).map(
        |Tile { family, last, value: (region, (form, own)) }| {
            let outer = region.map(|region| Seen { region, embedded: None, own });
            Tile { family, last, value: outer.map_or(View::Refused, |outer| view(form, outer)) }
        },
    )
}

/// The whole address space, and the region that has each stretch of it.
pub(crate) fn owners(policy: &Policy) -> impl Iterator<Item = Tile<Option<RegionId>>> {
    policy.atoms().map(|atom| {
        let (family, last) = match atom.last {
            IpAddr::V4(last) => (Family::V4, last.to_bits().into()),
            IpAddr::V6(last) => (Family::V6, last.to_bits()),
        };
        Tile { family, last, value: atom.owner.ok() }
    })
}

fn view(form: Form, outer: Seen) -> View {
    match form {
        Form::Plain => View::Plain(outer),
        Form::Refused => View::Refused,
        Form::Nat64 { prefix_len } => View::Nat64 { prefix_len, outer },
    }
}

/// What `canonical` does, prefix by prefix; of equal ones the last counts.
fn forms(nat64: &[Ipv6Net]) -> Vec<Tile<Form>> {
    let refused = [refused_space::IPV4_MAPPED, nat64::LOCAL_USE].map(|net| (net, Form::Refused));
    let known = nat64.iter().chain([&nat64::WELL_KNOWN]);
    let known = known.map(|&net| (net, Form::Nat64 { prefix_len: net.prefix_len() }));
    let special = refused.into_iter().chain(known);
    over_everything(Form::Plain, special.map(|(net, form)| (net.into(), form)))
}

fn own(addresses: &[IpAddr]) -> Vec<Tile<bool>> {
    over_everything(false, addresses.iter().map(|&address| (address.into(), true)))
}

fn over_everything<T: Copy + PartialEq>(
    ground: T,
    special: impl Iterator<Item = (IpNet, T)>,
) -> Vec<Tile<T>> {
    let whole = [Ipv4Net::default().into(), Ipv6Net::default().into()].map(|net| (net, ground));
    let flat = flattened(whole.into_iter().chain(special).collect());
    flat.into_iter().map(|(range, value)| Tile::ending_as(&range, value)).collect()
}
