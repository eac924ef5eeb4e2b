//! The command line.

mod compare;
mod fan_out;
mod floor;
mod hold;
mod load;
mod output;
mod overload;
mod progress;
mod reload;
mod restart;
mod soak;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Loads media servers and measures what they do: loss, latency, processor time.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Offer a load to one server: a rate, or a search for the highest without loss.
    Load(load::Arguments),
    /// Measure servers at the same work in turn. Exit status 1: a target was missed.
    Compare(compare::Arguments),
    /// Send back whatever arrives: what the kernel alone costs.
    Floor(floor::Arguments),
    /// Processor time a copy in rooms, relay against floor. Exit status 1: a case missed, or lost.
    FanOut(fan_out::Arguments),
    /// Copies, loss and latency of one large meeting. Exit status 1: a copy was lost.
    Hold(hold::Arguments),
    /// Calls beside strangers who offer many times what a capped relay can carry, and the same calls
    /// alone. Exit status 1: a target was missed.
    Overload(overload::Arguments),
    /// Loss, packets astray and the time of the answer over many reloads. Exit status 1: any of them.
    Reload(reload::Arguments),
    /// Kill the relay over and over while it is loaded. Exit status 1: a promise was broken.
    Restart(restart::Arguments),
    /// An hour at 70 % load with clients that come and go. Exit status 1: memory grew, or a leak.
    Soak(soak::Arguments),
}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::Load(arguments) => load::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Floor(arguments) => floor::run(&arguments),
        Command::FanOut(arguments) => fan_out::run(&arguments),
        Command::Hold(arguments) => hold::run(&arguments),
        Command::Overload(arguments) => overload::run(&arguments),
        Command::Reload(arguments) => reload::run(&arguments),
        Command::Restart(arguments) => restart::run(&arguments),
        Command::Soak(arguments) => soak::run(&arguments),
    }
}
