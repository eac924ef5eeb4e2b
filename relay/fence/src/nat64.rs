//! IPv4 addresses inside NAT64 addresses (RFC 6052, RFC 8215).

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::Ipv6Net;

use crate::Rule;

/// Everybody's NAT64 prefix (RFC 6052 section 2.1).
pub(crate) const WELL_KNOWN: Ipv6Net =
    Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Out of which each network picks its own prefix, of any length (RFC 8215 section 3).
const LOCAL_USE: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48);

/// The lengths a NAT64 prefix may have (RFC 6052 section 2.2).
pub(crate) const PREFIX_LENS: [u8; 6] = [32, 40, 48, 56, 64, 96];

/// Octet 8, "bits 64 to 71", which RFC 6052 section 2.2 sets to zero and leaves out.
pub(crate) const RESERVED_OCTET: usize = 8;

/// The IPv4 address behind `ip` if that is a NAT64 address under the well-known or a configured prefix.
pub(crate) fn embedded(ip: Ipv6Addr, configured: &[Ipv6Net]) -> Result<Option<Ipv4Addr>, Rule> {
    let known = configured.iter().chain([&WELL_KNOWN]).find(|prefix| prefix.contains(&ip));
    match known {
        Some(_) if ip.octets()[RESERVED_OCTET] != 0 => Err(Rule::Nat64Malformed),
        Some(prefix) => Ok(Some(extract(ip, prefix.prefix_len()))),
        None if LOCAL_USE.contains(&ip) => Err(Rule::Nat64LocalUse),
        None => Ok(None),
    }
}

/// The four octets that follow the prefix, the reserved octet left out.
fn extract(ip: Ipv6Addr, prefix_len: u8) -> Ipv4Addr {
    let octets = ip.octets();
    let mut behind_prefix = (usize::from(prefix_len / 8)..octets.len())
        .filter(|&place| place != RESERVED_OCTET)
        .map(|place| octets[place]);
    Ipv4Addr::from([(); 4].map(|()| behind_prefix.next().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of RFC 6052 section 2.4.
    #[test]
    fn finds_the_address_at_each_prefix_length() {
        let examples = [
            ("2001:db8::/32", "2001:db8:c000:221::"),
            ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
            ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
        ];
        for (prefix, address) in examples {
            let found = embedded(address.parse().unwrap(), &[prefix.parse().unwrap()]);
            assert_eq!(found, Ok(Some(Ipv4Addr::new(192, 0, 2, 33))), "{prefix}");
        }
    }

    #[test]
    fn a_reserved_octet_that_is_set_is_malformed() {
        let prefix = ["2001:db8:122:344::/64".parse().unwrap()];
        let address = "2001:db8:122:344:1c0:2:2100::".parse().unwrap();
        assert_eq!(embedded(address, &prefix), Err(Rule::Nat64Malformed));
    }

    #[test]
    fn local_use_needs_a_configured_prefix() {
        let address = "64:ff9b:1::8.8.8.8".parse().unwrap();
        assert_eq!(embedded(address, &[]), Err(Rule::Nat64LocalUse));
        let prefix = ["64:ff9b:1::/96".parse().unwrap()];
        assert_eq!(embedded(address, &prefix), Ok(Some(Ipv4Addr::new(8, 8, 8, 8))));
    }
}
