//! Debian's coturn, set up to do what the relay does.

use std::path::Path;
use std::process::Command;

use super::credentials::{REALM, SECRET};
use super::server::Setup;

pub(super) fn command(setup: &Setup, folder: &Path) -> Command {
    let mut words = vec![
        "-n".to_owned(),
        "--no-cli".to_owned(),
        "--use-auth-secret".to_owned(),
        format!("--static-auth-secret={SECRET}"),
        format!("--realm={REALM}"),
        format!("--listening-port={}", setup.port),
        format!("--relay-threads={}", setup.workers),
        "--allow-loopback-peers".to_owned(),
        "--no-dtls".to_owned(),
        "--log-file=stdout".to_owned(),
        "--simple-log".to_owned(),
        format!("--pidfile={}", folder.join("pid").display()),
        format!("--userdb={}", folder.join("users").display()),
    ];
    words.extend(setup.listen.iter().map(|ip| format!("--listening-ip={ip}")));
    words.extend(setup.relay.iter().map(|ip| format!("--relay-ip={ip}")));
    words.extend(setup.denied.iter().map(|range| format!("--denied-peer-ip={range}")));
    match setup.tls_port {
        Some(port) => words.extend([
            format!("--tls-listening-port={port}"),
            format!("--cert={}", folder.join("certificate.pem").display()),
            format!("--pkey={}", folder.join("key.pem").display()),
        ]),
        None => words.push("--no-tls".to_owned()),
    }
    let mut command = setup.under("turnserver");
    command.args(words);
    command
}
