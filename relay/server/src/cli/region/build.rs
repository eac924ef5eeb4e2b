//! `ringfence region build`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use ringfence_fence::label_table::Labels;
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::OutputMode;
use super::super::table::Table;
use super::arguments::{BuildArgs, Preferred};
use super::files::{self, Progress};
use crate::region::build::{self, Built, LabelMap, NotBuilt, Prefer};
use crate::region::coverage::Coverage;
use crate::region::date::Date;
use crate::region::digest::Sha256Sum;
use crate::region::file::{self, Header, SOURCES_MAX, Source};
use crate::region::input::{Found, Row, Rows};

/// Makes one file of many lists.
pub(super) fn run(args: &BuildArgs, output: OutputMode) -> Result<ExitCode, Failure> {
    if args.inputs.len() > SOURCES_MAX {
        return Err(Failure::usage(&format!("build from at most {SOURCES_MAX} lists")));
    }
    let map = label_map(args)?;
    let progress = Progress::new();
    let (sources, labels, found) = read_all(args, &progress)?;
    progress.tell("sorting");
    let prefer = match args.prefer {
        Some(Preferred::First) => Prefer::First,
        None => Prefer::Neither,
    };
    let built = build::build(&labels, found, &map, prefer);
    let built = built.map_err(|error| not_built(&error, &args.inputs))?;
    let date = args.date.unwrap_or_else(|| Date::of(SystemTime::now()));
    let text = file::to_text(sources, date, &built.table).unwrap_or_default();
    // What was written is what the relay will take.
    let whole = file::read(text.as_bytes());
    let header = whole.map_err(|fault| Failure::region(fault.code, &fault.to_string()))?.header;
    files::write(&args.output, &text)?;
    drop(progress);
    Ok(output.show(&as_json(&header, &built), |color| summary(args, &header, &built, color)))
}

fn label_map(args: &BuildArgs) -> Result<LabelMap, Failure> {
    let mut map = LabelMap::default();
    for mapping in &args.map {
        for label in &mapping.labels {
            map.add(&mapping.region, label).map_err(|owner| {
                Failure::usage(&format!(
                    "`--map` gives {label} to {owner} and to {}",
                    mapping.region
                ))
            })?;
        }
    }
    Ok(map)
}

/// Everything that the lists say.
fn read_all(
    args: &BuildArgs,
    progress: &Progress,
) -> Result<(Vec<Source>, Labels, Vec<Found>), Failure> {
    let reading = args.reading.reading();
    let mut rows = Rows::new(|rows| progress.tell(&format!("{rows} rows")));
    let mut sources = Vec::new();
    for path in &args.inputs {
        progress.tell(&format!("reading {}", path.display()));
        let (kind, bytes) = files::read_list(path, &reading, &mut rows)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        sources.push(Source::new(kind, Sha256Sum::of(&bytes), &name));
        rows.next_input();
    }
    let (labels, found) = rows.into_parts();
    Ok((sources, labels, found))
}

fn not_built(error: &NotBuilt, inputs: &[PathBuf]) -> Failure {
    let place = |row: &Row| {
        let path = inputs.get(usize::from(row.input)).map(|path| path.display().to_string());
        format!("{}:{}", path.unwrap_or_default(), row.line)
    };
    match error {
        NotBuilt::Conflict { first: (one, here), second: (other, there), .. } => {
            let places = format!("{one}: {}\n{other}: {}", place(here), place(there));
            let help = "Correct one of them, or take the first list's word with `--prefer first`.";
            Failure::region("conflict", &format!("{error}\n{places}\n{help}"))
        }
        NotBuilt::UnknownLabel(_) => {
            let help = "`ringfence region coverage INPUT` shows the labels of a list.";
            Failure::region("unknown_label", &format!("{error}\n{help}"))
        }
        NotBuilt::Nothing => Failure::region("nothing_built", &error.to_string()),
    }
}

fn as_json(header: &Header, built: &Built) -> Value {
    json!({
        "date": header.date.to_string(),
        "prefixes": header.prefixes,
        "sha256": header.sha256.to_string(),
        "labels": built.table.labels().names().len(),
        "labels_not_mapped": built.unmapped,
        "left_out": built.left_out.cidrs().map(|net| net.to_string()).collect::<Value>(),
        "sources": header.sources.iter().map(|source| json!({
            "kind": source.kind.to_string(),
            "sha256": source.sha256.to_string(),
            "name": source.name,
        })).collect::<Value>(),
    })
}

fn summary(args: &BuildArgs, header: &Header, built: &Built, color: bool) -> String {
    let coverage = Coverage::new(built.table.labels().clone(), built.table.prefixes().to_vec());
    let mut table = Table::new(["DATE", "PREFIXES", "LABELS", "UNKNOWN IPV4", "UNKNOWN IPV6"]);
    let unknown = coverage.extents(&coverage.unknown);
    table.row([
        header.date.to_string(),
        header.prefixes.to_string(),
        coverage.labels.len().to_string(),
        unknown.v4.share.to_string(),
        unknown.v6.share.to_string(),
    ]);
    let mut text = format!("wrote {}\n\n{}", args.output.display(), table.render(color));
    if built.unmapped > 0 {
        text.push_str(&format!("\nlabels in no `--map`, left out: {}\n", built.unmapped));
    }
    let refused = built.left_out.cidrs().count();
    if refused > 0 {
        text.push_str(&format!("\nprefixes that are always refused, left out: {refused}\n"));
    }
    text
}
