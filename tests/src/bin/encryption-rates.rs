//! Measures how well scrutiny tells encrypted media from others, on real material.
//!
//! `encryption-rates [--flows N] [--seeds N] [--associations N] [--seed N]`. Needs ffmpeg and
//! openssl, sends to loopback only, and writes a Markdown table. Status 1 if anything encrypted was
//! found to be not.

use std::process::ExitCode;

use ringfence_tests::encryption::classes::{Scale, run};
use ringfence_tests::encryption::table::Row;

struct Options {
    scale: Scale,
    seed: u64,
}

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("{complaint}");
            return ExitCode::from(2);
        }
    };
    println!("{}", Row::HEAD);
    let (mut encrypted, mut wrong) = (0, 0);
    run(options.scale, options.seed, &mut |row| {
        println!("{row}");
        if row.encrypted {
            encrypted += row.outcomes.len();
            wrong += row.found_at_all();
        }
    });
    println!("\nOf {encrypted} encrypted flows {wrong} were found to be unencrypted.");
    match wrong {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let scale = Scale { seeds: 3, flows: 400, associations: 20 };
        let mut options = Self { scale, seed: 1 };
        while let Some(name) = arguments.next() {
            let number = arguments.next().and_then(|text| text.parse::<u32>().ok());
            let number = number.filter(|number| *number > 0);
            let number = number.ok_or_else(|| format!("{name} wants a number above 0"))?;
            match name.as_str() {
                "--flows" => options.scale.flows = number as usize,
                "--seeds" => options.scale.seeds = number,
                "--associations" => options.scale.associations = number as usize,
                "--seed" => options.seed = number.into(),
                _ => return Err(format!("{name}: not an option")),
            }
        }
        Ok(options)
    }
}
