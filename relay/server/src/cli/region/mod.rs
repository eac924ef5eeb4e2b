//! `ringfence region`.

mod arguments;
mod build;
mod coverage;
mod diff;
mod files;

use std::path::Path;
use std::process::ExitCode;

pub(super) use arguments::RegionCommand;

use super::failure::Failure;
use super::output::OutputMode;

/// Makes region data, or tells what is in it.
pub(super) fn run(
    command: &RegionCommand,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    match command {
        RegionCommand::Build(args) => build::run(args, output),
        RegionCommand::Diff(args) => diff::run(args, output),
        RegionCommand::Coverage(args) => coverage::run(args, config, output),
    }
}
