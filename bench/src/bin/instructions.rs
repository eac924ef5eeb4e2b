//! One step, so many times: what `scripts/instructions` counts.

use anyhow::Context;
use clap::Parser;
use ringfence_bench::instructions::{STEPS, measured_repetitions};

/// Does one piece of work for callgrind to count. Without a step, lists them.
#[derive(Parser)]
struct Arguments {
    /// Which.
    step: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let Some(name) = Arguments::parse().step else {
        for step in STEPS {
            println!("{} {}", step.name, step.operations * step.repetitions);
        }
        return Ok(());
    };
    let step = STEPS.iter().find(|step| step.name == name);
    let step = step.with_context(|| format!("no step {name}; without a step all are listed"))?;
    let mut work = (step.make)()?;
    // What is done once only is not what a step costs.
    work();
    measured_repetitions(&mut work, step.repetitions);
    Ok(())
}
