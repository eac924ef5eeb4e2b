//! `ringfence reload`.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::ReloadArgs;
use super::calls::{Caller, cell, items};
use super::failure::Failure;
use super::output::{OutputMode, style_errors};
use super::table::Table;
use crate::client::{ClientError, Problem};
use crate::plan_document::PlanDocument;

/// Longest wait: a million prefixes are read, proved and compared in seconds, on a relay that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Has the running relay read its file again.
pub(super) fn run(
    args: &ReloadArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let mut body = json!({ "dry_run": args.dry_run });
    if let Some(accept) = &args.accept {
        body["accept"] = json!(accept);
    }
    let caller = Caller::new(&args.client, config)?;
    let answer = caller.send(Method::POST, "/v1/reload", &body, PATIENCE);
    let answer = answer.map_err(failure)?;
    Ok(output.show(&answer, |color| in_words(&answer, color)))
}

fn in_words(answer: &Value, color: bool) -> String {
    let done = match answer["applied"].as_bool() {
        Some(true) => "in force on every shard",
        _ => "good, and not put in force",
    };
    let mut text = format!("{done}: epoch {}\n", answer["epoch"]);
    if let Ok(plan) = PlanDocument::deserialize(&answer["plan"]) {
        text.push_str(&plan.in_words(color));
    }
    text.push_str(&cuts_in_words(&answer["cuts"], answer["applied"] == true));
    for warning in items(&answer["warnings"]) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "warning: {}", fault_in_words(warning));
    }
    text
}

/// Whom a change has cut, or would.
pub(super) fn cuts_in_words(cuts: &Value, done: bool) -> String {
    let would = if done { "cut" } else { "would cut" };
    let total = |what: &str| cuts[format!("{what}_total").as_str()].as_u64().unwrap_or(0);
    let mut text = String::new();
    for what in ["participants", "allocations"].into_iter().filter(|what| total(what) > 0) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{would}: {} {what}", total(what));
        let _ = write!(text, "{}", cut_table(what, &cuts[what]).render(false));
    }
    text
}

fn cut_table(what: &str, cuts: &Value) -> Table {
    let keys = match what {
        "participants" => ["room", "participant", "address", "region", "rule", "place"],
        _ => ["tenant", "party", "client", "region", "rule", "place"],
    };
    let header = keys.map(str::to_uppercase);
    let mut table = Table::new(header.each_ref().map(String::as_str));
    items(cuts).for_each(|cut| table.row(keys.map(|key| cell(&cut[key]))));
    table
}

/// What the relay said, with all that it said it for.
fn failure(error: ClientError) -> Failure {
    let more = match &error {
        ClientError::Problem(problem) => explain(problem),
        _ => String::new(),
    };
    let failure = Failure::from(error);
    if more.is_empty() { failure } else { failure.adding(&more) }
}

fn explain(problem: &Problem) -> String {
    let Some(change) = &problem.change else {
        return String::new();
    };
    let mut lines: Vec<String> = change.errors.iter().map(fault_in_words).collect();
    lines.extend(change.plan.iter().map(|plan| plan.in_words(style_errors())));
    if let Some(digest) = &change.digest {
        lines.push(format!(
            "Nothing has changed. If all of that is meant: ringfence reload --accept {digest}"
        ));
    }
    lines.join("\n")
}

fn fault_in_words(fault: &Value) -> String {
    let message = fault["message"].as_str().unwrap_or_default();
    match (fault["file"].as_str(), fault["line"].as_u64()) {
        (Some(file), Some(line)) => format!("{file}:{line}: {message}"),
        _ => message.to_owned(),
    }
}
