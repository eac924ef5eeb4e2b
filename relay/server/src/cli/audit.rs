//! `ringfence audit verify`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::arguments::VerifyArgs;
use super::config_file;
use super::exit;
use super::failure::Failure;
use super::output::OutputMode;
use crate::audit::{self, PublicKey, Verdict};

/// Checks trails, and tells all that is wrong with them.
pub(super) fn verify(
    args: &VerifyArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let key = args.public_key.as_deref().map(read_key).transpose()?;
    let paths = trails(&args.paths, config)?;
    let verdicts = audit::verify(&paths, key).map_err(|error| Failure::no_trail(&error))?;
    let whole = verdicts.iter().all(|verdict| verdict.whole);
    let value = json!({ "whole": whole, "trails": verdicts });
    let shown = output.show(&value, |color| verdicts.iter().map(|one| told(one, color)).collect());
    Ok(if whole { shown } else { exit::code(exit::DAMAGED) })
}

/// The trails that were named, or else the configuration's.
pub(super) fn trails(named: &[PathBuf], config: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let path = config_file::load(config)?.config.audit.path;
    path.map(|path| vec![path]).ok_or_else(Failure::no_audit)
}

fn read_key(path: &Path) -> Result<PublicKey, Failure> {
    let text = std::fs::read(path);
    let text = text.map_err(|error| Failure::bad_key(path, &format!("cannot be read: {error}")))?;
    PublicKey::parse(&text).map_err(|error| Failure::bad_key(path, &error.to_string()))
}

fn told(verdict: &Verdict, color: bool) -> String {
    let style = if verdict.whole { "\x1b[32m" } else { "\x1b[31m" };
    let mut text = match color {
        true => format!("{style}{verdict}\x1b[0m\n"),
        false => format!("{verdict}\n"),
    };
    for finding in &verdict.findings {
        text.push_str(&format!("  {finding}\n"));
    }
    if verdict.findings_more > 0 {
        text.push_str(&format!("  and {} more\n", verdict.findings_more));
    }
    text
}
