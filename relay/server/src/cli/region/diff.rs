//! `ringfence region diff`.

use std::process::ExitCode;

use ipnet::IpNet;
use ringfence_fence::{AddressSet, globally_unicast};
use serde_json::{Value, json};

use super::super::exit;
use super::super::failure::Failure;
use super::super::output::OutputMode;
use super::super::table::Table;
use super::arguments::DiffArgs;
use super::files;
use crate::region::diff::{Change, diff};
use crate::region::file::Header;
use crate::region::share::{Extent, Extents};

/// Tells what each label gained and lost.
pub(super) fn run(args: &DiffArgs, output: OutputMode) -> Result<ExitCode, Failure> {
    let old = files::read_region_data(&args.old)?;
    let new = files::read_region_data(&args.new)?;
    let changes = diff(&old.table, &new.table);
    let unicast = globally_unicast();
    let written = output.show(&as_json([&old.header, &new.header], &changes, &unicast), |color| {
        in_words(&changes, &unicast, color)
    });
    match changes.is_empty() {
        true => Ok(written),
        false => Ok(exit::code(exit::DIFFERENT)),
    }
}

fn as_json([old, new]: [&Header; 2], changes: &[Change], unicast: &AddressSet) -> Value {
    let header = |header: &Header| {
        json!({
            "date": header.date.to_string(),
            "prefixes": header.prefixes,
            "sha256": header.sha256.to_string(),
        })
    };
    let side = |set: &AddressSet| {
        let mut side = Extents::of(set, unicast).to_json();
        side["cidrs"] = set.cidrs().map(|net| net.to_string()).collect();
        side
    };
    let changes = changes.iter().map(|change| {
        json!({ "label": change.label, "gained": side(&change.gained), "lost": side(&change.lost) })
    });
    json!({ "old": header(old), "new": header(new), "changes": changes.collect::<Value>() })
}

fn in_words(changes: &[Change], unicast: &AddressSet, color: bool) -> String {
    if changes.is_empty() {
        return "every address has the label that it had\n".to_owned();
    }
    let mut table = Table::new(["LABEL", "GAINED IPV4", "GAINED IPV6", "LOST IPV4", "LOST IPV6"]);
    for Change { label, gained, lost } in changes {
        let (gained, lost) = (Extents::of(gained, unicast), Extents::of(lost, unicast));
        let cells = [gained.v4, gained.v6, lost.v4, lost.v6].map(cell);
        let [gained_v4, gained_v6, lost_v4, lost_v6] = cells;
        table.row([label.clone(), gained_v4, gained_v6, lost_v4, lost_v6]);
    }
    format!("{}\n{}", table.render(color), lines(changes))
}

/// Prefixes and their share of the address space.
pub(super) fn cell(extent: Extent) -> String {
    match extent.prefixes {
        0 => String::new(),
        prefixes => format!("{prefixes} ({})", extent.share),
    }
}

/// In the order of the addresses: `+ PREFIX LABEL` and `- PREFIX LABEL`.
fn lines(changes: &[Change]) -> String {
    let mut lines: Vec<(IpNet, char, &str)> = Vec::new();
    for Change { label, gained, lost } in changes {
        lines.extend(lost.cidrs().map(|net| (net, '-', label.as_str())));
        lines.extend(gained.cidrs().map(|net| (net, '+', label.as_str())));
    }
    lines.sort_unstable_by_key(|&(net, sign, _)| (net, sign == '+'));
    lines.into_iter().map(|(net, sign, label)| format!("{sign} {net} {label}\n")).collect()
}
