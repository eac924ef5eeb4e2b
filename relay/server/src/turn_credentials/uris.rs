//! Where TURN is served, as RFC 7065 writes it.

use std::net::SocketAddr;

/// `turn:127.1.0.1:3478?transport=udp`; IPv6 addresses in brackets.
pub(super) fn turn(address: SocketAddr, transport: &str) -> String {
    format!("turn:{address}?transport={transport}")
}

/// TLS over TCP.
pub(super) fn turns(address: SocketAddr) -> String {
    format!("turns:{address}?transport=tcp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_ipv6_stand_in_brackets() {
        let address = "[2001:db8::1]:5349".parse().unwrap();
        assert_eq!(turn(address, "udp"), "turn:[2001:db8::1]:5349?transport=udp");
        assert_eq!(turns(address), "turns:[2001:db8::1]:5349?transport=tcp");
    }
}
