//! IPv4 addresses inside NAT64 addresses (RFC 6052, RFC 8215).

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::Rule;

/// Everybody's NAT64 prefix (RFC 6052 section 2.1).
pub(crate) const WELL_KNOWN: Ipv6Net =
    Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Out of which each network picks its own prefix, of any length (RFC 8215 section 3).
pub(crate) const LOCAL_USE: Ipv6Net =
    Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48);

/// The lengths a NAT64 prefix may have (RFC 6052 section 2.2).
pub(crate) const PREFIX_LENS: [u8; 6] = [32, 40, 48, 56, 64, 96];

/// Octet 8, "bits 64 to 71", which RFC 6052 section 2.2 sets to zero and leaves out.
pub(crate) const RESERVED_OCTET: usize = 8;

/// The bit behind it.
pub(crate) const RESERVED_END: u8 = 72;

/// The IPv4 address behind `ip` if that is a NAT64 address under the well-known or a configured prefix.
pub(crate) fn embedded(ip: Ipv6Addr, configured: &[Ipv6Net]) -> Result<Option<Ipv4Addr>, Rule> {
    // Nearly every address: it is in no block of those that may be NAT64.
    if configured.is_empty() && ip.segments()[..2] != WELL_KNOWN.addr().segments()[..2] {
        return Ok(None);
    }
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

/// The IPv4 addresses that those of `outer`, which lies in a NAT64 prefix of this length, can carry.
/// `None` if all of them have a reserved octet that is not zero.
pub(crate) fn window(outer: Ipv6Net, prefix_len: u8) -> Option<Ipv4Net> {
    let network = outer.network();
    if network.octets()[RESERVED_OCTET] != 0 {
        return None;
    }
    let places = prefix_len..outer.prefix_len();
    let fixed = places.filter(|place| usize::from(place / 8) != RESERVED_OCTET).take(32).count();
    let fixed = u8::try_from(fixed).ok()?;
    Ipv4Net::new(extract(network, prefix_len), fixed).ok()
}

/// The first address of `outer` that carries `embedded`, which must lie in its [`window`].
pub(crate) fn carrying(outer: Ipv6Net, prefix_len: u8, embedded: Ipv4Addr) -> Ipv6Addr {
    let mut octets = outer.network().octets();
    let behind_prefix =
        (usize::from(prefix_len / 8)..octets.len()).filter(|&place| place != RESERVED_OCTET);
    for (place, octet) in behind_prefix.zip(embedded.octets()) {
        octets[place] = octet;
    }
    octets.into()
}

/// An address of `outer` whose reserved octet is not zero; `outer` must leave that octet open.
pub(crate) fn malformed(outer: Ipv6Net) -> Ipv6Addr {
    let mut octets = outer.network().octets();
    octets[RESERVED_OCTET] |= 1;
    octets.into()
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

    /// Of every prefix length, each longer prefix on the way to one address.
    #[test]
    fn a_window_holds_what_the_addresses_of_a_prefix_carry() {
        let four = Ipv4Addr::new(192, 0, 2, 33);
        for length in PREFIX_LENS {
            let block =
                Ipv6Net::new("2001:db8:122:344::".parse().unwrap(), length).unwrap().trunc();
            assert_eq!(window(block, length), Some(Ipv4Net::default()), "{length}");
            let address = carrying(block, length, four);
            for inner in length..=128 {
                let outer = Ipv6Net::new(address, inner).unwrap().trunc();
                let window = window(outer, length).unwrap();
                let others = [window.network(), four, window.broadcast()];
                for other in others {
                    let found = carrying(outer, length, other);
                    assert!(outer.contains(&found), "{outer} {other}");
                    assert_eq!(embedded(found, &[block]), Ok(Some(other)), "{outer}");
                }
                let reserved = (inner.min(RESERVED_END)).saturating_sub(length.max(64));
                let reserved = if length > 64 { 0 } else { reserved };
                let fixed = (inner - length - reserved).min(32);
                assert_eq!(window.prefix_len(), fixed, "{outer} behind /{length}");
            }
        }
    }

    #[test]
    fn a_prefix_whose_reserved_octet_is_set_has_no_window() {
        let outer: Ipv6Net = "2001:db8:122:344:100::/72".parse().unwrap();
        assert_eq!(window(outer, 64), None);
        let open: Ipv6Net = "2001:db8:122:344::/71".parse().unwrap();
        assert_eq!(embedded(malformed(open), &[open.trunc()]), Err(Rule::Nat64Malformed));
    }
}
