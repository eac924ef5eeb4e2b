//! `ringfence doctor`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::config_file;
use super::exit;
use super::failure::Failure;
use super::output::OutputMode;
use crate::doctor::{self, Finding, Grade};

/// Looks this host over on behalf of the configuration, and says how bad the worst of it is.
pub(super) fn run(config: Option<&Path>, output: OutputMode) -> Result<ExitCode, Failure> {
    let findings = doctor::examine(&config_file::load_proven(config)?);
    let shown = output.show(&as_json(&findings), |color| in_words(&findings, color));
    let worst = findings.iter().map(|finding| finding.grade).max();
    Ok(match worst {
        None | Some(Grade::Ok) => shown,
        Some(Grade::Warning) => exit::code(exit::WARNED),
        Some(Grade::Error) => exit::code(exit::UNFIT),
    })
}

fn as_json(findings: &[Finding]) -> Value {
    json!({
        "errors": count(findings, Grade::Error),
        "warnings": count(findings, Grade::Warning),
        "findings": findings,
    })
}

fn in_words(findings: &[Finding], color: bool) -> String {
    let told: String = findings.iter().map(|finding| told(finding, color)).collect();
    let [errors, warnings] = [Grade::Error, Grade::Warning].map(|grade| count(findings, grade));
    format!("{told}{errors} errors, {warnings} warnings, of {} findings\n", findings.len())
}

fn told(finding: &Finding, color: bool) -> String {
    let Finding { check, grade, message, fix } = finding;
    let word = format!("{:<7}", grade.word());
    let word = match color {
        true => format!("{}{word}\x1b[0m", style(*grade)),
        false => word,
    };
    let mut text = format!("{word}  {check:<13}  {message}\n");
    for line in fix.iter().flat_map(|fix| fix.lines()) {
        text.push_str(&format!("{:24} {line}\n", ""));
    }
    text
}

fn style(grade: Grade) -> &'static str {
    match grade {
        Grade::Ok => "\x1b[32m",
        Grade::Warning => "\x1b[33m",
        Grade::Error => "\x1b[31m",
    }
}

fn count(findings: &[Finding], grade: Grade) -> usize {
    findings.iter().filter(|finding| finding.grade == grade).count()
}
