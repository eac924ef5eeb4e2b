//! What a relay says of itself when it has started.

use tracing::{info, warn};

use crate::config::Config;
use crate::relay::Control;

/// A receive buffer below this loses packets while a shard sends one batch to a large room: 2 ms of
/// 10 Gbit/s.
const RECEIVE_BUFFER_BYTES_LOW: u32 = 2 << 20;

/// Logs where the relay is, what it listens on and what the kernel granted.
pub(super) fn tell(control: &Control) {
    let config = control.config();
    let shards = control.shards();
    let sockets = shards.iter().flat_map(|shard| &shard.sockets);
    let receive_bytes = sockets.clone().map(|socket| socket.receive_buffer_bytes);
    let receive_bytes = receive_bytes.min().unwrap_or(0);
    let send_bytes = sockets.map(|socket| socket.send_buffer_bytes);
    let send_bytes = send_bytes.min().unwrap_or(0);
    let media = control.media_addresses();
    let site = &config.node.site;
    let region = region(&config);
    let socket = config.control.socket.display();
    let http = config.control.http.map(tracing::field::display);
    let shards = shards.len();
    info!(%site, region, ?media, shards, %socket, http, receive_bytes, send_bytes, "started");
    if !config.listen.relay_addresses.is_empty() {
        let (relay, ports) = (&config.listen.relay_addresses, control.ports().free);
        let streams = control.stream_addresses();
        let realm = &config.turn.realm;
        info!(?relay, ports, ?streams, %realm, "TURN is served");
    }
    if receive_bytes < RECEIVE_BUFFER_BYTES_LOW {
        warn!(
            receive_bytes,
            "the kernel granted small receive buffers, so bursts will be lost: give the relay \
             CAP_NET_ADMIN, or set net.core.rmem_max=67108864"
        );
    }
    if let Err(refusal) = control.policy().own_site_standing() {
        warn!(%refusal, "not in standing at its site: all fenced work is refused");
    }
}

fn region(config: &Config) -> Option<&str> {
    let draft = &config.policy;
    let site = draft.sites.iter().find(|site| site.name.value == draft.own_site.value);
    site.map(|site| site.region.value.as_str())
}
