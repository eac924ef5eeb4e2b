//! What a run prints and leaves in a folder.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use ringfence_bench::record::Record;
use ringfence_bench::report;
use serde::Serialize;

/// Where results go.
#[derive(Args)]
pub(crate) struct Output {
    /// Print the record instead of the table.
    #[arg(long)]
    json: bool,
    /// Write record and table into this folder, as `<name>.json` and `<name>.txt`.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints one of them and writes both.
pub(crate) fn give(
    text: &str,
    record: &impl Serialize,
    output: &Output,
    name: &str,
) -> anyhow::Result<()> {
    let record = serde_json::to_string_pretty(record)?;
    if let Some(folder) = &output.out {
        write(&folder.join(name).with_extension("json"), &record)?;
        write(&folder.join(name).with_extension("txt"), text)?;
    }
    println!("{}", if output.json { &record } else { text });
    Ok(())
}

/// Gives a record, and a page of it if one is asked for.
pub(crate) fn give_record(
    record: &Record,
    output: &Output,
    name: &str,
    page: Option<&Path>,
) -> anyhow::Result<()> {
    give(&report::table(record), record, output, name)?;
    write_page(record, page)
}

/// Writes a page, if one is asked for.
pub(crate) fn write_page(record: &Record, page: Option<&Path>) -> anyhow::Result<()> {
    write_text(page, || report::html(record))
}

/// Makes a text and writes it, if a file for it is asked for.
pub(crate) fn write_text(
    path: Option<&Path>,
    text: impl FnOnce() -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    path.map_or(Ok(()), |path| write(path, &text()?))
}

/// What took minutes to measure is not lost for want of a folder.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
