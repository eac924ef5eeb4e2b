//! `ringfence-bench load`.

mod measure;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use ringfence_bench::load::{Mix, Shape};
use ringfence_bench::machine::Circumstances;
use ringfence_bench::record::{Case, Record};
use ringfence_bench::servers::{self, NAMES, Processors, Server, Trade, Wish};
use ringfence_bench::work::turn::{Direction, Plan, Transport};
use ringfence_tests::turn::Credentials;
use serde::Serialize;

use self::measure::{Bench, Loading, Offered, Open};
use super::output::{Output, give, write_page};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    work: Work,
}

#[derive(Subcommand)]
enum Work {
    /// Flows through a TURN server (RFC 8656).
    Turn(Turn),
    /// UDP to a reflector and back.
    Echo(Echo),
}

#[derive(Args)]
struct Turn {
    /// Who is loaded.
    #[arg(long, default_value = "ringfence", help = NAMES)]
    server: String,
    /// Clients with a peer each, or pairs of clients.
    #[arg(long, default_value_t = 8)]
    flows: usize,
    /// Who sends.
    #[arg(long, value_enum, default_value = "both")]
    direction: Direction,
    /// How clients reach the server.
    #[arg(long, value_enum, default_value = "udp")]
    transport: Transport,
    /// Name and password for a server that somebody else runs.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Option<String>,
    #[command(flatten)]
    offer: Offer,
}

#[derive(Args)]
struct Echo {
    /// Who is loaded.
    #[arg(long, default_value = "reflector", help = NAMES)]
    server: String,
    /// Sockets that send, two for each of so many flows.
    #[arg(long, default_value_t = 8)]
    flows: usize,
    #[command(flatten)]
    offer: Offer,
}

/// What is offered, and what becomes of the results.
#[derive(Args)]
struct Offer {
    /// Packets a second.
    #[arg(long, default_value_t = 20_000, conflicts_with = "search")]
    rate: u64,
    /// For how long, in seconds; in a search, each trial.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Search for the highest rates at which at most 0.1 % and 0.5 % are lost.
    #[arg(long)]
    search: bool,
    /// Packet length in bytes with the RTP header, or `opus`, or `video` (frames).
    #[arg(long, default_value = "172")]
    bytes: Mix,
    /// Packets that leave together, as one train.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    burst: u16,
    /// Encrypt payloads (RFC 3711), and decrypt some of what arrives.
    #[arg(long)]
    srtp: bool,
    /// Measure latency: after a search at 10, 50 and 90 % of what was found.
    #[arg(long)]
    latency: bool,
    /// Write a page of the results.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// The record, and the trials as they were.
#[derive(Serialize)]
struct Loaded {
    #[serde(flatten)]
    record: Record,
    trials: Vec<Offered>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (load, offer) = match &arguments.work {
        Work::Turn(turn) => (turn.load()?, &turn.offer),
        Work::Echo(echo) => (echo.load()?, &echo.offer),
    };
    let name = format!("{}, {}", load.name, offer.shape());
    let circumstances = Circumstances::now();
    let mut bench = Bench::new(load, offer)?;
    bench.measure()?;
    let Bench { load, outcome, trials, .. } = bench;
    let results = [(load.server.name.clone(), outcome)].into();
    let record = Record {
        title: format!("Load: {name}"),
        circumstances: circumstances.lines(),
        servers: vec![load.server.record()],
        cases: vec![Case { name, results, targets: Vec::new() }],
    };
    let text = ringfence_bench::report::table(&record) + &measure::table(&trials);
    write_page(&record, offer.html.as_deref())?;
    give(&text, &Loaded { record, trials }, &offer.output, "load")?;
    Ok(ExitCode::SUCCESS)
}

impl Turn {
    fn load(&self) -> anyhow::Result<Loading> {
        let Self { flows, direction, transport, .. } = *self;
        let plan = Plan { flows, direction, transport };
        let mut server = start(&self.server, Trade::Turn, &plan)?;
        server.credentials = self.user.as_deref().map(credentials).transpose()?;
        let name = format!("turn, {flows} flows, {direction:?}, {transport:?}").to_lowercase();
        Ok(Loading { name, server, open: open(plan) })
    }
}

impl Echo {
    fn load(&self) -> anyhow::Result<Loading> {
        let (direction, transport) = (Direction::Both, Transport::Udp);
        let plan = Plan { flows: self.flows, direction, transport };
        let server = start(&self.server, Trade::Echo, &plan)?;
        let name = format!("echo, {} lanes", plan.lanes());
        Ok(Loading { name, server, open: open(plan) })
    }
}

/// Whoever runs a server elsewhere knows what it is.
fn start(name: &str, trade: Trade, plan: &Plan) -> anyhow::Result<Server> {
    let processors = Processors::of_this_machine()?;
    let tls = plan.transport == Transport::Tls;
    let mut server = servers::start(name, 0, &Wish { tls, flows: plan.flows, processors })?;
    if server.process.is_none() {
        server.trade = trade;
    }
    anyhow::ensure!(server.trade == trade, "{name} does other work; see load --help");
    Ok(server)
}

fn open(plan: Plan) -> Box<Open> {
    Box::new(move |server, sinks| server.work(&plan, sinks))
}

fn credentials(user: &str) -> anyhow::Result<Credentials> {
    let (username, password) = user.rsplit_once(':').context("write --user NAME:PASSWORD")?;
    Ok(Credentials { username: username.to_owned(), password: password.to_owned() })
}

impl Offer {
    fn shape(&self) -> Shape {
        Shape { mix: self.bytes, burst: self.burst }
    }
}
