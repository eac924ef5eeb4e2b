//! Ways to write an address that is denied.

use std::net::{IpAddr, SocketAddr};

/// With 10.0.0.0/8 and loopback denied: those two in seven disguises each, and others that nobody
/// should be made to send to.
pub(crate) const FORMS: [&str; 14] = [
    "::ffff:10.0.0.1",         // IPv4-mapped (RFC 4291 section 2.5.5.2)
    "::10.0.0.1",              // IPv4-compatible (RFC 4291 section 2.5.5.1)
    "64:ff9b::10.0.0.1",       // NAT64 (RFC 6052 section 2.1)
    "64:ff9b:1::10.0.0.1",     // NAT64, local use (RFC 8215)
    "2002:a00:1::",            // 6to4 (RFC 3056 section 2)
    "2001:0:a00:1::f5ff:fffe", // Teredo, the client's IPv4 address inverted (RFC 4380 section 4)
    "::ffff:0:10.0.0.1",       // SIIT (RFC 2765 section 2.1)
    "fe80::5efe:10.0.0.1",     // ISATAP (RFC 5214 section 6.1)
    "::ffff:127.0.0.1",        // IPv4-mapped loopback
    "::1",                     // loopback
    "fe80::1",                 // link-local
    "fd00::1",                 // unique local (RFC 4193)
    "ff02::1",                 // multicast
    "2001:db8::1",             // documentation (RFC 3849)
];

/// More that no region of the test admits. The last is the relay's own.
pub(crate) const FURTHER: [&str; 10] = [
    "0.0.0.0",
    "::",
    "255.255.255.255",
    "169.254.169.254",
    "224.0.0.1",
    "239.255.255.250",
    "10.0.0.1",
    "127.0.0.1",
    "64:ff9b::127.0.0.1",
    "127.1.0.1",
];

/// Where the listener would hear it.
pub(crate) const PORT: u16 = 9999;

pub(crate) fn form(text: &str) -> SocketAddr {
    let ip: IpAddr = text.parse().expect("an address");
    SocketAddr::new(ip, PORT)
}
