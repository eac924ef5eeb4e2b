//! Debian's rtpengine in user space, on one processor, with as few threads as it takes.

mod bencode;
mod ng;
mod sdp;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use ringfence_net::affinity::Cpu;
use ringfence_tests::turn::{PATIENCE, Process, free_port};

use super::{Server, Trade, Wish};

pub use ng::Ng;

/// The Debian package that has it.
pub const PACKAGE: &str = "rtpengine-daemon";

const PROGRAM: &str = "rtpengine";

/// Local ports for media, below those that the kernel gives out: two of each side of a call.
const PORTS: (u16, u16) = (10_000, 30_000);

/// Nothing ends a call but its deletion.
const TIMEOUT_S: &str = "86400";

/// A running rtpengine.
pub struct Rtpengine {
    process: Process,
    ng: SocketAddr,
}

impl Rtpengine {
    /// Starts it and waits until it answers. It keeps no kernel table (`--table=-1`), so every packet
    /// goes through its one poller thread; RTP/AVP is forwarded unread but for its header.
    ///
    /// # Errors
    /// It is not installed, or does not answer.
    pub fn start(ip: Ipv4Addr, cpu: Cpu) -> anyhow::Result<Self> {
        ensure!(is_installed(), "{PROGRAM} is missing; next: apt-get install {PACKAGE}");
        let ng = SocketAddr::from((ip, free_port(IpAddr::V4(ip))));
        let mut process = Process::start(&mut command(ip, ng, cpu));
        let client = Ng::connect(ng)?;
        let mut answered = client.ping();
        let began = std::time::Instant::now();
        while answered.is_err() && process.is_running() && began.elapsed() < PATIENCE {
            answered = client.ping();
        }
        answered.with_context(|| format!("{PROGRAM} does not answer at {ng}"))?;
        Ok(Self { process, ng })
    }

    /// Where it takes commands.
    pub fn ng(&self) -> SocketAddr {
        self.ng
    }

    /// Its process id.
    pub fn process(&self) -> u32 {
        self.process.id()
    }
}

/// It, as one of the servers of a run.
pub(super) fn server(ip: IpAddr, wish: &Wish) -> anyhow::Result<Server> {
    let IpAddr::V4(ip) = ip else { bail!("rtpengine is measured over IPv4") };
    let running = Rtpengine::start(ip, wish.processors.serving())?;
    Ok(Server {
        name: PROGRAM.to_owned(),
        version: version()?,
        remarks: REMARKS.map(str::to_owned).to_vec(),
        trade: Trade::Calls,
        addresses: vec![running.ng()],
        tls: None,
        process: Some(running.process()),
        credentials: None,
        control: None,
        life: Box::new(running),
    })
}

const REMARKS: [&str; 3] = [
    "in user space, without its kernel module; one poller thread for media",
    "rewrites, records and transcodes on request, and speaks to SIP proxies; here it only forwards",
    "learns addresses from what arrives; knows no regions",
];

/// Whether there is such a program.
pub fn is_installed() -> bool {
    version().is_ok()
}

/// What it says of itself.
///
/// # Errors
/// It is not installed.
pub fn version() -> anyhow::Result<String> {
    let output = Command::new(PROGRAM).arg("--version").output();
    let output = output.with_context(|| format!("{PROGRAM} is missing: package {PACKAGE}"))?;
    // Some builds write it to the one, some to the other.
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.strip_prefix("Version: "));
    Ok(line.context("rtpengine tells no version")?.trim().to_owned())
}

fn command(ip: Ipv4Addr, ng: SocketAddr, cpu: Cpu) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &cpu.0.to_string(), PROGRAM]);
    // A name that is no file's, or it would read the configuration of the host's own.
    command.args(["--config-file=none", "--foreground", "--log-stderr", "--log-level=0"]);
    command.args(["--table=-1", "--num-threads=1", "--media-num-threads=0"]);
    command.arg(format!("--interface={ip}")).arg(format!("--listen-ng={ng}"));
    command.arg(format!("--port-min={}", PORTS.0)).arg(format!("--port-max={}", PORTS.1));
    command.args(["--timeout", TIMEOUT_S, "--silent-timeout", TIMEOUT_S, "--delete-delay=0"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
