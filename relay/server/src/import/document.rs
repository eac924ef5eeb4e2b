//! The plan as a configuration, each value with the line of turnserver.conf that it came from.

use std::collections::BTreeSet;
use std::fmt::{Display, Write};
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use toml::Value;

use super::peers::Peers;
use super::plan::{Plan, Sourced};

const PORT: u16 = 3_478;
const TLS_PORT: u16 = 5_349;
const RELAY_PORTS: (u16, u16) = (49_152, 65_535);
/// What a tenant has when nobody says.
const ALLOCATIONS: u32 = 10_000;

/// The TOML text.
pub(super) fn write(plan: &Plan) -> String {
    let mut document = Document::default();
    document.comment("Made by `ringfence import` from a turnserver.conf, whose lines it names.");
    process(&mut document, plan);
    let own = listen(&mut document, plan);
    turn(&mut document, plan);
    policy(&mut document, plan, &own);
    tenant(&mut document, plan);
    document.text
}

#[derive(Default)]
struct Document {
    text: String,
}

/// Where a value came from.
type Place = (usize, &'static str);

impl Document {
    fn section(&mut self, name: &str) {
        self.line(&format!("\n{name}"));
    }

    fn entry(&mut self, key: &str, value: impl Into<Value>, places: &[Place]) {
        let value: Value = value.into();
        match places.is_empty() {
            true => self.line(&format!("{key} = {value}")),
            false => self.line(&format!("{key} = {value}  # {}", in_words(places))),
        }
    }

    fn list<T: Display>(&mut self, key: &str, items: &[T], places: &[Place]) {
        let items: Vec<Value> = items.iter().map(|item| item.to_string().into()).collect();
        self.entry(key, items, places);
    }

    fn comment(&mut self, text: &str) {
        self.line(&format!("# {text}"));
    }

    fn line(&mut self, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

/// The first few places; a list can have thousands.
fn in_words(places: &[Place]) -> String {
    const SHOWN_MAX: usize = 4;
    let shown = places.iter().take(SHOWN_MAX);
    let shown: Vec<_> = shown.map(|(line, option)| format!("line {line}: {option}")).collect();
    match places.len().saturating_sub(SHOWN_MAX) {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}

fn process(document: &mut Document, plan: &Plan) {
    document.section("[node]");
    document.entry("site", "relay", &[]);
    if let Some(workers) = &plan.workers {
        document.entry("workers", i64::from(workers.value), &[place(workers)]);
    }
    if let Some(level) = &plan.log_level {
        document.section("[log]");
        document.entry("level", level.value, &[place(level)]);
    }
    if let Some(lifetime) = &plan.lifetime_s {
        document.section("[limits]");
        let seconds = i64::from(lifetime.value);
        document.entry("allocation_lifetime_s_max", seconds, &[place(lifetime)]);
    }
}

/// Writes where the relay listens; its own addresses.
fn listen(document: &mut Document, plan: &Plan) -> BTreeSet<IpAddr> {
    document.section("[listen]");
    let more = plan.more_listening.iter().map(|address| address.value);
    let plain: Vec<_> = at_port(plan, plan.port.as_ref(), PORT).chain(more).collect();
    let places = [places(&plan.listening_ips), places(&plan.more_listening), option(&plan.port)];
    let places = places.concat();
    if plain.is_empty() {
        document.comment("media is missing: say on which addresses of this host clients come in,");
        document.comment("such as [\"192.0.2.1:3478\"]. There are no wildcards.");
    } else {
        document.list("media", &plain, &places);
        match &plan.no_tcp {
            None => document.list("turn_tcp", &plain, &places),
            Some(no_tcp) => document.list("turn_tcp", &[""; 0], &[place(no_tcp)]),
        }
    }
    let tls = tls_addresses(plan);
    document.list("turn_tls", &tls, &[option(&plan.tls_port), option(&plan.no_tls)].concat());
    let relay = relay_ips(plan, &plain);
    document.list("relay_addresses", &relay, &self::places(&plan.relay_ips));
    let first = plan.min_port.as_ref().map_or(RELAY_PORTS.0, |port| port.value);
    let last = plan.max_port.as_ref().map_or(RELAY_PORTS.1, |port| port.value);
    let places = [option(&plan.min_port), option(&plan.max_port)].concat();
    document.entry("relay_ports", format!("{first}-{last}"), &places);
    plain.iter().map(SocketAddr::ip).chain(relay).collect()
}

fn at_port<'p>(
    plan: &'p Plan,
    port: Option<&Sourced<u16>>,
    default: u16,
) -> impl Iterator<Item = SocketAddr> + use<'p> {
    let port = port.map_or(default, |port| port.value);
    plan.listening_ips.iter().map(move |ip| SocketAddr::new(ip.value, port))
}

/// coturn serves TLS as soon as there is a certificate.
fn tls_addresses(plan: &Plan) -> Vec<SocketAddr> {
    let named = plan.certificate.is_some() || plan.private_key.is_some();
    match named && plan.no_tls.is_none() {
        true => at_port(plan, plan.tls_port.as_ref(), TLS_PORT).collect(),
        false => Vec::new(),
    }
}

/// Without relay-ip coturn relays from the address that the client reached.
fn relay_ips(plan: &Plan, listening: &[SocketAddr]) -> Vec<IpAddr> {
    let named: Vec<_> = plan.relay_ips.iter().map(|ip| ip.value).collect();
    if !named.is_empty() {
        return named;
    }
    let distinct: BTreeSet<_> = listening.iter().map(SocketAddr::ip).collect();
    distinct.into_iter().collect()
}

fn turn(document: &mut Document, plan: &Plan) {
    document.section("[turn]");
    if let Some(realm) = &plan.realm {
        document.entry("realm", realm.value.as_str(), &[place(realm)]);
    }
    for (key, file) in [("certificate", &plan.certificate), ("private_key", &plan.private_key)] {
        if let Some(file) = file {
            document.entry(key, file.value.display().to_string(), &[place(file)]);
        }
    }
    if !plan.alternate_servers.is_empty() {
        let servers: Vec<_> = plan.alternate_servers.iter().map(|one| one.value).collect();
        document.list("alternate_servers", &servers, &places(&plan.alternate_servers));
    }
}

fn policy(document: &mut Document, plan: &Plan, own: &BTreeSet<IpAddr>) {
    let own: Vec<_> = own.iter().map(|ip| IpNet::from(*ip)).collect();
    let peers = Peers::of(plan);
    let others = |prefixes: &[IpNet]| {
        let others = prefixes.iter().filter(|prefix| !own.contains(prefix));
        others.copied().collect::<Vec<_>>()
    };
    let (allowed, denied) = (others(&peers.allowed), others(&peers.denied));
    region(document, "relay", &own, &[]);
    region(document, "internet", &peers.internet, &[]);
    region(document, "allowed-peers", &allowed, &places(&plan.allowed));
    region(document, "denied", &denied, &places(&plan.denied));
    document.section("[sites.relay]");
    document.entry("region", "relay", &[]);
    document.list("addresses", &own, &[]);
    document.section("[fences.default]");
    let there = |name, prefixes: &[IpNet]| (!prefixes.is_empty()).then_some(name);
    let (internet, allowed) =
        (there("internet", &peers.internet), there("allowed-peers", &allowed));
    document.list("clients", &internet.into_iter().chain(allowed).collect::<Vec<_>>(), &[]);
    let only_allowed = allowed.or(internet.filter(|_| plan.allowed.is_empty()));
    match plan.denied_unread.is_empty() {
        true => document.list("peers", only_allowed.as_slice(), &[]),
        false => document.list("peers", &[""; 0], &places(&plan.denied_unread)),
    }
    document.list("transit", &["relay"], &[]);
}

fn region(document: &mut Document, name: &str, prefixes: &[IpNet], places: &[Place]) {
    if !prefixes.is_empty() {
        document.section(&format!("[regions.{name}]"));
        document.list("cidrs", prefixes, places);
    }
}

fn tenant(document: &mut Document, plan: &Plan) {
    document.section("[tenants.main]");
    document.entry("home", "relay", &[]);
    document.list("fences", &["default"], &[]);
    let files = (0..plan.secrets.len()).map(|index| format!("file:{}", Plan::secret_file(index)));
    document.list("secrets", &files.collect::<Vec<_>>(), &places(&plan.secrets));
    let total = plan.total_quota.as_ref().map_or(ALLOCATIONS, |quota| quota.value);
    if let Some(quota) = &plan.total_quota {
        document.entry("max_allocations", i64::from(total), &[place(quota)]);
    }
    if let Some(quota) = &plan.user_quota {
        let of_a_party = i64::from(quota.value.min(total));
        document.entry("max_allocations_per_party", of_a_party, &[place(quota)]);
    }
    for (index, user) in plan.users.iter().enumerate() {
        document.section("[[tenants.main.users]]");
        document.entry("name", user.value.name.as_str(), &[place(user)]);
        document.entry("password", format!("file:{}", Plan::password_file(index)), &[]);
    }
}

fn place<T>(sourced: &Sourced<T>) -> Place {
    (sourced.line, sourced.option)
}

fn places<T>(sourced: &[Sourced<T>]) -> Vec<Place> {
    sourced.iter().map(place).collect()
}

fn option<T>(sourced: &Option<Sourced<T>>) -> Vec<Place> {
    sourced.iter().map(place).collect()
}
