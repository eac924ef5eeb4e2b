//! `ringfence select`.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use hyper::Method;
use serde_json::json;

use super::arguments::SelectArgs;
use super::calls::Caller;
use super::config_file;
use super::failure::Failure;
use super::output::OutputMode;
use super::table::Table;
use crate::api::select::{self, Names, NotOfferedSite, Offered, Question, Selection};
use crate::client::{ClientError, with_query};

/// Selects as the configuration says, or as the running relay does.
pub(super) fn run(
    args: &SelectArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let selection = match args.live {
        true => live(args, config)?,
        false => offline(args, config)?,
    };
    Ok(output.show(&json!(selection), |color| in_words(&selection, color)))
}

fn offline(args: &SelectArgs, config: Option<&Path>) -> Result<Selection, Failure> {
    let loaded = config_file::load(config)?;
    let names = |list: &[String]| (!list.is_empty()).then(|| Names::new(list.to_vec()));
    let question = Question {
        tenant: args.tenant.clone(),
        fence: args.fence.clone(),
        group: args.group.clone(),
        client: args.client,
        require: names(&args.require),
        prefer: names(&args.prefer),
        full: names(&args.full),
        down: names(&args.down),
    };
    let selected = select::answer(&loaded.policy, &loaded.sources, &question, false);
    selected.map_err(|unselected| Failure::unselected(&unselected, &loaded))
}

fn live(args: &SelectArgs, config: Option<&Path>) -> Result<Selection, Failure> {
    let caller = Caller::new(&args.relay, config)?;
    let client = args.client.map(|address| address.to_string());
    let lists = [&args.require, &args.prefer, &args.full, &args.down].map(|list| list.join(","));
    let [require, prefer, full, down] = lists.each_ref().map(|list| Some(list.as_str()));
    let pairs = [
        ("tenant", Some(args.tenant.as_str())),
        ("fence", args.fence.as_deref()),
        ("group", args.group.as_deref()),
        ("client", client.as_deref()),
        ("require", require),
        ("prefer", prefer),
        ("full", full),
        ("down", down),
    ];
    let pairs = pairs.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let pairs: Vec<_> = pairs.filter(|(_, value)| !value.is_empty()).collect();
    let answer = caller.call(Method::GET, &with_query("/v1/select", &pairs))?;
    let selection = serde_json::from_value(answer);
    selection.map_err(|error| ClientError::Garbled(error.to_string()).into())
}

fn in_words(selection: &Selection, color: bool) -> String {
    let mut table = Table::new(["OFFERED AS", "SITE", "REGION", "BECAUSE"]);
    let mut rows = |what: &str, offered: &[Offered]| {
        for offer in offered {
            let because = offer.reason.in_words().to_owned();
            table.row([what.to_owned(), offer.site.clone(), offer.region.clone(), because]);
        }
    };
    rows("primary", &selection.primaries);
    rows("spare", &selection.spares);
    let mut text = table.render(color);
    if !selection.refused.is_empty() {
        text.push('\n');
        text.push_str(&refused_in_words(&selection.refused));
    }
    text
}

/// The sites that are not offered, a line each.
pub(super) fn refused_in_words(refused: &[NotOfferedSite]) -> String {
    let mut text = String::new();
    for site in refused {
        let place = site.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "not {}: {}: {}{place}", site.site, site.reason, site.explanation);
    }
    text
}
