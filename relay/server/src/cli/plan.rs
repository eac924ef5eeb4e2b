//! `ringfence plan`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;
use serde_json::json;

use super::arguments::PlanArgs;
use super::calls::Caller;
use super::config_file;
use super::exit;
use super::failure::Failure;
use super::output::OutputMode;
use super::reload::cuts_in_words;
use crate::api::plan::{BODY_BYTES_MAX, Planned};
use crate::client::ClientError;
use crate::config::Loaded;
use crate::plan_document::PlanDocument;

/// Longest wait: a million prefixes are read and compared in seconds, on a relay that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Compares two configurations, or one with what the running relay works by.
pub(super) fn run(
    args: &PlanArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let planned = match (args.files.as_slice(), args.live) {
        ([new], true) => live(args, new, config),
        ([new], false) => offline(&config_file::find(config)?, new),
        ([old, new], false) => offline(old, new),
        _ => Err(Failure::usage("with --live name one file: the new configuration")),
    };
    let planned = planned.map_err(|failure| failure.exiting(exit::USAGE))?;
    let shown = output.show(&json!(planned), |color| in_words(&planned, color));
    match planned.plan.widens {
        true => Ok(exit::code(exit::WIDENS)),
        false => Ok(shown),
    }
}

fn offline(old: &Path, new: &Path) -> Result<Planned, Failure> {
    let [old, new] = [load(old)?, load(new)?];
    let plan = PlanDocument::of(&old.policy, &new.policy);
    Ok(Planned { digest: plan.digest(), plan, would_cut: None })
}

fn load(path: &Path) -> Result<Loaded, Failure> {
    config_file::load_from(path)
}

fn live(args: &PlanArgs, new: &Path, config: Option<&Path>) -> Result<Planned, Failure> {
    let text = fs::read_to_string(new)
        .map_err(|error| Failure::usage(&format!("cannot read {}: {error}", new.display())))?;
    if text.len() > BODY_BYTES_MAX {
        let name = new.display();
        return Err(Failure::usage(&format!(
            "{name} is larger than {BODY_BYTES_MAX} bytes, which a relay does not take in a call: put \
             prefixes into a file of region data, or compare without --live"
        )));
    }
    let caller = Caller::new(&args.client, config)?;
    let body = json!({ "config": text });
    let answer = caller.send(Method::POST, "/v1/plan", &body, PATIENCE)?;
    let planned = serde_json::from_value(answer);
    planned.map_err(|error| ClientError::Garbled(error.to_string()).into())
}

fn in_words(planned: &Planned, color: bool) -> String {
    let mut text = planned.plan.in_words(color);
    if let Some(cuts) = &planned.would_cut {
        let cut = cuts_in_words(&json!(cuts), false);
        text.push_str(if cut.is_empty() { "\nno flow would be cut\n" } else { "\n" });
        text.push_str(&cut);
    }
    text.push_str(&format!("\ndigest {}\n", planned.digest));
    text
}
