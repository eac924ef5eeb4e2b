//! The one canonical form of an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use ipnet::Ipv6Net;

use crate::{Rule, nat64, refused_space};

/// An address in canonical form: IPv4-mapped folded, nothing smuggled, nothing that is always
/// refused. Made only by [`canonical`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Canonical {
    addr: IpAddr,
    embedded: Option<Ipv4Addr>,
}

impl Canonical {
    /// The address that is on the wire.
    pub const fn addr(&self) -> IpAddr {
        self.addr
    }

    /// The IPv4 address that a NAT64 will send to in its stead; it must be allowed as well.
    pub const fn embedded(&self) -> Option<Ipv4Addr> {
        self.embedded
    }
}

/// Brings `addr` into canonical form. `nat64` are the operator's prefixes, beside 64:ff9b::/96.
///
/// # Errors
/// The rule that refuses the form of the address, whatever the policy says.
pub fn canonical(addr: IpAddr, nat64: &[Ipv6Net]) -> Result<Canonical, Rule> {
    match addr.to_canonical() {
        IpAddr::V4(ip) => canonical_v4(ip),
        IpAddr::V6(ip) => canonical_v6(ip, nat64),
    }
}

/// `addr` with the canonical IP address, flow label 0, and its scope id kept for sending.
pub(crate) fn canonical_socket(addr: SocketAddr, canonical: &Canonical) -> SocketAddr {
    match (canonical.addr, addr) {
        (IpAddr::V6(ip), SocketAddr::V6(v6)) => {
            SocketAddrV6::new(ip, v6.port(), 0, v6.scope_id()).into()
        }
        (ip, _) => SocketAddr::new(ip, addr.port()),
    }
}

fn canonical_v4(ip: Ipv4Addr) -> Result<Canonical, Rule> {
    refused_space::refuses_v4(ip).map_or(Ok(Canonical { addr: ip.into(), embedded: None }), Err)
}

fn canonical_v6(ip: Ipv6Addr, nat64: &[Ipv6Net]) -> Result<Canonical, Rule> {
    if let Some(rule) = refused_space::refuses_v6(ip) {
        return Err(rule);
    }
    let embedded = nat64::embedded(ip, nat64)?;
    if let Some(rule) = embedded.and_then(refused_space::refuses_v4) {
        return Err(rule);
    }
    Ok(Canonical { addr: ip.into(), embedded })
}
