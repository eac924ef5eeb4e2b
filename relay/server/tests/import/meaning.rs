//! What a setting came to means what it meant: judged by the policy of the new configuration.

use std::net::SocketAddr;
use std::path::Path;

use ringfence::config::{self, Loaded};
use ringfence::import::{Imported, import};
use ringfence_fence::Role;

const OWN: &str = "listening-ip=192.0.2.1\nstatic-auth-secret=hunter2-hunter2-hunter2\n";

fn imported(more: &str) -> Imported {
    import(format!("{OWN}{more}").as_bytes(), Path::new("/nowhere")).unwrap()
}

fn loaded(more: &str) -> Loaded {
    let config = imported(more).config;
    let loaded = config::parse("ringfence.toml", &config, Path::new("/nowhere"), []);
    loaded.unwrap_or_else(|failure| panic!("{failure}\n{config}"))
}

fn admits(loaded: &Loaded, role: Role, ip: &str) -> bool {
    let policy = &loaded.policy;
    let fence = policy.fence_id("default").unwrap();
    let address = SocketAddr::new(ip.parse().unwrap(), 5_004);
    policy.decide(fence, role, address, policy.own_site()).is_ok()
}

fn word(more: &str) -> &'static str {
    imported(more).findings.last().unwrap().outcome.word()
}

#[test]
fn the_internet_is_open_and_what_is_special_is_not() {
    let loaded = loaded("");
    for ip in ["8.8.8.8", "2a00::1"] {
        assert!(admits(&loaded, Role::Client, ip) && admits(&loaded, Role::Peer, ip), "{ip}");
    }
    for ip in ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1"] {
        assert!(!admits(&loaded, Role::Peer, ip) && !admits(&loaded, Role::Client, ip), "{ip}");
    }
}

#[test]
fn denied_peers_stay_out_and_all_others_in() {
    let loaded = loaded("denied-peer-ip=83.166.64.0-83.166.95.255\ndenied-peer-ip=8.8.8.8");
    for ip in ["83.166.64.0", "83.166.95.255", "8.8.8.8"] {
        assert!(!admits(&loaded, Role::Peer, ip), "{ip}");
    }
    for ip in ["83.166.63.255", "83.166.96.0", "8.8.8.9"] {
        assert!(admits(&loaded, Role::Peer, ip), "{ip}");
    }
}

#[test]
fn allowed_peers_are_the_only_ones_and_win_over_denied_ones() {
    let loaded = loaded(
        "denied-peer-ip=83.166.64.0-83.166.95.255\nallowed-peer-ip=83.166.68.45\n\
         allowed-peer-ip=10.1.2.3\nallowed-peer-ip=9.9.9.9\ndenied-peer-ip=9.9.9.9",
    );
    for ip in ["83.166.68.45", "10.1.2.3", "9.9.9.9"] {
        assert!(admits(&loaded, Role::Peer, ip), "{ip}");
    }
    for ip in ["83.166.68.46", "10.1.2.4", "8.8.8.8"] {
        assert!(!admits(&loaded, Role::Peer, ip), "{ip}");
    }
    assert!(admits(&loaded, Role::Client, "8.8.8.8"));
}

