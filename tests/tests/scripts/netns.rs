//! scripts/netns: three hosts, cables between them, no way out. Needs root.

use std::fs::File;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

use super::{script, succeeded};

/// Hosts that are taken away with this value.
struct Hosts {
    name: String,
}

impl Hosts {
    fn up() -> Self {
        let hosts = Self { name: format!("test-{}", std::process::id()) };
        succeeded(&hosts.command(&["up"]));
        hosts
    }

    fn command(&self, words: &[&str]) -> std::process::Output {
        script("netns").args(["--name", &self.name]).args(words).output().expect("bash is there")
    }

    fn path(&self, host: &str) -> PathBuf {
        Path::new("/run/netns").join(format!("{}-{host}", self.name))
    }

    /// A socket stays on the host that it was made on.
    fn socket(&self, host: &str, address: &'static str) -> UdpSocket {
        let namespace = File::open(self.path(host)).expect("the host is there");
        let there = thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).expect("root may");
            UdpSocket::bind(address)
        });
        let socket = there.join().expect("no panic").expect("the address is the host's");
        socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        socket
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        let _ = self.command(&["down"]);
    }
}

fn ping(from: &UdpSocket, to: &UdpSocket) {
    let mut buffer = [0; 64];
    from.send_to(b"ping", to.local_addr().unwrap()).unwrap();
    let (bytes, source) = to.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..bytes], source), (&b"ping"[..], from.local_addr().unwrap()));
    to.send_to(b"pong", source).unwrap();
    assert_eq!(from.recv(&mut buffer).unwrap(), 4);
}

#[test]
fn packets_go_from_host_to_host_and_nowhere_else() {
    let hosts = Hosts::up();
    let relay = ["10.77.1.1:3478", "10.77.2.1:3478"].map(|address| hosts.socket("relay", address));
    let client = hosts.socket("clients", "10.77.1.130:0");
    let peer = hosts.socket("peers", "10.77.2.130:0");
    ping(&client, &relay[0]);
    ping(&peer, &relay[1]);
    for address in ["192.0.2.1:9", "10.77.2.130:9"] {
        let lost = client.send_to(b"out", address).unwrap_err();
        assert_eq!(lost.kind(), ErrorKind::NetworkUnreachable, "{address}");
    }

    let status = succeeded(&hosts.command(&["status"]));
    assert_eq!(status.matches("tx-checksumming: off").count(), 2, "{status}");
    assert_eq!(status.matches("relay receives from").count(), 2, "{status}");
    assert!(!status.contains("processors 0\n"), "nobody receives for the relay: {status}");

    let refused = hosts.command(&["up"]);
    assert!(!refused.status.success(), "hosts are not made twice");
    succeeded(&hosts.command(&["down"]));
    assert!(["relay", "clients", "peers"].iter().all(|host| !hosts.path(host).exists()));
}

#[test]
fn hosts_on_which_something_runs_stay() {
    let hosts = Hosts { name: format!("busy-{}", std::process::id()) };
    succeeded(&hosts.command(&["up"]));
    let mut run = script("netns");
    let run = run.args(["--name", &hosts.name, "run", "peers", "sh", "-c", "echo there; read _"]);
    let pipe = std::process::Stdio::piped;
    let mut child = run.stdin(pipe()).stdout(pipe()).spawn().unwrap();
    let mut said = [0; 6];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
    let refused = hosts.command(&["down"]);
    assert!(!refused.status.success() && hosts.path("relay").exists());
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains(&child.id().to_string()), "{told}");
    drop(child.stdin.take());
    child.wait().unwrap();
    succeeded(&hosts.command(&["down"]));
}
