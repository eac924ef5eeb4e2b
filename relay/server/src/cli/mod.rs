//! The command line.

mod arguments;
mod audit;
mod calls;
mod check_config;
mod config_file;
mod credentials;
mod doctor;
mod documents;
mod drain;
mod exit;
mod failure;
mod import;
mod narrow;
mod output;
mod plan;
mod prove;
mod region;
mod reload;
mod report;
mod select;
mod serve;
mod table;
mod top;
mod why;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub use self::arguments::{Cli, ClientArgs};
pub use self::output::OutputMode;

use self::arguments::{AuditCommand, Command, ConfigCommand};
use self::failure::Failure;
use crate::{demo, dev, join};

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let output = OutputMode::detect(cli.json);
    match dispatch(&cli, output) {
        Ok(code) => code,
        Err(failure) => failure.report(output),
    }
}

fn dispatch(cli: &Cli, output: OutputMode) -> Result<ExitCode, Failure> {
    let config = cli.config.as_deref();
    match &cli.command {
        Command::Serve => serve::run(config_file::load_proven(config)?, output),
        Command::Dev(args) => Ok(dev::run(args, output)),
        Command::Join(args) => Ok(join::run(args, output)),
        Command::Demo(args) => Ok(demo::run(args, output)),
        Command::Import(args) => import::run(args, output),
        Command::Region(command) => region::run(command, config, output),
        Command::CheckConfig => check_config::run(config, output),
        Command::Doctor => doctor::run(config, output),
        Command::Plan(args) => plan::run(args, config, output),
        Command::Prove => prove::run(config, output),
        Command::Select(args) => select::run(args, config, output),
        Command::Why(args) => why::run(args, config, output),
        Command::Credentials(args) => credentials::run(args, config, output),
        Command::Rooms(args) => calls::rooms(args, config, output),
        Command::Sessions(args) => calls::sessions(args, config, output),
        Command::Allocations(args) => calls::allocations(args, config, output),
        Command::Top(args) => top::run(args, config, output),
        Command::Disconnect(args) => calls::disconnect(args, config, output),
        Command::Narrow(args) => narrow::run(args, config, output),
        Command::Reload(args) => reload::run(args, config, output),
        Command::Drain(args) => drain::run(args, config, output),
        Command::Report(args) => report::run(args, config, output),
        Command::Audit(AuditCommand::Verify(args)) => audit::verify(args, config, output),
        Command::Config(ConfigCommand::Schema) => Ok(documents::schema()),
        Command::Config(ConfigCommand::Effective) => documents::effective(config, output),
        Command::Completions { shell } => Ok(documents::completions(*shell)),
        Command::Man { dir } => documents::man(dir.as_deref()),
    }
}

/// What the parser says, or a program asked for JSON and did not get that far.
fn usage(error: &clap::Error) -> ExitCode {
    let asked_for_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked_for_help && std::env::args_os().any(|arg| arg == "--json") {
        return Failure::usage(&error.to_string()).report(OutputMode::Json);
    }
    // There is nowhere to say that the terminal is gone.
    let _ = error.print();
    exit::code(if asked_for_help { 0 } else { exit::USAGE })
}
