//! `ringfence-bench load`.

mod measure;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ringfence_bench::load::{Mix, Shape};
use ringfence_bench::machine::Circumstances;
use ringfence_bench::record::{Case, Record};
use ringfence_bench::servers::{NAMES, Trade};
use ringfence_bench::work::turn::{Direction, Plan, Transport};
use serde::Serialize;

use self::measure::{Bench, Offered};
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
    let (server, trade, plan, offer, what) = match &arguments.work {
        Work::Turn(turn) => {
            let Turn { server, flows, direction, transport, offer } = turn;
            let plan = Plan { flows: *flows, direction: *direction, transport: *transport };
            let what = format!("turn, {flows} flows, {direction:?}, {transport:?}").to_lowercase();
            (server, Trade::Turn, plan, offer, what)
        }
        Work::Echo(Echo { server, flows, offer }) => {
            let (direction, transport) = (Direction::Both, Transport::Udp);
            let plan = Plan { flows: *flows, direction, transport };
            (server, Trade::Echo, plan, offer, "echo".to_owned())
        }
    };
    let circumstances = Circumstances::now();
    let mut bench = Bench::open(server, trade, plan, offer)?;
    bench.measure()?;
    let name = format!("{what}, {}", offer.shape());
    let record = Record {
        title: format!("Load: {name}"),
        circumstances: circumstances.lines(),
        servers: vec![bench.server.record()],
        cases: vec![Case {
            name,
            results: [(bench.server.name.clone(), bench.outcome)].into(),
            targets: Vec::new(),
        }],
    };
    let text = ringfence_bench::report::table(&record) + &measure::table(&bench.trials);
    write_page(&record, offer.html.as_deref())?;
    give(&text, &Loaded { record, trials: bench.trials }, &offer.output, "load")?;
    Ok(ExitCode::SUCCESS)
}

impl Offer {
    fn shape(&self) -> Shape {
        Shape { mix: self.bytes, burst: self.burst }
    }
}
