//! Addresses as a report shows them.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Enough to see whose network it was, and not whose line.
const PREFIX_V4: u8 = 24;
const PREFIX_V6: u8 = 48;

/// The text of a trail whole, or the network it is in; what is no address is not shown at all.
pub(super) fn shown(address: &str, full: bool) -> String {
    let parsed = address.parse::<SocketAddr>().map(|address| address.ip());
    let Ok(ip) = parsed.or_else(|_| address.parse::<IpAddr>()) else {
        return "unreadable".to_owned();
    };
    if full {
        return address.to_owned();
    }
    let prefix = if ip.is_ipv4() { PREFIX_V4 } else { PREFIX_V6 };
    // Both prefixes are no longer than their addresses.
    IpNet::new(ip, prefix).map(|net| net.trunc().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_cut_unless_asked() {
        for (address, cut) in [
            ("203.0.113.77:4000", "203.0.113.0/24"),
            ("203.0.113.77", "203.0.113.0/24"),
            ("[2001:db8:1:2::3]:4000", "2001:db8:1::/48"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ] {
            assert_eq!(shown(address, false), cut);
            assert_eq!(shown(address, true), address);
        }
        assert_eq!(shown("<script>", true), "unreadable");
    }
}
