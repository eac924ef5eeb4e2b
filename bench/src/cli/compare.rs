//! `ringfence-bench compare`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use ringfence_bench::compare::{Effort, Field, Group, groups};
use ringfence_bench::machine::Circumstances;
use ringfence_bench::record::Record;

use super::output::{Output, give_record};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Measurements of each server for each figure.
    #[arg(long, default_value_t = 6)]
    rounds: usize,
    /// Two short rounds: whether it works, not what it gives.
    #[arg(long)]
    quick: bool,
    /// Only these groups of work; `--list` names them.
    #[arg(long, value_delimiter = ',', value_name = "GROUP")]
    only: Vec<String>,
    /// Name the groups, their servers and targets, and do nothing.
    #[arg(long)]
    list: bool,
    /// Write a page of the results.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let groups = arguments.groups()?;
    if arguments.list {
        groups.iter().for_each(list);
        return Ok(ExitCode::SUCCESS);
    }
    let circumstances = Circumstances::now();
    let mut told = |text: &str| eprintln!("{text}");
    let field = Field::start(&groups, &mut told)?;
    let mut cases = Vec::new();
    for group in &groups {
        cases.push(field.measure(group, arguments.effort(), &mut told)?);
    }
    let met = cases.iter().flat_map(|case| &case.targets).all(|target| target.met);
    let record = Record {
        title: "Servers at the same work, in turn".to_owned(),
        circumstances: circumstances.lines(),
        servers: field.records(),
        cases,
    };
    give_record(&record, &arguments.output, "compare", arguments.html.as_deref())?;
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(group: &Group) {
    println!("{}", group.title());
    println!("  servers: {}", group.servers.join(", "));
    for target in group.targets {
        println!("  {} by {}, {}: {}", target.of, target.by, target.figure, target.bound);
    }
}

impl Arguments {
    fn groups(&self) -> anyhow::Result<Vec<Group>> {
        let mut chosen = groups();
        let known: Vec<&str> = chosen.iter().map(|group| group.name).collect();
        for name in &self.only {
            let known_one = known.contains(&name.as_str());
            anyhow::ensure!(known_one, "there is no group {name}; there are: {}", known.join(", "));
        }
        chosen.retain(|group| {
            self.only.is_empty() || self.only.iter().any(|name| name == group.name)
        });
        Ok(chosen)
    }

    fn effort(&self) -> Effort {
        if self.quick {
            let span = Duration::from_millis(300);
            return Effort { rounds: 2, cost_span: span, search_span: span, latency_span: span };
        }
        Effort {
            rounds: self.rounds,
            cost_span: Duration::from_secs(2),
            search_span: Duration::from_secs(1),
            latency_span: Duration::from_secs(3),
        }
    }
}
