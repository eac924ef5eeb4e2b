//! Every option of coturn 4.6 (turnserver(1)), and what becomes of it.

use super::Outcome;
use super::lines::Setting;
use super::plan::{Plan, Sourced};
use super::{listening, peers, users};

/// What an option is.
pub(super) struct CoturnOption {
    name: &'static str,
    /// It has no value, or one that says on or off.
    pub(super) is_flag: bool,
    /// Each line adds to those before; else the last one counts.
    pub(super) repeats: bool,
    pub(super) rule: Rule,
}

/// What becomes of an option that is set.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    Map(Mapping),
    Ignore(&'static str),
    Refuse(&'static str),
}

type Mapping = fn(&mut Plan, &Setting, &[Setting]) -> Outcome;

/// The option of this name.
pub(super) fn find(name: &str) -> Option<&'static CoturnOption> {
    OPTIONS.iter().find(|option| option.name == name)
}

const fn flag(name: &'static str, rule: Rule) -> CoturnOption {
    CoturnOption { name, is_flag: true, repeats: false, rule }
}

const fn value(name: &'static str, rule: Rule) -> CoturnOption {
    CoturnOption { name, is_flag: false, repeats: false, rule }
}

const fn list(name: &'static str, rule: Rule) -> CoturnOption {
    CoturnOption { name, is_flag: false, repeats: true, rule }
}

use Rule::{Ignore, Map, Refuse};

const DATABASE: &str = "users and secrets of a database are not read: list them in the file, or make \
                        credentials from a shared secret";
const DEVICE: &str = "sockets are bound to addresses, not to devices: name the addresses";
const DISCOVERY: &str = "NAT behaviour discovery (RFC 5780) is not served";
const DH: &str = "TLS uses no finite-field groups";
const LOG: &str = "the log goes to standard error, where the service manager picks it up";
const MANAGER: &str = "the service manager does this: see the unit file";
const NO_CLI: &str = "there is no such port: the command line asks the relay over its socket";
const NO_DATABASE: &str = "there is no database";
const OLD_TLS: &str = "it is never spoken";
const NO_WEB: &str = "there are no web pages";

