//! A server, an echoing peer, and runs of `turnutils_uclient`.

use std::cell::Cell;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use ringfence_tests::turn::{Credentials, Kind, Process, Server, Setup, run, wait_until};
use tempfile::TempDir;

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 0, 1));
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 3, 1));
const ECHO_PORT: u16 = 3480;

/// The client begins after up to six seconds of its own choosing. One that has not ended after this
/// long is waiting for something that will not come.
const RUN_MAX: Duration = Duration::from_secs(20);

/// Everything that a run needs.
pub(crate) struct Lab {
    server: Server,
    _echo: Process,
    folder: TempDir,
    runs: Cell<u8>,
}

/// What a run says at its end.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    pub(crate) back: u64,
    pub(crate) lost: u64,
}

impl Lab {
    /// To be called in a namespace of the test's own.
    pub(crate) fn start() -> Self {
        run("ip -6 address add fd00:1::1/128 dev lo nodad");
        // Local, but no address of an interface, which the relay would never have as a peer.
        run("ip -6 route add local fd00:1::/64 dev lo");
        run("sysctl -qw net.ipv6.ip_nonlocal_bind=1");
        let kind = Kind::under_test();
        let server = Server::start(&Setup {
            port: 3478,
            tls_port: Some(5349),
            legacy_channels: true,
            relay: vec![SERVER, "fd00:1::1".parse().expect("an address")],
            admitted: vec!["127.1.0.0/16".to_owned(), "fd00:1::/64".to_owned()],
            ..Setup::on_loopback(kind, SERVER, CLIENT)
        });
        let folder = TempDir::new().expect("a temporary folder");
        Self { server, _echo: echo(), folder, runs: Cell::new(0) }
    }

    /// Runs the client to its end and reads what it counted.
    pub(crate) fn run(&self, words: &str) -> Counts {
        let status = self.client(words);
        let output = std::fs::read_to_string(self.output()).unwrap_or_default();
        let good = status.is_some_and(|status| status.success());
        let context = || format!("{words}: {status:?}\n{output}\n{}", self.server.log());
        assert!(good, "{}", context());
        Counts::read(&output).unwrap_or_else(|| panic!("{}", context()))
    }

    /// Whether the client ends, and is content.
    pub(crate) fn exits_well(&self, words: &str) -> bool {
        self.client(words).is_some_and(|status| status.success())
    }

    fn output(&self) -> std::path::PathBuf {
        self.folder.path().join("output")
    }

    /// `None` if it does not end.
    fn client(&self, words: &str) -> Option<ExitStatus> {
        // Each run is somebody else: some leave allocations behind, and one party may have only so
        // many, one address only so many answers a second.
        let number = self.runs.get() + 1;
        self.runs.set(number);
        let Credentials { username, password } = Credentials::of(&format!("party-{number}"));
        let from = format!("127.1.3.{number}");
        let output = File::create(self.output()).expect("the folder is ours");
        let copy = output.try_clone().expect("a second handle");
        let mut command = Command::new("turnutils_uclient");
        command.args(["-u", &username, "-w", &password, "-L", &from]);
        command.args(["-m", "1", "-n", "50", "-l", "172", "-r", &ECHO_PORT.to_string()]);
        command.args(words.split(' ')).arg(SERVER.to_string());
        command.stdin(Stdio::null()).stdout(output).stderr(copy);
        let (mut process, began) = (Process::start(&mut command), Instant::now());
        while process.is_running() && began.elapsed() < RUN_MAX {
            std::thread::sleep(Duration::from_millis(10));
        }
        process.status()
    }
}

impl Counts {
    fn read(output: &str) -> Option<Self> {
        let last = |name: &str| {
            let at = output.rfind(name)? + name.len();
            let digits = output[at..].split(|c: char| !c.is_ascii_digit()).next()?;
            digits.parse().ok()
        };
        Some(Self {
            sent: last("tot_send_msgs=")?,
            back: last("tot_recv_msgs=")?,
            lost: last("Total lost packets ")?,
        })
    }
}

fn echo() -> Process {
    let mut command = Command::new("turnutils_peer");
    command.args(["-L", "127.1.2.1", "-L", "fd00:1::2", "-p", &ECHO_PORT.to_string()]);
    let echo = Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    for ip in ["127.1.2.1", "fd00:1::2"] {
        let address: IpAddr = ip.parse().expect("an address");
        wait_until("the peer listens", || std::net::UdpSocket::bind((address, ECHO_PORT)).is_err());
    }
    echo
}