/// The list that guides for Synapse and Jitsi give.
#[test]
fn ranges_that_are_refused_anyway_do_no_harm() {
    let ranges = [
        ("0.0.0.0-0.255.255.255", "ignored"),
        ("10.0.0.0-10.255.255.255", "mapped"),
        ("127.0.0.0-127.255.255.255", "mapped"),
        ("169.254.0.0-169.254.255.255", "mapped"),
        ("192.0.2.0-192.0.2.255", "mapped"),
        ("224.0.0.0-239.255.255.255", "ignored"),
        ("240.0.0.0-255.255.255.255", "mapped"),
        ("::1", "mapped"),
        ("64:ff9b::-64:ff9b::ffff:ffff", "mapped"),
        ("::ffff:0.0.0.0-::ffff:255.255.255.255", "ignored"),
        ("2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ignored"),
        ("fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "mapped"),
    ];
    let lines = ranges.map(|(range, _)| format!("denied-peer-ip={range}")).join("\n");
    let findings = imported(&lines).findings;
    for (finding, (range, word)) in findings[2..].iter().zip(ranges) {
        assert_eq!(finding.outcome.word(), word, "{range}");
    }
    let loaded = loaded(&lines);
    assert!(admits(&loaded, Role::Peer, "8.8.8.8") && admits(&loaded, Role::Peer, "2a00::1"));
    for ip in ["10.0.0.1", "::ffff:10.0.0.1", "64:ff9b::808:808", "2002:808:808::1", "192.0.2.7"] {
        assert!(!admits(&loaded, Role::Peer, ip), "{ip}");
    }
    assert_eq!(word("allowed-peer-ip=0.0.0.0-0.0.0.9"), "refused");
}

#[test]
fn everything_denied_is_nobody_admitted() {
    let loaded = loaded(
        "denied-peer-ip=0.0.0.0-255.255.255.255\n\
         denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    );
    assert!(!admits(&loaded, Role::Peer, "8.8.8.8") && !admits(&loaded, Role::Peer, "2a00::1"));
}

#[test]
fn a_range_that_cannot_be_read_closes_the_fence() {
    let more = "denied-peer-ip=internal.example.org";
    assert_eq!(word(more), "refused");
    assert!(!admits(&loaded(more), Role::Peer, "8.8.8.8"));
}

#[test]
fn quotas_and_lifetimes_arrive() {
    let config = loaded("total-quota=5\nuser-quota=9\nmax-allocate-lifetime=1800").config;
    let tenant = &config.tenants[0];
    assert_eq!((tenant.max_allocations, tenant.max_allocations_per_party), (5, 5));
    assert_eq!(config.limits.allocation_lifetime_max.as_secs(), 1_800);
    let tenant = &loaded("total-quota=0\nuser-quota=0").config.tenants[0];
    assert_eq!(tenant.max_allocations, 1_000_000);
    assert_eq!(tenant.max_allocations_per_party, 1_000_000);
}

#[test]
fn ports_and_addresses_arrive() {
    let config = loaded(
        "listening-ip=2001:db8::1\nlistening-port=80\nrelay-ip=192.0.2.9\nmin-port=2000\n\
         max-port=2999\nno-tcp\naux-server=192.0.2.2:81\nalternate-server=192.0.2.7",
    );
    let config = config.config;
    let addresses = |all: &[&str]| all.iter().map(|one| one.parse().unwrap()).collect::<Vec<_>>();
    let media = addresses(&["192.0.2.1:80", "[2001:db8::1]:80", "192.0.2.2:81"]);
    assert_eq!((config.listen.media, config.listen.turn_tcp), (media, Vec::new()));
    assert_eq!(config.listen.relay_addresses, ["192.0.2.9".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(config.listen.relay_ports, 2_000..=2_999);
    assert_eq!(config.turn.alternate_servers, addresses(&["192.0.2.7:3478"]));
}

#[test]
fn a_last_line_counts_and_an_earlier_one_does_not() {
    let imported = imported("max-port=60000\nmin-port=50000\nmin-port=51000");
    assert!(imported.config.contains("\"51000-60000\""), "{}", imported.config);
    let words: Vec<_> = imported.findings.iter().map(|one| one.outcome.word()).collect();
    assert_eq!(words[3..], ["ignored", "mapped"]);
}

/// What asks for less care than coturn's own default takes, or for what is not served.
#[test]
fn what_would_not_be_kept_is_refused() {
    for more in [
        "no-auth",
        "allow-loopback-peers",
        "server-relay",
        "mobility",
        "no-udp",
        "oauth",
        "stale-nonce=60",
        "max-bps=1000",
        "listening-ip=0.0.0.0",
        "listening-ip=::ffff:192.0.2.1",
        "external-ip=203.0.113.5",
        "external-ip=203.0.113.5/192.0.2.1",
        "realm=a-realm-of-more-than-20-bytes",
        "static-auth-secret=short",
        "min-port=0",
        "min-port=65536",
        "psql-userdb=host=localhost",
        "CA-file=/etc/ca.pem",
        "cipher-list=ALL",
        "rest-api-separator=|",
        "max-allocate-lifetime=60",
        "no-such-option",
    ] {
        assert_eq!(word(more), "refused", "{more}");
        assert!(imported(more).is_refused());
    }
}

#[test]
fn users_arrive_where_there_is_no_shared_secret() {
    let text = "listening-ip=192.0.2.1\nlt-cred-mech\nuser=zoe:hunter2-hunter2-hunter2\n\
                user=gus:0xbc807ee29df3c9ffa736523fb2c4e8ee\nuser=ann:short\nuser=none\n\
                user=zoe:hunter2-hunter2-hunter2";
    let imported = import(text.as_bytes(), Path::new("/nowhere")).unwrap();
    let words: Vec<_> = imported.findings.iter().map(|one| one.outcome.word()).collect();
    assert_eq!(words, ["mapped", "mapped", "mapped", "refused", "refused", "refused", "refused"]);
    assert_eq!(imported.secrets[0].secret.expose(), "hunter2-hunter2-hunter2");
    let loaded = config::parse("ringfence.toml", &imported.config, Path::new("/nowhere"), []);
    assert_eq!(loaded.unwrap().config.tenants[0].users[0].name, "zoe");
}
