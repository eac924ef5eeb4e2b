//! The address space in pieces that no policy tells apart further.

use std::net::IpAddr;

use crate::{RegionId, Rule};

/// A stretch of addresses of one family that are all in one region, or all refused by one rule.
///
/// Two things are judged beside it: ISATAP addresses, which lie in every IPv6 network and are always
/// refused, and the IPv4 address that a NAT64 address carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Atom {
    /// Its first address.
    pub first: IpAddr,
    /// Its last address, of the same family.
    pub last: IpAddr,
    /// The region it is in, or the rule that refuses it whatever the fence says.
    pub owner: Result<RegionId, Rule>,
}
