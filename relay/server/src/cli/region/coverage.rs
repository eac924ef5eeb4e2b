//! `ringfence region coverage`.

use std::path::Path;
use std::process::ExitCode;

use ipnet::IpNet;
use ringfence_fence::PolicyDraft;
use ringfence_fence::label_table::{LabelId, Labels};
use serde_json::{Value, json};

use super::super::config_file;
use super::super::exit;
use super::super::failure::Failure;
use super::super::output::OutputMode;
use super::super::table::Table;
use super::arguments::CoverageArgs;
use super::diff::cell;
use super::files::{self, Progress};
use crate::region::coverage::{Coverage, Overlap};
use crate::region::file::{self, FILE_BYTES_MAX};
use crate::region::input::Rows;

/// Overlaps on a terminal; all of them are in the JSON.
const OVERLAPS_SHOWN_MAX: usize = 20;

type Labelled = (Labels, Vec<(IpNet, LabelId)>);

/// Tells what a file, or the configuration, covers.
pub(super) fn run(
    args: &CoverageArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let (labels, prefixes) = match &args.file {
        Some(path) => of_file(path, args)?,
        None => {
            let loaded = config_file::load(config).map_err(|failure| failure.exiting(exit::USAGE));
            of_policy(&loaded?.config.policy)
        }
    };
    let coverage = Coverage::new(labels, prefixes);
    Ok(output.show(&as_json(&coverage, args.gaps), |color| in_words(&coverage, args.gaps, color)))
}

fn of_file(path: &Path, args: &CoverageArgs) -> Result<Labelled, Failure> {
    let bytes = files::read(path, FILE_BYTES_MAX)?;
    if bytes.starts_with(file::MAGIC.as_bytes()) {
        let table = files::read_region_data(path)?.table;
        return Ok((table.labels().clone(), table.prefixes().to_vec()));
    }
    let progress = Progress::new();
    let mut rows = Rows::new(|rows| progress.tell(&format!("{rows} rows")));
    files::read_list(path, &args.reading.reading(), &mut rows)?;
    let (labels, found) = rows.into_parts();
    Ok((labels, found.into_iter().map(|found| (found.net, found.label)).collect()))
}

/// The regions of a policy as labels.
fn of_policy(policy: &PolicyDraft) -> Labelled {
    let (mut labels, mut prefixes) = (Labels::default(), Vec::new());
    for region in &policy.regions {
        // There are no more regions than labels.
        let Some(id) = labels.intern(&region.name.value) else { continue };
        prefixes.extend(region.cidrs.iter().map(|cidr| (cidr.value, id)));
        let Some(data) = &policy.region_data else { continue };
        let own = region.labels.iter().filter_map(|label| data.table.labels().get(&label.value));
        let own: Vec<LabelId> = own.collect();
        let taken = data.table.prefixes().iter().filter(|(_, label)| own.contains(label));
        prefixes.extend(taken.map(|&(net, _)| (net, id)));
    }
    (labels, prefixes)
}

fn as_json(coverage: &Coverage, gaps: bool) -> Value {
    let labels = coverage.labels.iter().map(|(label, set)| {
        let mut extents = coverage.extents(set).to_json();
        extents["label"] = json!(label);
        extents
    });
    let mut unknown = coverage.extents(&coverage.unknown).to_json();
    if gaps {
        unknown["cidrs"] = coverage.unknown.cidrs().map(|net| net.to_string()).collect();
    }
    let overlaps = coverage.overlaps.iter().map(|Overlap { inner, outer }| {
        let one = |(net, label): &(IpNet, String)| json!({ "prefix": net, "label": label });
        json!({ "inner": one(inner), "outer": one(outer) })
    });
    json!({
        "labels": labels.collect::<Value>(),
        "overlaps": overlaps.collect::<Value>(),
        "unknown": unknown,
    })
}

fn in_words(coverage: &Coverage, gaps: bool, color: bool) -> String {
    let mut table = Table::new(["LABEL", "IPV4", "IPV6"]);
    for (label, set) in &coverage.labels {
        let extents = coverage.extents(set);
        table.row([label.clone(), cell(extents.v4), cell(extents.v6)]);
    }
    let unknown = coverage.extents(&coverage.unknown);
    table.row(["(unknown)".to_owned(), cell(unknown.v4), cell(unknown.v6)]);
    let mut text = table.render(color);
    text.push_str(&overlaps(&coverage.overlaps));
    if gaps {
        text.push_str("\nunknown:\n");
        text.extend(coverage.unknown.cidrs().map(|net| format!("{net}\n")));
    }
    text
}

fn overlaps(overlaps: &[Overlap]) -> String {
    if overlaps.is_empty() {
        return String::new();
    }
    let count = overlaps.len();
    let mut text = format!("\n{count} prefixes lie in one of another label, and are their own:\n");
    for Overlap { inner, outer } in overlaps.iter().take(OVERLAPS_SHOWN_MAX) {
        text.push_str(&format!("{} {} in {} {}\n", inner.0, inner.1, outer.0, outer.1));
    }
    if count > OVERLAPS_SHOWN_MAX {
        text.push_str(&format!("and {} more\n", count - OVERLAPS_SHOWN_MAX));
    }
    text
}
