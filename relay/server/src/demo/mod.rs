//! `ringfence demo`: the relay's main job, shown in a few seconds on one machine.
//!
//! Four participants join one room whose fence admits Europe. They encrypt among themselves with
//! keys that the relay is never given; one of them calls from elsewhere. What came of it is counted
//! where it arrives, compared byte for byte with what was sent, and judged ([`verdict`]).

mod cast;
mod document;
mod entrance;
mod outcome;
mod player;
mod progress;
mod report;
mod script;
mod srtp;
mod stage;
mod tally;
mod verdict;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

pub use cast::{CAST, Character};
pub use outcome::{Heard, Outcome, Played, RefusedBy, RelaySide};
pub use verdict::{Fault, RIGHT_RULE, verdict};

use crate::cli::OutputMode;

/// Options of `ringfence demo`.
#[derive(clap::Args, Clone, Debug)]
pub struct DemoArgs {
    /// Seconds of media.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=60))]
    pub seconds: u16,
}

/// Plays the demo. Succeeds only if all of it came out right.
pub fn run(args: &DemoArgs, output: OutputMode) -> ExitCode {
    let mut progress = progress::Progress::new();
    let length = Duration::from_secs(args.seconds.into());
    let outcome = match stage::play(length, &mut progress) {
        Ok(outcome) => outcome,
        Err(failure) => return failed(failure.as_ref(), output),
    };
    let faults = verdict(&outcome);
    let text = match output {
        OutputMode::Human { color } => report::report(&outcome, &faults, color),
        OutputMode::Json => format!("{:#}\n", document::document(&outcome, &faults)),
    };
    // A reader that has had enough (`| head`) does not change what came of it.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    match faults.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn failed(failure: &(dyn std::error::Error + Send + Sync), output: OutputMode) -> ExitCode {
    match output {
        OutputMode::Human { .. } => eprintln!("the demo could not be played: {failure}"),
        OutputMode::Json => eprintln!("{}", serde_json::json!({ "error": failure.to_string() })),
    }
    ExitCode::FAILURE
}
