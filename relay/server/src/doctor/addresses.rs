//! Whether the configured addresses are this host's, and whether anybody can reach them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ringfence_net::interfaces::Interface;

use super::Finding;

const CHECK: &str = "addresses";

/// One finding for each address.
pub(super) fn check(own: &BTreeSet<IpAddr>, interfaces: &[Interface]) -> Vec<Finding> {
    own.iter().map(|&ip| one(ip, interfaces)).collect()
}

fn one(ip: IpAddr, interfaces: &[Interface]) -> Finding {
    if ip.is_loopback() {
        let message = format!("{ip} is loopback: only programs of this host reach it");
        return Finding::warning(CHECK, message, replace(ip, "an address that clients can reach"));
    }
    let Some(interface) = interfaces.iter().find(|interface| interface.ip == ip) else {
        return absent(ip, interfaces);
    };
    let name = &interface.name;
    if !is_private(ip) {
        return Finding::ok(CHECK, format!("{ip} is on {name}"));
    }
    let message = format!(
        "{ip} on {name} is a private address: clients beyond its network cannot reach it, and the \
         relay does not know of NAT"
    );
    Finding::warning(CHECK, message, replace(ip, "a public address that is on this host"))
}

/// A relay tells clients the address it has, so the public side of a NAT cannot be configured.
fn absent(ip: IpAddr, interfaces: &[Interface]) -> Finding {
    let message = format!("{ip} is on no interface of this host: the relay does not start");
    let is_other =
        |other: &&Interface| other.ip.is_ipv4() == ip.is_ipv4() && !other.ip.is_loopback();
    let others: Vec<&Interface> = interfaces.iter().filter(is_other).collect();
    let Some(first) = others.first() else {
        return Finding::error(CHECK, message, replace(ip, "an address of this host"));
    };
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    let all: Vec<String> = others.iter().map(|other| other.ip.to_string()).collect();
    let nat = match others.iter().all(|other| is_private(other.ip)) {
        true => "; if a NAT has it, route it to this host instead",
        false => "",
    };
    let fix = format!(
        "ip address add {ip}/{bits} dev {}    # or write an address of this host in [listen]: {}{nat}",
        first.name,
        all.join(", ")
    );
    Finding::error(CHECK, message, fix)
}

fn replace(ip: IpAddr, by: &str) -> String {
    format!("[listen]: write {by} in place of {ip}")
}

/// What routers on the way do not carry: RFC 1918, RFC 6598, RFC 3927, RFC 4193, fe80::/10.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && second & 0xc0 == 64;
            ip.is_private() || ip.is_link_local() || shared
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn found(own: &str, interfaces: &[(&str, &str)]) -> Finding {
        let interface = |(name, ip): &(&str, &str)| Interface {
            name: (*name).to_owned(),
            ip: ip.parse().unwrap(),
        };
        let interfaces: Vec<_> = interfaces.iter().map(interface).collect();
        let mut found = check(&BTreeSet::from([own.parse().unwrap()]), &interfaces);
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn a_public_address_on_an_interface_is_as_it_should_be() {
        let interfaces = [("lo", "127.0.0.1"), ("eth0", "198.51.100.7"), ("eth0", "2a00::7")];
        for own in ["198.51.100.7", "2a00::7"] {
            let found = found(own, &interfaces);
            assert_eq!((found.grade, found.fix), (Grade::Ok, None), "{}", found.message);
        }
    }

    #[test]
    fn an_address_of_nobody_is_an_error_that_says_how_to_get_it() {
        let found = found("203.0.113.7", &[("lo", "127.0.0.1"), ("eth0", "198.51.100.7")]);
        assert_eq!(found.grade, Grade::Error);
        let fix = found.fix.unwrap();
        assert!(fix.starts_with("ip address add 203.0.113.7/32 dev eth0"), "{fix}");
        assert!(fix.contains("198.51.100.7") && !fix.contains("NAT"), "{fix}");
    }

    #[test]
    fn behind_nat_the_public_address_is_an_error_and_the_private_one_a_warning() {
        let interfaces = [("lo", "127.0.0.1"), ("ens3", "10.0.0.5")];
        let public = found("203.0.113.7", &interfaces);
        assert!(public.grade == Grade::Error && public.fix.unwrap().contains("NAT"));
        assert_eq!(found("10.0.0.5", &interfaces).grade, Grade::Warning);
    }

    #[test]
    fn what_no_router_carries_is_told() {
        for ip in
            ["192.168.1.1", "172.31.0.1", "100.64.0.1", "100.127.0.1", "169.254.1.1", "fd00::1"]
        {
            assert_eq!(found(ip, &[("eth0", ip)]).grade, Grade::Warning, "{ip}");
        }
        for ip in ["100.63.0.1", "100.128.0.1", "172.32.0.1", "2001:db8::1"] {
            assert_eq!(found(ip, &[("eth0", ip)]).grade, Grade::Ok, "{ip}");
        }
        assert_eq!(found("127.1.0.1", &[("lo", "127.0.0.1")]).grade, Grade::Warning);
    }

    #[test]
    fn a_host_without_addresses_of_the_family_has_none_to_name() {
        let found = found("2a00::7", &[("lo", "::1"), ("eth0", "198.51.100.7")]);
        assert!(found.grade == Grade::Error && found.fix.unwrap().starts_with("[listen]"));
    }
}
