//! The relay itself, as `ringfence serve` runs it.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::credentials::{REALM, SECRET};
use super::server::Setup;

pub(super) fn command(setup: &Setup, binary: &Path, folder: &Path) -> Command {
    let config = folder.join("ringfence.toml");
    fs::write(&config, text(setup)).expect("the folder is ours");
    let secret = folder.join("acme.secret");
    fs::write(&secret, SECRET).expect("the folder is ours");
    fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).expect("the file is ours");
    let mut command = setup.under(binary);
    command.arg("serve").arg("--config").arg(config);
    command
}

/// Files that [`Server`](super::Server) puts beside the configuration.
const CERTIFICATE: &str = "certificate = \"certificate.pem\"\nprivate_key = \"key.pem\"";

/// One region with everything that is admitted; the relay's own addresses are the site's.
fn text(setup: &Setup) -> String {
    let sockets = |port| list(setup.listen.iter().map(|&ip| SocketAddr::new(ip, port)));
    let own = list(setup.listen.iter().chain(&setup.relay).map(|ip| network(*ip)));
    let (listen_tls, turn_tls) = match setup.tls_port {
        Some(port) => (format!("turn_tls = {}", sockets(port)), CERTIFICATE),
        None => (String::new(), ""),
    };
    format!(
        r#"
[node]
site = "here"
workers = {workers}
pin = false
[listen]
media = {media}
turn_tcp = {media}
relay_addresses = {relay}
relay_ports = "10000-32000"         # below those that the kernel gives out
{listen_tls}
[control]
socket = "control.sock"
[turn]
realm = "{REALM}"
legacy_channels = {legacy_channels}
{turn_tls}
[regions.admitted]
cidrs = {admitted}
[regions.own]
cidrs = {own}
[sites.here]
region = "own"
addresses = {own}
[fences.ours]
clients = ["admitted"]
peers = ["admitted"]
transit = ["own"]
[tenants.acme]
home = "own"
fences = ["ours"]
secrets = ["file:acme.secret"]
"#,
        legacy_channels = setup.legacy_channels,
        workers = setup.workers,
        media = sockets(setup.port),
        relay = list(&setup.relay),
        admitted = list(&setup.admitted),
    )
}

fn network(ip: IpAddr) -> String {
    format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 })
}

fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    let quoted: BTreeSet<String> = items.into_iter().map(|item| format!("\"{item}\"")).collect();
    format!("[{}]", quoted.into_iter().collect::<Vec<_>>().join(", "))
}
