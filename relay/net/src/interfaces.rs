//! The addresses of this host.

use std::io;
use std::net::IpAddr;

/// One address of one interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// The interface, such as `eth0`.
    pub name: String,
    /// The address.
    pub ip: IpAddr,
}

/// Every address of every interface, in the order of getifaddrs(3).
///
/// # Errors
/// What getifaddrs(3) gives.
pub fn addresses() -> io::Result<Vec<IpAddr>> {
    Ok(all()?.into_iter().map(|interface| interface.ip).collect())
}

/// The same, each with its interface.
///
/// # Errors
/// What getifaddrs(3) gives.
pub fn all() -> io::Result<Vec<Interface>> {
    let found = if_addrs::get_if_addrs()?;
    let interface = |one: if_addrs::Interface| Interface { ip: one.ip(), name: one.name };
    Ok(found.into_iter().map(interface).collect())
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

    #[test]
    fn each_address_has_its_interface() {
        let loopback = |one: &Interface| one.name == "lo" && one.ip.is_loopback();
        assert!(all().unwrap().iter().any(loopback));
    }
}
