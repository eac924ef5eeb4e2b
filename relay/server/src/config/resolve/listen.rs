//! `[listen]`: where media comes to, and which address of this host each thing takes.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use ringfence_fence::Located;

use super::super::Diagnostic;
use super::super::bounds::MEDIA_ADDRESSES_MAX;
use super::super::raw::{Item, List, Listen as Raw};
use super::super::settings::Listen;
use super::Resolver;
use super::addresses::{ip_address, port_range, socket_address};

/// The dynamic ports (RFC 6335 section 6), which RFC 8656 section 7.2 recommends.
const RELAY_PORTS: RangeInclusive<u16> = 49_152..=65_535;

/// The addresses, and where each was written.
pub(super) struct Written {
    pub(super) listen: Listen,
    pub(super) tcp: Vec<Located<SocketAddr>>,
    /// Every address that the relay stands on.
    pub(super) own: Vec<Located<IpAddr>>,
}

impl Resolver<'_> {
    pub(super) fn listen(&mut self, raw: Option<&Item<Raw>>) -> Option<Written> {
        let help = "name the UDP addresses of this relay: media = [\"127.1.0.1:3478\"]";
        let Some(raw) = raw else {
            self.missing(&["listen"], None, help);
            return None;
        };
        let media = self.sockets(&raw.media, "listen.media");
        if raw.media.as_ref().is_none_or(|list| list.is_empty()) {
            let within = raw.media.as_ref().map_or(self.at(raw), |list| self.at(list));
            self.missing(&["listen", "media"], Some(within), help);
        }
        let tcp = self.sockets(&raw.turn_tcp, "listen.turn_tcp");
        let relay =
            self.entries(&raw.relay_addresses, "listen.relay_addresses", MEDIA_ADDRESSES_MAX);
        let relay = self.distinct(relay, ip_address);
        let ports = raw.relay_ports.as_ref().and_then(|item| self.parsed(item, port_range));
        let ports = ports.map_or(RELAY_PORTS, |ports| ports.value);
        self.check_apart(&media, &relay, &ports);
        self.warn_unserved("turn_tcp", &raw.turn_tcp);
        self.warn_unserved("relay_addresses", &raw.relay_addresses);
        Some(written(&media, tcp, relay, ports))
    }

    fn sockets(&mut self, list: &List<String>, name: &str) -> Vec<Located<SocketAddr>> {
        let items = self.entries(list, name, MEDIA_ADDRESSES_MAX);
        self.distinct(items, socket_address)
    }

    /// A media port among the relay ports would take the place of an allocation.
    fn check_apart(
        &mut self,
        media: &[Located<SocketAddr>],
        relay: &[Located<IpAddr>],
        ports: &RangeInclusive<u16>,
    ) {
        for socket in media.iter().filter(|socket| ports.contains(&socket.value.port())) {
            let Some(clash) = relay.iter().find(|ip| ip.value == socket.value.ip()) else {
                continue;
            };
            let message = format!("`{}` lies among the relay ports of its address", socket.value);
            let error = Diagnostic::error("ports_overlap", socket.origin, message)
                .related(clash.origin, "allocations live here")
                .advise("move it, or narrow `relay_ports`");
            self.report(error);
        }
    }

    fn warn_unserved(&mut self, key: &str, list: &List<String>) {
        let Some(list) = list.as_ref().filter(|list| !list.is_empty()) else {
            return;
        };
        let message = format!("`listen.{key}` is not served by this version");
        let warning = Diagnostic::warning("not_served", self.at(list), message);
        self.report(
            warning.advise("nothing is bound there; the addresses are checked all the same"),
        );
    }
}

fn written(
    media: &[Located<SocketAddr>],
    tcp: Vec<Located<SocketAddr>>,
    relay: Vec<Located<IpAddr>>,
    relay_ports: RangeInclusive<u16>,
) -> Written {
    let ip_of =
        |socket: &Located<SocketAddr>| Located { value: socket.value.ip(), origin: socket.origin };
    let listen = Listen {
        media: media.iter().map(|socket| socket.value).collect(),
        turn_tcp: tcp.iter().map(|socket| socket.value).collect(),
        relay_addresses: relay.iter().map(|ip| ip.value).collect(),
        relay_ports,
    };
    let own = media.iter().chain(&tcp).map(ip_of).chain(relay).collect();
    Written { listen, tcp, own }
}
