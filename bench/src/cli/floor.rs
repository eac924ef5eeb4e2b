//! `ringfence-bench floor`.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use ringfence_bench::servers;

#[derive(Args)]
pub(crate) struct Arguments {
    /// An address to listen on; as often as wanted.
    #[arg(long, required = true, value_name = "IP:PORT")]
    listen: Vec<SocketAddr>,
    /// Take trains in (UDP_GRO) and send them on as trains (UDP_SEGMENT).
    #[arg(long)]
    trains: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    servers::reflect(&arguments.listen, arguments.trains)?;
    Ok(ExitCode::SUCCESS)
}
