//! What a relay that runs cannot change: it keeps what it started with, and says so.

use std::net::SocketAddr;

use ringfence_fence::{Located, Origin, PolicyDraft};

use super::super::Diagnostic;
use super::super::raw::Document;
use super::super::settings::{Config, Node, Turn};
use super::Resolver;

impl Resolver<'_> {
    /// The relay's own addresses are those that it has, not those that the file says by now.
    pub(super) fn keep_own_addresses(&self, raw: &Document, policy: &mut PolicyDraft) {
        let Some(running) = &self.surroundings.running else { return };
        let listen = &running.listen;
        let sockets = listen.media.iter().chain(&listen.turn_tcp).chain(&listen.turn_tls);
        let addresses = sockets.map(SocketAddr::ip).chain(listen.relay_addresses.iter().copied());
        let origin = raw.listen.as_ref().map_or_else(Origin::default, |listen| self.at(listen));
        policy.own_addresses = addresses.map(|value| Located { value, origin }).collect();
        policy.host_addresses.extend(running.control.http.map(|http| http.ip()));
    }

    /// The new configuration with what runs in place of what needs a restart.
    pub(super) fn keep_what_runs(&mut self, raw: &Document, new: Config) -> Config {
        let Some(running) = self.surroundings.running.clone() else {
            return new;
        };
        let listen = raw.listen.as_ref().map(|listen| self.at(listen));
        let control = raw.control.as_ref().map(|control| self.at(control));
        let node = raw.node.as_ref().map(|node| self.at(node));
        let differing = [
            ("node", node, threads(&new.node) != threads(&running.node)),
            ("listen", listen, new.listen != running.listen),
            ("control", control, ways_in(&new) != ways_in(&running)),
            ("turn", None, !is_same_door(&new.turn, &running.turn)),
            ("limits", None, new.limits != running.limits),
            ("tuning", None, new.tuning != running.tuning),
            ("log", None, new.log != running.log),
        ];
        for (section, origin, _) in differing.into_iter().filter(|(.., differs)| *differs) {
            self.report(needs_restart(section, origin));
        }
        merged(new, &running)
    }
}

fn merged(new: Config, running: &Config) -> Config {
    let (mut node, mut control) = (new.node, new.control);
    (node.workers, node.pin) = (running.node.workers, running.node.pin);
    control.socket.clone_from(&running.control.socket);
    control.http = running.control.http;
    Config {
        node,
        control,
        listen: running.listen.clone(),
        turn: running.turn.clone(),
        limits: running.limits.clone(),
        tuning: running.tuning,
        log: running.log,
        ..new
    }
}

fn threads(node: &Node) -> impl PartialEq {
    (node.workers, node.pin)
}

fn ways_in(config: &Config) -> impl PartialEq + '_ {
    (&config.control.socket, config.control.http)
}

fn is_same_door(new: &Turn, running: &Turn) -> bool {
    let tls = match (&new.tls, &running.tls) {
        (Some(new), Some(running)) => new.is_same_as(running),
        (new, running) => new.is_none() && running.is_none(),
    };
    let rest =
        |turn: &Turn| (turn.realm.clone(), turn.alternate_servers.clone(), turn.channel_numbers);
    tls && rest(new) == rest(running)
}

fn needs_restart(section: &str, origin: Option<Origin>) -> Diagnostic {
    let message = format!("`{section}` differs from what the relay runs with, and stays as it was");
    let warning = match origin {
        Some(origin) => Diagnostic::warning("needs_restart", origin, message),
        None => Diagnostic::placeless_warning("needs_restart", message),
    };
    warning.advise("restart the relay to put it in force")
}
