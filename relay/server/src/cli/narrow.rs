//! `ringfence narrow`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;
use serde_json::json;

use super::arguments::NarrowArgs;
use super::calls::{Caller, in_path};
use super::failure::Failure;
use super::output::OutputMode;
use super::reload::cuts_in_words;

/// Longest wait: the relay gives up earlier.
const PATIENCE: Duration = Duration::from_secs(15);

/// Lets less into a room.
pub(super) fn run(
    args: &NarrowArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let room = in_path(&args.room)?;
    let body = json!({ "require": args.regions.require, "refuse": args.regions.refuse });
    let caller = Caller::new(&args.client, config)?;
    let answer = caller.send(Method::PATCH, &format!("/v1/rooms/{room}"), &body, PATIENCE)?;
    Ok(output
        .show(&answer, |_| format!("{room} is narrower\n{}", cuts_in_words(&answer["cuts"], true))))
}
