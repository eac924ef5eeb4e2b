//! `ringfence prove`.

use std::path::Path;
use std::process::ExitCode;

use ringfence_fence::prove;
use serde_json::json;

use super::config_file;
use super::exit;
use super::failure::Failure;
use super::output::OutputMode;
use crate::api::prove::Verdict;

/// Proves that the configuration's policy keeps what it promises, or shows where it does not.
pub(super) fn run(config: Option<&Path>, output: OutputMode) -> Result<ExitCode, Failure> {
    let path = config_file::find(config).map_err(|failure| failure.exiting(exit::USAGE))?;
    let loaded = config_file::load_from(&path).map_err(|failure| failure.exiting(exit::USAGE))?;
    let verdict = Verdict::of(prove(&loaded.policy), &loaded.sources);
    let shown = output.show(&json!(verdict), |color| verdict.in_words(color));
    match verdict.proved {
        true => Ok(shown),
        false => Ok(exit::code(exit::VIOLATED)),
    }
}
