//! Options about addresses and ports.

use std::net::{IpAddr, SocketAddr};

use super::Outcome;
use super::lines::Setting;
use super::plan::{Plan, Sourced};

/// Addresses of one kind that a configuration of ours may have.
const ADDRESSES_MAX: usize = 8;
const TOO_MANY: &str = "a relay has at most 8 addresses of a kind";
/// What coturn takes when an address comes without a port.
const PORT: u16 = 3_478;

pub(super) fn listening_ip(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    add(&mut plan.listening_ips, setting, "listening-ip", host(&setting.value), "listen.media")
}

pub(super) fn relay_ip(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    add(&mut plan.relay_ips, setting, "relay-ip", host(&setting.value), "listen.relay_addresses")
}

pub(super) fn aux_server(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    let address = setting.value.parse().ok().filter(|address: &SocketAddr| is_host(address.ip()));
    add(&mut plan.more_listening, setting, "aux-server", address, "listen.media")
}

pub(super) fn alternate_server(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    let bare = setting.value.trim_start_matches('[').trim_end_matches(']');
    let address = match setting.value.parse() {
        Ok(address) => Some(address),
        Err(_) => bare.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, PORT)),
    };
    let address = address.filter(|address| is_host(address.ip()));
    let to = "turn.alternate_servers";
    add(&mut plan.alternate_servers, setting, "alternate-server", address, to)
}

/// The relay's own address is the only one it can be told to show: it does not know of NAT.
pub(super) fn external_ip(_: &mut Plan, setting: &Setting, all: &[Setting]) -> Outcome {
    let own = |option: &str| {
        let named = all.iter().filter(|other| other.name == option);
        named.filter_map(|other| host(&other.value)).collect::<Vec<_>>()
    };
    let relay = own("relay-ip");
    let own = if relay.is_empty() { own("listening-ip") } else { relay };
    let same = match setting.value.split_once('/') {
        Some((public, private)) => host(public).is_some() && host(public) == host(private),
        None => own.len() == 1 && host(&setting.value) == own.first().copied(),
    };
    match same {
        true => Outcome::ignored("it is the relay's own address"),
        false => {
            Outcome::refused("the relay does not stand behind NAT: give it the public address")
        }
    }
}

pub(super) fn listening_port(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    port(&mut plan.port, setting, "listening-port", "listen.media and listen.turn_tcp")
}

pub(super) fn tls_port(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    port(&mut plan.tls_port, setting, "tls-listening-port", "listen.turn_tls")
}

pub(super) fn min_port(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    port(&mut plan.min_port, setting, "min-port", "listen.relay_ports")
}

pub(super) fn max_port(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    port(&mut plan.max_port, setting, "max-port", "listen.relay_ports")
}

pub(super) fn no_tcp(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    plan.no_tcp = Some(Sourced { line: setting.line, option: "no-tcp", value: () });
    Outcome::mapped("listen.turn_tcp is empty")
}

pub(super) fn no_tls(plan: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    plan.no_tls = Some(Sourced { line: setting.line, option: "no-tls", value: () });
    Outcome::mapped("listen.turn_tls is empty")
}

/// Ports for RFC 5780, if it asks for any.
pub(super) fn alternate_port(_: &mut Plan, setting: &Setting, _: &[Setting]) -> Outcome {
    match setting.number() {
        Some(0) => Outcome::ignored("NAT behaviour discovery (RFC 5780) is not served"),
        _ => Outcome::refused("NAT behaviour discovery (RFC 5780) is not served"),
    }
}

fn add<T: PartialEq>(
    list: &mut Vec<Sourced<T>>,
    setting: &Setting,
    option: &'static str,
    value: Option<T>,
    to: &'static str,
) -> Outcome {
    let Some(value) = value else {
        return Outcome::refused("this is not one host's address");
    };
    if list.iter().any(|earlier| earlier.value == value) {
        return Outcome::ignored("an earlier line says the same");
    }
    if list.len() == ADDRESSES_MAX {
        return Outcome::refused(TOO_MANY);
    }
    list.push(Sourced { line: setting.line, option, value });
    Outcome::mapped(to)
}

fn port(
    slot: &mut Option<Sourced<u16>>,
    setting: &Setting,
    option: &'static str,
    to: &'static str,
) -> Outcome {
    let number = setting.number().and_then(|number| u16::try_from(number).ok());
    match number.filter(|port| *port != 0) {
        Some(value) => {
            *slot = Some(Sourced { line: setting.line, option, value });
            Outcome::mapped(to)
        }
        None => Outcome::refused("this is not a port"),
    }
}

fn host(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok().filter(|ip| is_host(*ip))
}

fn is_host(ip: IpAddr) -> bool {
    !ip.is_unspecified() && !ip.is_multicast() && ip.to_canonical() == ip
}