const OPTIONS: &[CoturnOption] = &[
    // Where it listens.
    list("listening-ip", Map(listening::listening_ip)),
    value("listening-port", Map(listening::listening_port)),
    value("tls-listening-port", Map(listening::tls_port)),
    value("alt-listening-port", Map(listening::alternate_port)),
    value("alt-tls-listening-port", Map(listening::alternate_port)),
    value("tcp-proxy-port", Refuse("the proxy protocol is not spoken")),
    value("listening-device", Refuse(DEVICE)),
    value("relay-device", Refuse(DEVICE)),
    list("aux-server", Map(listening::aux_server)),
    flag("udp-self-balance", Ignore("the kernel spreads clients over all shards")),
    list("relay-ip", Map(listening::relay_ip)),
    list("external-ip", Map(listening::external_ip)),
    value("min-port", Map(listening::min_port)),
    value("max-port", Map(listening::max_port)),
    flag("no-udp", Refuse("UDP is always served where media comes to")),
    flag("no-tcp", Map(listening::no_tcp)),
    flag("no-tls", Map(listening::no_tls)),
    flag("no-dtls", Ignore("DTLS is never served")),
    flag("no-udp-relay", Refuse("relaying over UDP is all there is")),
    flag("no-tcp-relay", Ignore("TCP relaying (RFC 6062) is never served")),
    list("alternate-server", Map(listening::alternate_server)),
    list("tls-alternate-server", Refuse("clients of TLS are not sent elsewhere than the others")),
    // Who may use it.
    flag("lt-cred-mech", Map(users::mechanism)),
    flag("no-auth", Refuse("nobody is served without credentials")),
    flag("use-auth-secret", Map(users::mechanism)),
    list("static-auth-secret", Map(users::static_auth_secret)),
    value("rest-api-separator", Map(users::separator)),
    list("user", Map(users::user)),
    value("realm", Map(users::realm)),
    flag("check-origin-consistency", Refuse("the ORIGIN attribute is not looked at")),
    value("userdb", Refuse(DATABASE)),
    value("db", Refuse(DATABASE)),
    value("psql-userdb", Refuse(DATABASE)),
    value("sql-userdb", Refuse(DATABASE)),
    value("mysql-userdb", Refuse(DATABASE)),
    value("mongo-userdb", Refuse(DATABASE)),
    value("redis-userdb", Refuse(DATABASE)),
    value("secret-key-file", Refuse(DATABASE)),
    value("redis-statsdb", Refuse("no statistics are written to Redis: /metrics has them")),
    flag("no-auth-pings", Ignore(NO_DATABASE)),
    flag("no-dynamic-ip-list", Ignore(NO_DATABASE)),
    flag("no-dynamic-realms", Ignore(NO_DATABASE)),
    flag("oauth", Refuse("access tokens (RFC 7635) are not taken")),
    value("server-name", Ignore("it is for access tokens alone")),
    flag("secure-stun", Refuse("Binding requests are answered without credentials")),
    // How much, and how long.
    value("user-quota", Map(users::user_quota)),
    value("total-quota", Map(users::total_quota)),
    value("max-bps", Map(users::bandwidth)),
    value("bps-capacity", Map(users::bandwidth)),
    value("stale-nonce", Map(users::stale_nonce)),
    value("max-allocate-lifetime", Map(users::lifetime)),
    value("channel-lifetime", Map(users::channel_lifetime)),
    value("permission-lifetime", Map(users::permission_lifetime)),
    value("max-allocate-timeout", Ignore("a connection has 10 s to authenticate")),
    // Whom it may reach.
    list("allowed-peer-ip", Map(peers::allowed)),
    list("denied-peer-ip", Map(peers::denied)),
    flag("allow-loopback-peers", Refuse("loopback addresses are no peers")),
    flag("no-multicast-peers", Ignore("multicast addresses are never peers")),
    flag("server-relay", Refuse("packets of peers without a permission are never relayed")),
    // TLS.
    value("cert", Map(certificate)),
    value("pkey", Map(private_key)),
    value("pkey-pwd", Refuse("an encrypted key cannot be read: write it out, for one user alone")),
    value("cipher-list", Map(cipher_list)),
    value("CA-file", Refuse("client certificates are not asked for")),
    value("ec-curve-name", Ignore("clients choose among X25519, P-256 and P-384")),
    flag("dh566", Ignore(DH)),
    flag("dh1066", Ignore(DH)),
    value("dh-file", Ignore(DH)),
    flag("no-sslv2", Ignore(OLD_TLS)),
    flag("no-sslv3", Ignore(OLD_TLS)),
    flag("no-tlsv1", Ignore(OLD_TLS)),
    flag("no-tlsv1_1", Ignore(OLD_TLS)),
    flag("no-tlsv1_2", Refuse("TLS 1.2 is spoken with who does not speak 1.3")),
    // Protocol.
    flag("fingerprint", Ignore("TURN clients do not depend on it")),
    flag("stun-only", Refuse("TURN is served wherever STUN is")),
    flag("no-stun", Refuse("Binding requests are answered wherever TURN is served")),
    flag("no-software-attribute", Ignore("SOFTWARE is never sent")),
    flag("mobility", Refuse("allocations do not move (draft-wing-tram-turn-mobility)")),
    flag("keep-address-family", Refuse("who asks for no address family gets IPv4 (RFC 8656)")),
    value("allocation-default-address-family", Map(address_family)),
    flag("no-rfc5780", Ignore(DISCOVERY)),
    flag("no-stun-backward-compatibility", Ignore("answers are those of RFC 8489")),
    flag("response-origin-only-with-rfc5780", Ignore(DISCOVERY)),
    // The process.
    value("relay-threads", Map(relay_threads)),
    flag("verbose", Map(verbose)),
    flag("Verbose", Map(very_verbose)),
    flag("daemon", Ignore(MANAGER)),
    value("pidfile", Ignore(MANAGER)),
    value("proc-user", Ignore(MANAGER)),
    value("proc-group", Ignore(MANAGER)),
    value("log-file", Ignore(LOG)),
    flag("no-stdout-log", Ignore(LOG)),
    flag("syslog", Ignore(LOG)),
    value("syslog-facility", Ignore(LOG)),
    flag("simple-log", Ignore(LOG)),
    flag("new-log-timestamp", Ignore("every line has its time")),
    value("new-log-timestamp-format", Ignore("every line has its time")),
    flag("log-binding", Ignore("/metrics counts Binding requests")),
    flag("prometheus", Ignore("/metrics is on the socket of the API, and on `control.http`")),
    value("prometheus-port", Ignore("/metrics is on the socket of the API, and on `control.http`")),
    flag("prometheus-username-labels", Refuse("metrics hold no names of users")),
    flag("no-cli", Ignore(NO_CLI)),
    value("cli-ip", Ignore(NO_CLI)),
    value("cli-port", Ignore(NO_CLI)),
    value("cli-password", Ignore(NO_CLI)),
    value("cli-max-output-sessions", Ignore(NO_CLI)),
    flag("web-admin", Refuse("there are no web pages to administrate with")),
    value("web-admin-ip", Ignore(NO_WEB)),
    value("web-admin-port", Ignore(NO_WEB)),
    flag("web-admin-listen-on-workers", Ignore(NO_WEB)),
    value("acme-redirect", Refuse("HTTP is not answered: renew certificates by another way")),
    value("ne", Ignore("there is one way to run")),
];

