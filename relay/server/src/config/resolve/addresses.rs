//! Addresses, prefixes and port ranges: text to types, with what is wrong in plain words.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use ipnet::{IpNet, Ipv6Net};
use ringfence_fence::Located;

use super::super::bounds::LIST_MAX;
use super::super::raw::{Item, List};
use super::Resolver;

/// Why a text is not what it should be, and what to write.
pub(super) struct Fault {
    code: &'static str,
    message: String,
    help: String,
}

impl Resolver<'_> {
    /// A value out of its text, or `None` and a report.
    pub(super) fn parsed<T>(
        &mut self,
        item: &Item<String>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<Located<T>> {
        match parse(item) {
            Ok(value) => Some(self.located(item, value)),
            Err(fault) => {
                self.error(fault.code, self.at(item), fault.message, &fault.help);
                None
            }
        }
    }

    /// All entries that could be read; each other one is reported.
    pub(super) fn parsed_list<T>(
        &mut self,
        items: &[Item<String>],
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Vec<Located<T>> {
        items.iter().filter_map(|item| self.parsed(item, &parse)).collect()
    }

    /// Entries that could be read, without those that were there before, which are reported.
    pub(super) fn distinct<T: PartialEq + Copy + std::fmt::Display>(
        &mut self,
        items: &[Item<String>],
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Vec<Located<T>> {
        let mut distinct: Vec<Located<T>> = Vec::new();
        for entry in self.parsed_list(items, parse) {
            match distinct.iter().find(|earlier| earlier.value == entry.value) {
                Some(earlier) => self.duplicate(&entry, earlier),
                None => distinct.push(entry),
            }
        }
        distinct
    }

    pub(super) fn duplicate<T: std::fmt::Display>(
        &mut self,
        again: &Located<T>,
        earlier: &Located<T>,
    ) {
        let message = format!("`{}` is listed twice", again.value);
        let error = super::Diagnostic::error("duplicate_address", again.origin, message);
        self.report(error.related(earlier.origin, "first here").advise("leave one of them out"));
    }

    pub(super) fn prefixes(&mut self, list: &List<String>, name: &str) -> Vec<Located<IpNet>> {
        let items = self.entries(list, name, LIST_MAX);
        self.parsed_list(items, prefix)
    }
}

/// An address with a port, such as 127.1.0.1:3478 or [2001:db8::1]:3478.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, Fault> {
    let bad = |_| {
        let help =
            "write an address and a port, such as \"127.1.0.1:3478\" or \"[2001:db8::1]:3478\"";
        fault("bad_address", text, "is not an address with a port", help)
    };
    let address: SocketAddr = text.parse().map_err(bad)?;
    check_ip(text, address.ip())?;
    if address.port() == 0 {
        return Err(fault("bad_port", text, "has port 0", "name the port: clients must know it"));
    }
    Ok(address)
}

/// An address without a port.
pub(super) fn ip_address(text: &str) -> Result<IpAddr, Fault> {
    let help = "write it without port or prefix length, such as \"127.1.0.1\"";
    let ip = text.parse().map_err(|_| fault("bad_address", text, "is not an address", help))?;
    check_ip(text, ip)?;
    Ok(ip)
}

/// A prefix such as 127.1.0.0/16. Bits after it are for the policy to judge.
pub(super) fn prefix(text: &str) -> Result<IpNet, Fault> {
    text.parse().map_err(|_| match text.parse::<IpAddr>() {
        Ok(ip) => {
            let bits = if ip.is_ipv4() { 32 } else { 128 };
            let help = format!("write \"{ip}/{bits}\" for this one address");
            fault("bad_prefix", text, "has no prefix length", &help)
        }
        Err(_) => {
            let help = "write a prefix such as \"127.1.0.0/16\" or \"2001:db8::/32\"";
            fault("bad_prefix", text, "is not a prefix", help)
        }
    })
}

/// A prefix of IPv6.
pub(super) fn prefix_v6(text: &str) -> Result<Ipv6Net, Fault> {
    let help = "write a prefix such as \"2001:db8:64::/96\"";
    text.parse().map_err(|_| fault("bad_prefix", text, "is not an IPv6 prefix", help))
}

/// Two ports, the first not above the second.
pub(super) fn port_range(text: &str) -> Result<RangeInclusive<u16>, Fault> {
    let ports = text.split_once('-').and_then(|(first, last)| Some(port(first)?..=port(last)?));
    let help = "write the first and the last port, such as \"49152-65535\"";
    let ports = ports.ok_or_else(|| fault("bad_port_range", text, "is not a port range", help))?;
    if ports.is_empty() {
        return Err(fault("bad_port_range", text, "ends before it starts", help));
    }
    if *ports.start() < FIRST_UNPRIVILEGED_PORT {
        let help = "start at 1024 or above: lower ports belong to the system";
        return Err(fault("bad_port_range", text, "holds privileged ports", help));
    }
    Ok(ports)
}

/// ip(7): ports below it are privileged.
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// Digits alone: `parse` would take `+80` too.
fn port(text: &str) -> Option<u16> {
    let text = text.trim();
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Refuses addresses on which the fence would not know where it stands.
fn check_ip(text: &str, ip: IpAddr) -> Result<(), Fault> {
    if ip.is_unspecified() {
        let help = "name each address: the fence must know which one it stands on";
        return Err(fault("wildcard_address", text, "is a wildcard", help));
    }
    if ip.is_multicast() || ip == IpAddr::from([255; 4]) {
        let help = "name an address of this host";
        return Err(fault("bad_address", text, "is not one host's address", help));
    }
    let canonical = ip.to_canonical();
    if canonical != ip {
        let help = format!("write the IPv4 address: {canonical}");
        return Err(fault("bad_address", text, "is an IPv4 address in disguise", &help));
    }
    Ok(())
}

fn fault(code: &'static str, text: &str, what: &str, help: &str) -> Fault {
    const SHOWN_CHARS_MAX: usize = 80;
    let shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    let message = format!("`{}` {what}", shown.escape_debug());
    Fault { code, message, help: help.to_owned() }
}
