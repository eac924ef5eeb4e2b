//! The addresses that the Internet is made of.

use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv6Net};

use crate::ranges::{AddressRange, Family};
use crate::{AddressSet, refused_space, special_purpose};

/// RFC 4291 section 2.4, and the registry ipv6-address-space: all that is handed out.
const GLOBAL_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Addresses that someone out there may have: all of IPv4 and 2000::/3, without what is for
/// special purposes and what is always refused.
pub fn globally_unicast() -> AddressSet {
    let families = [AddressRange::whole(Family::V4), IpNet::from(GLOBAL_V6).into()];
    let special = special_purpose::BLOCKS.iter().map(|&(block, _)| block).collect();
    AddressSet::from_iter(families).minus(&special).minus(&refused_space::set())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_what_is_routed_and_nothing_else() {
        let unicast = globally_unicast();
        let holds = |text: &str| {
            let one = AddressSet::from_iter([text.parse::<IpNet>().unwrap()]);
            unicast.intersection(&one) == one
        };
        for inside in ["8.8.8.0/24", "223.255.255.0/24", "2a00::/12", "2001:200::/23"] {
            assert!(holds(inside), "{inside}");
        }
        for outside in [
            "10.0.0.0/8",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "127.0.0.1/32",
            "2002::/16",
            "fc00::/7",
            "4000::/3",
            "::1/128",
        ] {
            assert!(!holds(outside), "{outside}");
        }
    }
}