const TLS_IS_OFF: &str = "no-tls is set";

fn certificate(plan: &mut Plan, setting: &Setting, all: &[Setting]) -> Outcome {
    if is_on("no-tls", all) {
        return Outcome::ignored(TLS_IS_OFF);
    }
    let value = plan.folder.join(setting.value.as_str());
    plan.certificate = Some(Sourced { line: setting.line, option: "cert", value });
    Outcome::mapped("turn.certificate")
}

fn private_key(plan: &mut Plan, setting: &Setting, all: &[Setting]) -> Outcome {
    if is_on("no-tls", all) {
        return Outcome::ignored(TLS_IS_OFF);
    }
    let value = plan.folder.join(setting.value.as_str());
    plan.private_key = Some(Sourced { line: setting.line, option: "pkey", value });
    Outcome::mapped("turn.private_key")
}

fn is_on(flag: &str, all: &[Setting]) -> bool {
    all.iter().any(|setting| setting.name == flag && setting.flag() == Some(true))
}

fn cipher_list(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    match setting.value.as_str() {
        "DEFAULT" => Outcome::ignored("only ciphers with forward secrecy and AEAD are offered"),
        _ => Outcome::refused("ciphers cannot be chosen"),
    }
}

fn address_family(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    match setting.value.as_str() {
        "ipv4" => Outcome::ignored("who asks for no address family gets IPv4 (RFC 8656)"),
        _ => Outcome::refused("who asks for no address family gets IPv4 (RFC 8656)"),
    }
}

/// 0 is one thread for all of it.
fn relay_threads(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    match setting.number().filter(|threads| *threads <= 256) {
        Some(threads) => {
            let value = threads.max(1);
            plan.workers = Some(Sourced { line: setting.line, option: "relay-threads", value });
            Outcome::mapped("node.workers")
        }
        None => Outcome::refused("a relay has at most 256 shards"),
    }
}

fn verbose(plan: &mut Plan, setting: &Setting, all: &[Setting]) -> Outcome {
    if is_on("Verbose", all) {
        return Outcome::ignored("Verbose is set too");
    }
    plan.log_level = Some(Sourced { line: setting.line, option: "verbose", value: "debug" });
    Outcome::mapped("log.level")
}

fn very_verbose(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    plan.log_level = Some(Sourced { line: setting.line, option: "Verbose", value: "trace" });
    Outcome::mapped("log.level")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_option_stands_there_once() {
        let names: BTreeSet<_> = OPTIONS.iter().map(|option| option.name).collect();
        assert_eq!(names.len(), OPTIONS.len());
    }

    #[test]
    fn the_golden_file_sets_every_option() {
        let full = include_str!("../../tests/import/full.conf");
        let set: BTreeSet<_> =
            full.lines().filter_map(|line| line.split(['=', ' ']).next()).collect();
        let absent = OPTIONS.iter().map(|option| option.name).filter(|name| !set.contains(name));
        assert_eq!(absent.collect::<Vec<_>>(), [""; 0]);
    }
}
