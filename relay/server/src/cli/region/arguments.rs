//! What may be written behind `ringfence region`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::region::date::Date;
use crate::region::input::{Kind, LabelPath, Reading};
use crate::region::is_label;

/// Make region data of other people's lists, and tell what is in it.
#[derive(Subcommand, Debug)]
pub(in crate::cli) enum RegionCommand {
    /// Make one region data file of lists: prefixes, ranges as CSV, MaxMind databases, registries'
    /// statistics.
    Build(BuildArgs),
    /// Show which addresses each label gained and lost from one region data file to another.
    Diff(DiffArgs),
    /// Show what a file or the configuration covers, what overlaps, and what is unknown.
    Coverage(CoverageArgs),
}

#[derive(Args, Debug)]
pub(in crate::cli) struct BuildArgs {
    /// The lists. Where they nest, the longest prefix decides.
    #[arg(required = true, value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// Write the region data there; a file that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// The day of the lists, such as 2026-11-22 [default: today].
    #[arg(long)]
    pub(super) date: Option<Date>,
    /// Keep only these labels, as this one, such as europe=DE,FR; may be repeated.
    #[arg(long, value_name = "REGION=LABEL,…", value_parser = mapping)]
    pub(super) map: Vec<Mapping>,
    /// Which list is right about a prefix that has two labels [default: none, it is an error].
    #[arg(long, value_enum)]
    pub(super) prefer: Option<Preferred>,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct DiffArgs {
    /// Region data.
    pub(super) old: PathBuf,
    /// Region data.
    pub(super) new: PathBuf,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct CoverageArgs {
    /// Region data, or any list that `build` reads [default: the regions of the configuration].
    pub(super) file: Option<PathBuf>,
    /// List the unknown prefixes, too.
    #[arg(long)]
    pub(super) gaps: bool,
    #[command(flatten)]
    pub(super) reading: ReadingArgs,
}

/// How to read lists.
#[derive(Args, Debug)]
pub(super) struct ReadingArgs {
    /// The form of all lists [default: what each looks like].
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The label of prefixes that have none of their own.
    #[arg(long, value_parser = label)]
    label: Option<String>,
    /// Where in a record of an mmdb the label is [default: country.iso_code].
    #[arg(long, value_name = "KEY.KEY")]
    mmdb_path: Option<LabelPath>,
}

/// Labels that become one.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    pub(super) region: String,
    pub(super) labels: Vec<String>,
}

/// Which list is right.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Preferred {
    /// The one that comes first on the command line.
    First,
}

impl ReadingArgs {
    pub(super) fn reading(&self) -> Reading {
        Reading {
            kind: self.kind,
            label: self.label.clone(),
            label_path: self.mmdb_path.clone().unwrap_or_default(),
        }
    }
}

fn mapping(text: &str) -> Result<Mapping, String> {
    let (region, labels) = text.split_once('=').ok_or("write it like europe=DE,FR")?;
    let labels = labels.split(',').map(label).collect::<Result<_, _>>()?;
    Ok(Mapping { region: label(region)?, labels })
}

fn label(text: &str) -> Result<String, String> {
    let refuse = || format!("`{}` cannot be a label", text.escape_debug());
    is_label(text).then(|| text.to_owned()).ok_or_else(refuse)
}
