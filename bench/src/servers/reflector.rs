//! The floor: this program itself, started again to send back all that it gets.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use anyhow::Context;
use ringfence_net::floor::Reflector;

use super::{Server, Trade, Wish};

/// Sends back what arrives at these addresses, until the process is ended. Says where it listens, an
/// address a line.
///
/// # Errors
/// An address is not ours, or the kernel fails it.
pub fn reflect(addresses: &[SocketAddr], trains: bool) -> anyhow::Result<()> {
    let mut reflector = Reflector::open(addresses, trains)?;
    for address in reflector.addresses() {
        println!("{address}");
    }
    Ok(reflector.serve(&AtomicBool::new(false))?)
}

pub(super) fn start(name: &str, ip: IpAddr, wish: &Wish) -> anyhow::Result<Server> {
    let [taskset, words @ ..] = wish.processors.taskset();
    let mut command = Command::new(taskset);
    command.args(words).arg(std::env::current_exe()?).arg("floor");
    // As a TURN server has one address for its clients and one for each allocation's peer.
    let sockets = if name == "reflector+one" { 1 } else { wish.flows + 1 };
    for _ in 0..sockets {
        command.arg("--listen").arg(SocketAddr::new(ip, 0).to_string());
    }
    let trains = name == "reflector+trains";
    if trains {
        command.arg("--trains");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().context("taskset(1) starts this program again")?;
    let output = child.stdout.take().context("a pipe was asked for")?;
    let child = Child(child);
    let lines = BufReader::new(output).lines().take(sockets);
    let addresses: Vec<SocketAddr> =
        lines.map(|line| Ok(line?.parse()?)).collect::<anyhow::Result<_>>()?;
    anyhow::ensure!(addresses.len() == sockets, "the reflector has ended");
    let how = if trains { "UDP_GRO in, UDP_SEGMENT out" } else { "recvmmsg and sendmmsg" };
    Ok(Server {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        remarks: vec![
            format!("no server: sends all back where it came from, by {how}"),
            format!("has {sockets} sockets; a TURN server has 1 and one for each flow"),
        ],
        trade: Trade::Echo,
        addresses,
        tls: None,
        process: Some(child.0.id()),
        credentials: None,
        control: None,
        life: Box::new(child),
    })
}

/// Does not outlive the run.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
