//! `ringfence-bench`: loads media servers and measures them.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    cli::run()
}
