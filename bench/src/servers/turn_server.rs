//! The crate `turn-server`, installed by `cargo install`.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use ringfence_tests::turn::{Process, REALM, SECRET, free_port};
use tempfile::TempDir;

use super::{Server, Trade, Wish, answer, version};

const INSTALL: &str =
    "turn-server is missing; next: cargo install --root target/rivals turn-server";

const REMARKS: [&str; 3] = [
    "its relayed ports are virtual: it forwards only between allocations of its own, never to a peer \
     outside, so it is measured with pairs",
    "moves a packet of a pair once; a server that sends it to itself moves it twice",
    "checks no address against anything",
];

pub(super) fn start(ip: IpAddr, wish: &Wish) -> anyhow::Result<Server> {
    anyhow::ensure!(!wish.tls, "turn-server is measured over UDP only");
    let binary = binary().context(INSTALL)?;
    let folder = TempDir::new()?;
    let address = SocketAddr::new(ip, free_port(ip));
    let configuration = folder.path().join("turn-server.toml");
    std::fs::write(&configuration, text(address))?;
    let [taskset, words @ ..] = wish.processors.taskset();
    let mut command = Command::new(taskset);
    command.args(words).arg(&binary).arg("--config").arg(&configuration);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut process = Process::start(&mut command);
    answer::wait(address, || process.is_running(), String::new)?;
    Ok(Server {
        name: "turn-server".to_owned(),
        version: version(&binary, "--version")?,
        remarks: REMARKS.map(str::to_owned).to_vec(),
        trade: Trade::Turn,
        addresses: vec![address],
        tls: None,
        process: Some(process.id()),
        credentials: None,
        control: None,
        life: Box::new((process, folder)),
    })
}

fn text(address: SocketAddr) -> String {
    format!(
        r#"
[server]
realm = "{REALM}"
max-threads = 1
[[server.interfaces]]
transport = "udp"
listen = "{address}"
external = "{address}"
idle-timeout = 600
[log]
level = "error"
stdout = false
[auth]
static-auth-secret = "{SECRET}"
"#
    )
}

/// In the path, or where the advice above puts it.
fn binary() -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let target = std::env::current_exe()?;
    let here = target.ancestors().skip(2).map(|folder| folder.join("rivals/bin"));
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/rivals/bin");
    let folders = std::env::split_paths(&path).chain(here).chain([workspace]);
    let mut binaries = folders.map(|folder| folder.join("turn-server"));
    binaries.find(|binary| binary.is_file()).context("not in the PATH nor in target/rivals/bin")
}
