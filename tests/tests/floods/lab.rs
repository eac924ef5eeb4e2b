//! A server at the other end of a cable.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::iter::Sum;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ringfence_tests::scrape::scrape;
use ringfence_tests::turn::{Kind, Server, Setup, UdpRoad, run, wait_until};

/// Our end of the cable, and the server's.
pub(crate) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
pub(crate) const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
const SERVER6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xa, 0, 0, 0, 0, 0, 2));

/// Every address of these networks is ours.
const SPOOFED: &str = "10.64.0.0/10";
/// Its first address.
pub(crate) const SPOOFED_FIRST: u32 = 0x0a40_0000;
const SPOOFED6: &str = "fd00:b::/32";

pub(crate) struct Lab {
    pub(crate) server: Server,
    roads: Cell<u32>,
}

impl Lab {
    /// To be called in a namespace of the test's own.
    pub(crate) fn start() -> Self {
        Self::configured(&[])
    }

    /// With keys of the configuration, such as `LIMITS__STREAMS_MAX=8`.
    pub(crate) fn configured(keys: &[&str]) -> Self {
        let keys: Vec<String> = keys.iter().map(|key| format!("RINGFENCE__{key}")).collect();
        // Not coturn, which takes gigabytes and with them the machine. The server waits in its namespace for the cable.
        let under = ["unshare", "--net", "sh", "-c", "read _; exec \"$@\"", "sh"];
        let mut server = Server::launch(&Setup {
            under: [&["env".to_owned()], &keys[..], &under.map(str::to_owned)].concat(),
            listen: vec![SERVER, SERVER6],
            port: 3478,
            relay: vec![SERVER],
            admitted: ["10.0.0.0/24", SPOOFED, "fd00:a::/64", SPOOFED6].map(str::to_owned).to_vec(),
            ..Setup::on_loopback(Kind::ringfence(), CLIENT_OF_LOOPBACK, CLIENT_OF_LOOPBACK)
        });
        connect(server.process.id());
        let mut go = server.process.take_input().expect("a pipe");
        go.write_all(b"\n").expect("it waits");
        server.wait(CLIENT);
        Self { server, roads: Cell::new(0) }
    }

    pub(crate) fn address_of(&self, family: &IpAddr) -> SocketAddr {
        let ip = if family.is_ipv4() { SERVER } else { SERVER6 };
        SocketAddr::new(ip, self.server.address.port())
    }

    /// A client's way from an address that nobody asked from before.
    pub(crate) fn road_from_a_new_address(&self) -> UdpRoad {
        let number = self.roads.replace(self.roads.get() + 1);
        let ip = Ipv4Addr::from_bits(SPOOFED_FIRST + 1 + number);
        UdpRoad::open(IpAddr::V4(ip), self.server.address).expect("every address is ours")
    }

    /// VmRSS of proc(5).
    pub(crate) fn rss_kb(&self) -> u64 {
        self.status_kb("VmRSS:")
    }

    /// That the relay never took more than a flood may make it take (VmHWM of proc(5)).
    pub(crate) fn assert_memory(&self, flood: &str) {
        let most = self.status_kb("VmHWM:");
        assert!(most <= MEMORY_MAX_KB, "{flood}: {most} kB of memory at most");
        assert!(most >= self.rss_kb(), "{flood}: the most is no less than what there is");
        println!("{flood}: at most {most} kB");
    }

    fn status_kb(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.server.process.id());
        let status = fs::read_to_string(path).expect("the server lives");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("a figure in kB")
    }

    /// As the relay counts them.
    pub(crate) fn allocations(&self) -> u64 {
        self.count("ringfence_turn_allocations", "")
    }

    /// Sum of a metric, of its samples with this label.
    pub(crate) fn count(&self, family: &str, label: &str) -> u64 {
        self.sum(family, label)
    }

    /// Sum of all samples of a metric that is a part of something.
    pub(crate) fn ratio(&self, family: &str) -> f64 {
        self.sum(family, "")
    }

    fn sum<N: FromStr + Sum>(&self, family: &str, label: &str) -> N {
        let metrics = self.metrics();
        let values: Vec<N> = metrics
            .lines()
            .filter_map(|line| line.strip_prefix(family))
            .filter(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse().ok())
            .collect();
        assert!(!values.is_empty(), "no metric {family}: {metrics}");
        values.into_iter().sum()
    }

    fn metrics(&self) -> String {
        scrape(&self.server.control()).expect("the relay's socket")
    }
}

/// What a flood may make a relay take.
const MEMORY_MAX_KB: u64 = 256 << 10;

/// Only to begin with: there is no server on loopback here.
const CLIENT_OF_LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A veth(4) pair between our namespace and that of the process, and ways back to whoever we say
/// we are.
fn connect(process: u32) {
    let namespace = |id: &str| fs::read_link(format!("/proc/{id}/ns/net")).ok();
    let ours = namespace("self");
    wait_until("the server is in its namespace", || {
        namespace(&process.to_string()).is_some_and(|theirs| Some(theirs) != ours)
    });
    run(&format!("ip link add near type veth peer name far netns {process}"));
    for words in [
        "address add 10.0.0.1/24 dev near",
        "-6 address add fd00:a::1/64 dev near nodad",
        "link set near up",
        &format!("route add local {SPOOFED} dev lo"),
        &format!("-6 route add local {SPOOFED6} dev lo"),
    ] {
        run(&format!("ip {words}"));
    }
    for words in [
        "link set lo up",
        "address add 10.0.0.2/24 dev far",
        "-6 address add fd00:a::2/64 dev far nodad",
        "link set far up",
        &format!("route add {SPOOFED} via 10.0.0.1"),
        &format!("-6 route add {SPOOFED6} via fd00:a::1"),
    ] {
        run(&format!("nsenter --target {process} --net ip {words}"));
    }
}
