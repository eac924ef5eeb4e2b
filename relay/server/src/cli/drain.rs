//! `ringfence drain`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use super::arguments::DrainArgs;
use super::calls::Caller;
use super::failure::Failure;
use super::output::OutputMode;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has the running relay refuse new work and end with its last call; or take work again.
pub(super) fn run(
    args: &DrainArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let caller = Caller::new(&args.client, config)?;
    let answer = if args.cancel {
        caller.call(Method::DELETE, "/v1/drain")?
    } else if args.state {
        caller.call(Method::GET, "/v1/drain")?
    } else {
        let body = json!({ "deadline_s": args.deadline_s });
        caller.send(Method::POST, "/v1/drain", &body, PATIENCE)?
    };
    Ok(output.show(&answer, |_| in_words(&answer)))
}

fn in_words(state: &Value) -> String {
    let number = |what: &str| state[what].as_u64().unwrap_or(0);
    let [rooms, participants, allocations] = ["rooms", "participants", "allocations"].map(number);
    let held = format!("{participants} participants in {rooms} rooms, {allocations} allocations");
    if state["draining"] != true {
        return format!("takes new work; it has {held}\n");
    }
    let end = match state["left_s"].as_u64() {
        Some(seconds) => format!("with the last of them, or in {seconds} s"),
        None => "with the last of them".to_owned(),
    };
    format!("draining: new work is refused\nstill there: {held}\nit ends {end}\n")
}
