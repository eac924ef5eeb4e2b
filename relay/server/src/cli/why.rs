//! `ringfence why`.

use std::path::Path;
use std::process::ExitCode;

use hyper::Method;
use serde_json::json;

use super::arguments::WhyArgs;
use super::calls::Caller;
use super::config_file;
use super::exit;
use super::failure::Failure;
use super::output::OutputMode;
use crate::api::why::{self, Answer, Question};
use crate::client::{ClientError, with_query};

/// Explains a decision: the configuration's, or the running relay's.
pub(super) fn run(
    args: &WhyArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let answer = match args.live {
        true => live(args, config)?,
        false => offline(args, config)?,
    };
    let shown = output.show(&json!(answer), |color| in_words(&answer, color));
    match answer.admitted {
        true => Ok(shown),
        false => Ok(exit::code(exit::REFUSED)),
    }
}

fn offline(args: &WhyArgs, config: Option<&Path>) -> Result<Answer, Failure> {
    let loaded = config_file::load(config)?;
    let question = Question {
        address: args.address,
        fence: args.fence.clone(),
        tenant: args.tenant.clone(),
        group: args.group.clone(),
        role: args.role,
        site: args.site.clone(),
    };
    Ok(why::answer(&loaded.policy, &loaded.sources, &question)?)
}

fn live(args: &WhyArgs, config: Option<&Path>) -> Result<Answer, Failure> {
    let caller = Caller::new(&args.client, config)?;
    let (address, role) = (args.address.to_string(), json!(args.role));
    let mut pairs =
        vec![("address", address.as_str()), ("role", role.as_str().unwrap_or_default())];
    pairs.extend(args.fence.as_deref().map(|fence| ("fence", fence)));
    pairs.extend(args.tenant.as_deref().map(|tenant| ("tenant", tenant)));
    pairs.extend(args.group.as_deref().map(|group| ("group", group)));
    pairs.extend(args.site.as_deref().map(|site| ("site", site)));
    let answer = caller.call(Method::GET, &with_query("/v1/why", &pairs))?;
    let answer = serde_json::from_value(answer);
    answer.map_err(|error| ClientError::Garbled(error.to_string()).into())
}

fn in_words(answer: &Answer, color: bool) -> String {
    let (word, style) = match answer.admitted {
        true => ("admitted", "\x1b[32m"),
        false => ("refused", "\x1b[31m"),
    };
    let word = match color {
        true => format!("{style}{word}\x1b[0m"),
        false => word.to_owned(),
    };
    let facts = [
        ("rule", answer.rule.as_deref()),
        ("written at", answer.place.as_deref()),
        ("fence", answer.fence.as_deref()),
        ("group", answer.group.as_deref()),
        ("region", answer.region.as_deref()),
        ("site", Some(answer.site.as_str())),
    ];
    let mut text = format!("{word}: {}\n", answer.explanation);
    for (name, value) in facts {
        if let Some(value) = value {
            text.push_str(&format!("  {name:<10}  {value}\n"));
        }
    }
    text.push_str(&format!("  {:<10}  {}\n", "epoch", answer.epoch));
    if !answer.steps.is_empty() {
        text.push_str("asked in this order:\n");
    }
    for step in &answer.steps {
        let mark = if step.passed { "yes" } else { "no " };
        let place = step.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        text.push_str(&format!("  {mark}  {}{place}\n", step.explanation));
    }
    text
}
