//! The addresses of this host.

use std::io;
use std::net::IpAddr;

/// Every address of every interface, in the order of getifaddrs(3).
///
/// # Errors
/// What getifaddrs(3) gives.
pub fn addresses() -> io::Result<Vec<IpAddr>> {
    let interfaces = if_addrs::get_if_addrs()?;
    Ok(interfaces.iter().map(if_addrs::Interface::ip).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_addresses_are_among_them() {
        let addresses = addresses().unwrap();
        for loopback in ["127.0.0.1", "::1"] {
            assert!(addresses.contains(&loopback.parse().unwrap()), "{loopback} of {addresses:?}");
        }
    }
}
