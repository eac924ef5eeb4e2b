//! Who is measured: servers on the first processor, while the generator has the last.

mod answer;
mod coturn;
mod external;
mod processors;
mod reflector;
mod ringfence;
pub mod rtpengine;
mod turn_server;

use std::any::Any;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, bail};
use ringfence_tests::turn::{Credentials, Kind, Server as TestServer, Setup};

pub use processors::Processors;
pub use reflector::reflect;

use crate::record;
use crate::work::calls::Calls;
use crate::work::rooms::{Door, Layout, Rooms, TTL_S};
use crate::work::turn::{Plan, Transport, Turn};
use crate::work::{Echo, Sinks, Task, Work};

/// What a server does with packets, and so which work it can be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trade {
    /// TURN (RFC 8656) and rooms.
    Relay,
    /// TURN.
    Turn,
    /// Calls of two, by rtpengine's protocol.
    Calls,
    /// Sends everything back.
    Echo,
}

/// A server that runs.
pub struct Server {
    /// How it was asked for, such as `ringfence+coalesce`.
    pub name: String,
    /// What it says of itself.
    pub version: String,
    /// What it does that the others do not, and what it leaves out.
    pub remarks: Vec<String>,
    /// What it does.
    pub trade: Trade,
    /// Where it takes datagrams, and TCP at the first of them.
    pub addresses: Vec<SocketAddr>,
    /// Where it speaks TLS.
    pub tls: Option<SocketAddr>,
    /// Whose processor time is read; none where the server is not ours.
    pub process: Option<u32>,
    /// What its clients sign with; none where it has the secret that the tests share.
    pub credentials: Option<Credentials>,
    /// The relay's control socket.
    pub control: Option<PathBuf>,
    /// Ends the server with this value.
    pub life: Box<dyn Any>,
}

/// What is asked of all servers of a run.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whether TLS will be used.
    pub tls: bool,
    /// Flows that a reflector is to have an address for.
    pub flows: usize,
    /// Who has which processor.
    pub processors: Processors,
}

/// Names that [`start`] takes, for `--help`.
pub const NAMES: &str = "ringfence, ringfence+coalesce, ringfence:SECTION.KEY=VALUE[,…], coturn, \
                         rtpengine, turn-server, reflector, reflector+one, reflector+trains, external=ADDRESS";

/// Starts the server of that name. Each of a run gets an address of its own by its number.
///
/// # Errors
/// There is none of that name, or its program is missing or does not start.
pub fn start(name: &str, number: u8, wish: &Wish) -> anyhow::Result<Server> {
    let ip = IpAddr::V4(Ipv4Addr::new(127, 1, 0, number + 1));
    match name {
        "coturn" => coturn::start(ip, wish),
        "rtpengine" => rtpengine::server(ip, wish),
        "turn-server" => turn_server::start(ip, wish),
        "reflector" | "reflector+one" | "reflector+trains" => reflector::start(name, ip, wish),
        relay if relay.starts_with("ringfence") => ringfence::start(relay, ip, wish),
        other => match other.strip_prefix("external=") {
            Some(address) => external::server(address),
            None => bail!("there is no server {other}; there are: {NAMES}"),
        },
    }
}

impl Server {
    /// Streams through it, as far as that is what it does; a reflector gets as many lanes as a TURN
    /// server would.
    ///
    /// # Errors
    /// It does other work, refuses, or does not answer.
    pub fn work(&self, task: &Task, sinks: Sinks) -> anyhow::Result<Box<dyn Work>> {
        let first = *self.addresses.first().context("a server has an address")?;
        Ok(match (self.trade, *task) {
            (Trade::Relay | Trade::Turn, Task::Turn(plan)) => self.turn(first, &plan, sinks)?,
            (Trade::Echo, Task::Turn(plan)) => {
                Box::new(Echo::open(&self.addresses, plan.lanes(), sinks)?)
            }
            (Trade::Relay, Task::Rooms(layout)) => self.rooms(first, layout, sinks)?,
            (Trade::Relay, Task::Calls(rooms)) => {
                self.rooms(first, Layout { rooms, participants: 2, speakers: 2 }, sinks)?
            }
            (Trade::Calls, Task::Calls(calls)) => Box::new(Calls::open(first, calls, sinks)?),
            _ => bail!("{} does other work than {task}; see load --help", self.name),
        })
    }

    fn turn(&self, first: SocketAddr, plan: &Plan, sinks: Sinks) -> anyhow::Result<Box<dyn Work>> {
        let address = match plan.transport {
            Transport::Tls => self.tls.with_context(|| format!("{} speaks no TLS", self.name))?,
            Transport::Udp | Transport::Tcp => first,
        };
        Ok(Box::new(Turn::open(address, plan, sinks, self.credentials.as_ref())?))
    }

    fn rooms(
        &self,
        media: SocketAddr,
        layout: Layout,
        sinks: Sinks,
    ) -> anyhow::Result<Box<dyn Work>> {
        let control = self.control.clone().context("rooms need the relay's control socket")?;
        let door = Door { media, control, tenant: TENANT.to_owned(), ttl_s: TTL_S };
        Ok(Box::new(Rooms::open(&door, layout, sinks)?))
    }

    /// As a record has it.
    pub fn record(&self) -> record::Server {
        let Self { name, version, remarks, .. } = self;
        record::Server { name: name.clone(), version: version.clone(), remarks: remarks.clone() }
    }
}

/// The account of the product's test set-up.
pub const TENANT: &str = "acme";

/// An address from which nobody else asks, so that no limit of a server's is met.
const ASKING: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 15, 1));

/// A TURN server by the product's test set-up, which both makes share.
fn by_test_setup(
    name: &str,
    kind: Kind,
    ip: IpAddr,
    environment: &[String],
    wish: &Wish,
) -> anyhow::Result<Server> {
    let under = [&["env".to_owned()], environment, &wish.processors.taskset()].concat();
    let mut setup = Setup { under, ..Setup::on_loopback(kind, ip, ASKING) };
    if wish.tls {
        setup.tls_port = Some(ringfence_tests::turn::free_port(ip));
    }
    let server = RefCell::new(TestServer::launch(&setup));
    let address = server.borrow().address;
    let is_running = || server.borrow_mut().process.is_running();
    answer::wait(address, is_running, || server.borrow().log())?;
    let server = server.into_inner();
    Ok(Server {
        name: name.to_owned(),
        version: String::new(),
        remarks: Vec::new(),
        trade: Trade::Turn,
        addresses: vec![server.address],
        tls: setup.tls_port.map(|port| SocketAddr::new(ip, port)),
        process: Some(server.process.id()),
        credentials: None,
        control: Some(server.control()),
        life: Box::new(server),
    })
}

/// The last line that a program writes of its version.
fn version(program: &std::path::Path, argument: &str) -> anyhow::Result<String> {
    let output = std::process::Command::new(program).arg(argument).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.trim().lines().last().unwrap_or_default().to_owned())
}
