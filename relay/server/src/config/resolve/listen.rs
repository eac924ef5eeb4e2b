//! `[listen]`: where media comes to, and which address of this host each thing takes.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use ringfence_fence::Located;

use super::super::Diagnostic;
use super::super::bounds::MEDIA_ADDRESSES_MAX;
use super::super::raw::{Item, List, Listen as Raw};
use super::super::settings::{Listen, Node, Workers};
use super::Resolver;
use super::addresses::{ip_address, port_range, socket_address};

/// The dynamic ports (RFC 6335 section 6), which RFC 8656 section 7.2 recommends.
const RELAY_PORTS: RangeInclusive<u16> = 49_152..=65_535;

/// A pair of even and odd (RFC 8656 section 7.2, EVEN-PORT).
const PORTS_PER_SHARD_MIN: usize = 2;

/// The addresses, and where each was written.
pub(super) struct Written {
    pub(super) listen: Listen,
    /// Without and with TLS.
    pub(super) tcp: Vec<Located<SocketAddr>>,
    /// With TLS alone.
    pub(super) tls: Vec<Located<SocketAddr>>,
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
        let plain = self.sockets(&raw.turn_tcp, "listen.turn_tcp");
        let tls = self.sockets(&raw.turn_tls, "listen.turn_tls");
        let tls = self.without_taken(tls, &plain);
        let relay =
            self.entries(&raw.relay_addresses, "listen.relay_addresses", MEDIA_ADDRESSES_MAX);
        let relay = self.distinct(relay, ip_address);
        let ports = raw.relay_ports.as_ref().and_then(|item| self.parsed(item, port_range));
        let ports = ports.map_or(RELAY_PORTS, |ports| ports.value);
        self.check_apart(&media, &relay, &ports);
        Some(written(&media, &plain, tls, relay, ports))
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

    /// Half of them are even, so with two for each shard every shard can answer EVEN-PORT.
    pub(super) fn check_relay_ports(
        &mut self,
        raw: Option<&Item<Raw>>,
        written: Option<&Written>,
        node: Option<&Node>,
    ) {
        let (Some(raw), Some(written), Some(node)) = (raw, written, node) else { return };
        let shards = match node.workers {
            Workers::Count(count) => usize::from(count.get()),
            Workers::PerCpu => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let ports = written.listen.relay_ports.len();
        if written.listen.relay_addresses.is_empty() || ports >= PORTS_PER_SHARD_MIN * shards {
            return;
        }
        let at = raw.relay_ports.as_ref().map_or(self.at(raw), |item| self.at(item));
        let message = format!("`listen.relay_ports` has {ports} ports for {shards} shards");
        let help = format!("each shard needs {PORTS_PER_SHARD_MIN} of its own: widen the range");
        self.error("too_few_ports", at, message, &help);
    }

    fn without_taken(
        &mut self,
        addresses: Vec<Located<SocketAddr>>,
        taken: &[Located<SocketAddr>],
    ) -> Vec<Located<SocketAddr>> {
        let mut free = Vec::new();
        for address in addresses {
            match taken.iter().find(|taken| taken.value == address.value) {
                Some(taken) => self.duplicate(&address, taken),
                None => free.push(address),
            }
        }
        free
    }
}

fn written(
    media: &[Located<SocketAddr>],
    plain: &[Located<SocketAddr>],
    tls: Vec<Located<SocketAddr>>,
    relay: Vec<Located<IpAddr>>,
    relay_ports: RangeInclusive<u16>,
) -> Written {
    let ip_of =
        |socket: &Located<SocketAddr>| Located { value: socket.value.ip(), origin: socket.origin };
    let values = |sockets: &[Located<SocketAddr>]| sockets.iter().map(|one| one.value).collect();
    let listen = Listen {
        media: values(media),
        turn_tcp: values(plain),
        turn_tls: values(&tls),
        relay_addresses: relay.iter().map(|ip| ip.value).collect(),
        relay_ports,
    };
    let tcp = [plain, &tls].concat();
    let own = media.iter().chain(&tcp).map(ip_of).chain(relay).collect();
    Written { listen, tcp, tls, own }
}
