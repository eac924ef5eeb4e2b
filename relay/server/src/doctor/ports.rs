//! Whether the relay's ports are its own, and enough.

use std::ops::RangeInclusive;

use super::Finding;
use super::finding::sysctl;
use crate::config::{Config, Tenant};

const CHECK: &str = "ports";

pub(super) const EPHEMERAL_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";

/// What the kernel does with ports (ip(7)).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct KernelPorts {
    /// Those it hands to programs that ask for any; `None`: not known.
    pub(super) ephemeral: Option<RangeInclusive<u16>>,
    /// Those of them that it does not; as it says them, such as `8080,9148-9200`.
    pub(super) reserved: String,
}

/// Findings about the ports that the configuration takes.
pub(super) fn check(config: &Config, kernel: &KernelPorts) -> Vec<Finding> {
    vec![apart(&taken(config), kernel), enough(config)]
}

/// `32768 60999`, as the kernel says it.
pub(super) fn parse_pair(text: &str) -> Option<RangeInclusive<u16>> {
    let mut words = text.split_whitespace().map(str::parse);
    match (words.next(), words.next(), words.next()) {
        (Some(Ok(first)), Some(Ok(last)), None) => Some(first..=last),
        _ => None,
    }
}

/// The ports that the relay binds by number.
fn taken(config: &Config) -> Vec<RangeInclusive<u16>> {
    let listen = &config.listen;
    let sockets = listen.media.iter().chain(&listen.turn_tcp).chain(&listen.turn_tls);
    let mut ranges: Vec<_> = sockets.map(|socket| socket.port()..=socket.port()).collect();
    if !listen.relay_addresses.is_empty() {
        ranges.push(listen.relay_ports.clone());
    }
    ranges.sort_by_key(|range| (*range.start(), *range.end()));
    ranges.dedup();
    ranges
}

/// A port that another program was handed is one on which no allocation can be made.
fn apart(taken: &[RangeInclusive<u16>], kernel: &KernelPorts) -> Finding {
    let Some(ephemeral) = &kernel.ephemeral else {
        return Finding::unknown(CHECK, EPHEMERAL_FILE);
    };
    let reserved = ranges(&kernel.reserved);
    let is_handed_out =
        |port: &u16| ephemeral.contains(port) && !reserved.iter().any(|range| range.contains(port));
    let clashes = taken.iter().cloned().flatten().filter(is_handed_out).count();
    let (first, last) = (ephemeral.start(), ephemeral.end());
    if clashes == 0 {
        let message = "the kernel hands none of the relay's ports to other programs";
        return Finding::ok(CHECK, message);
    }
    let message = format!(
        "the kernel hands out ports {first} to {last} to whoever asks, {clashes} of the relay's \
         among them: those are lost while another program has them"
    );
    let own = taken.iter().map(text).collect::<Vec<_>>().join(",");
    let all = [kernel.reserved.trim(), &own].into_iter().filter(|part| !part.is_empty());
    Finding::warning(CHECK, message, sysctl(RESERVED, &all.collect::<Vec<_>>().join(",")))
}

/// A quota that no port can serve is a promise that is not kept.
fn enough(config: &Config) -> Finding {
    let listen = &config.listen;
    if listen.relay_addresses.is_empty() {
        return Finding::ok(CHECK, "no TURN allocations are served, so none needs a port");
    }
    let ports = listen.relay_ports.len() * listen.relay_addresses.len();
    let serves_turn = |tenant: &&Tenant| !tenant.secrets.is_empty() || !tenant.users.is_empty();
    let largest = config.tenants.iter().filter(serves_turn);
    match largest.max_by_key(|tenant| tenant.max_allocations) {
        Some(tenant) if tenant.max_allocations as usize > ports => {
            let (name, quota) = (&tenant.name, tenant.max_allocations);
            let message = format!(
                "tenant `{name}` may have {quota} allocations, and there are {ports} relay ports"
            );
            let fix = format!(
                "[tenants.{name}]\nmax_allocations = {ports}    # or widen `relay_ports` of [listen]"
            );
            Finding::warning(CHECK, message, fix)
        }
        _ => Finding::ok(CHECK, format!("{ports} relay ports are enough for every tenant's quota")),
    }
}

/// `8080,9148-9200`; what is none is passed over.
fn ranges(text: &str) -> Vec<RangeInclusive<u16>> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse().ok()?..=last.trim().parse().ok()?)
    };
    text.split(',').filter_map(range).collect()
}

fn text(range: &RangeInclusive<u16>) -> String {
    match (range.start(), range.end()) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}-{last}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::super::Grade;
    use super::*;

    fn kernel(reserved: &str) -> KernelPorts {
        KernelPorts { ephemeral: parse_pair("32768\t60999\n"), reserved: reserved.to_owned() }
    }

    #[test]
    fn ports_that_the_kernel_hands_out_are_a_warning() {
        let found = apart(&[3478..=3478, 49_152..=65_535], &kernel(""));
        assert_eq!(found.grade, Grade::Warning);
        assert!(found.message.contains("11848 of the relay's"), "{}", found.message);
        let fix = found.fix.unwrap();
        assert!(fix.contains("ip_local_reserved_ports = 3478,49152-65535'"), "{fix}");
    }

    #[test]
    fn what_was_reserved_before_stays_reserved() {
        let found = apart(&[50_000..=50_001], &kernel("8080,50000\n"));
        assert!(found.message.contains(" 1 of the relay's"), "{}", found.message);
        assert!(found.fix.unwrap().contains("= 8080,50000,50000-50001'"));
    }

    #[test]
    fn reserved_ports_and_ports_elsewhere_are_as_they_should_be() {
        let reserved = kernel("40000-65535");
        assert_eq!(apart(&[3478..=3478, 49_152..=65_535], &reserved).grade, Grade::Ok);
        assert_eq!(apart(&[61_000..=65_535], &kernel("")).grade, Grade::Ok);
    }

    #[test]
    fn a_kernel_that_does_not_say_is_told() {
        assert_eq!(apart(&[], &KernelPorts::default()).grade, Grade::Warning);
        for text in ["", "1", "1 2 3", "1 x", "1 70000"] {
            assert_eq!(parse_pair(text), None, "{text}");
        }
    }

    #[test]
    fn a_quota_beyond_all_ports_is_a_warning() {
        let with = |quota: &str, relay: &str| {
            let text = include_str!("../../tests/api/running.toml")
                .replace("[control]", &format!("{relay}\n[control]"))
                .replace("max_rooms = 3", &format!("max_rooms = 3\n{quota}"));
            let dir = tempfile::tempdir().unwrap();
            let secret = dir.path().join("acme.secret");
            std::fs::write(&secret, "the-newest-secret-0001").unwrap();
            std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
            let loaded = crate::config::parse("test", &text, dir.path(), []).unwrap();
            enough(&loaded.config)
        };
        let quota = "max_allocations = 5\nsecrets = [\"file:acme.secret\"]";
        let relay = "relay_addresses = [\"127.1.0.1\"]\nrelay_ports = \"50000-50003\"";
        let found = with(quota, relay);
        assert_eq!(found.grade, Grade::Warning, "{}", found.message);
        assert!(found.fix.unwrap().starts_with("[tenants.acme]\nmax_allocations = 4"));
        assert_eq!(with(&quota.replace('5', "4"), relay).grade, Grade::Ok);
        assert_eq!(with("", relay).grade, Grade::Ok, "who has no secret makes no allocation");
        assert_eq!(with(quota, "").grade, Grade::Ok);
    }
}
