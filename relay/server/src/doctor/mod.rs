//! What about this host or its configuration will hurt a relay, each thing with what to do about it.
//!
//! `host` reads what the system says of itself. Every check is a pure function of that and of the
//! configuration, so that tests can give it any host there is.

mod addresses;
mod buffers;
mod clock;
mod descriptors;
mod finding;
mod host;
mod offload;
mod ports;
mod queues;
mod shards;
mod site;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

pub use self::finding::{Finding, Grade};

use self::host::Host;
use crate::config::{Listen, Loaded};

/// Looks a configuration and this host over. Changes nothing; opens one socket on loopback for a
/// moment.
pub fn examine(loaded: &Loaded) -> Vec<Finding> {
    let config = &loaded.config;
    let own = own_addresses(&config.listen);
    let host = Host::read(config);
    let shards = shards::count(config.node.workers, host.cpus);
    let mut findings = warnings_of(loaded);
    findings.extend(addresses::check(&own, &host.interfaces));
    findings.extend(site::check(&loaded.policy, &config.policy, &own));
    findings.extend(ports::check(config, &host.ports));
    findings.extend(buffers::check(&host.buffers));
    findings.push(descriptors::check(descriptors::needed(config, shards), host.descriptors_max));
    findings.push(offload::check(config.tuning.offload, host.offload));
    findings.push(shards::check(shards, host.cpus));
    findings.extend(queues::check(shards, &host.cards(&own)));
    findings.extend(clock::check(&host.clock));
    findings
}

/// Every address that the relay stands on.
fn own_addresses(listen: &Listen) -> BTreeSet<IpAddr> {
    let sockets = listen.media.iter().chain(&listen.turn_tcp).chain(&listen.turn_tls);
    sockets.map(SocketAddr::ip).chain(listen.relay_addresses.iter().copied()).collect()
}

/// What `check-config` would say.
fn warnings_of(loaded: &Loaded) -> Vec<Finding> {
    let of = |warning: &crate::config::Diagnostic| {
        let place = warning.origin.and_then(|origin| loaded.sources.place(origin));
        let place = place.map(|place| format!("{}:{}: ", place.file, place.line));
        let message = format!("{}{}", place.unwrap_or_default(), warning.message);
        Finding { fix: warning.help.clone(), ..Finding::warning("configuration", message, "") }
    };
    match loaded.warnings.as_slice() {
        [] => vec![Finding::ok("configuration", "it is read and proved, without a warning")],
        warnings => warnings.iter().map(of).collect(),
    }
}
