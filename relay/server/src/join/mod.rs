//! `ringfence join`: a sidecar for endpoints that speak plain RTP. Local UDP on one side, a room on
//! the other, and not a byte of media changed between them.

mod announcer;
mod application;
mod args;
mod door;
mod failure;
mod path;
mod ports;
mod sidecar;
mod statistics;
mod stop;

use std::process::ExitCode;

pub use args::{ApiAddress, FixedPort, JoinArgs, LocalAddress};

use self::announcer::Announcer;
use self::failure::Failure;
use self::sidecar::Sidecar;
use crate::cli::OutputMode;

/// Carries media until it is told to stop, its time is over or the relay refuses.
pub fn run(args: &JoinArgs, output: OutputMode) -> ExitCode {
    let mut announcer = Announcer::new(output);
    match carry(args, &mut announcer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            announcer.fail(&failure);
            failure.exit()
        }
    }
}

fn carry(args: &JoinArgs, announcer: &mut Announcer) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::system("a runtime", &error))?;
    runtime.block_on(async { Sidecar::new(args, announcer).await?.run().await })
}
