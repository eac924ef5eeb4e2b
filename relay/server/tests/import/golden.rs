//! Every option of coturn, as committed. To write the files anew, set `RINGFENCE_WRITE_GOLDEN`.

use std::fmt::Write;
use std::path::Path;

use ringfence::import::import;

const FULL: &str = include_str!("full.conf");

#[test]
fn every_option_is_accounted_for_as_committed() {
    let imported = import(FULL.as_bytes(), Path::new("/etc/turn")).unwrap();
    let mut report = String::new();
    for finding in &imported.findings {
        let (word, detail) = (finding.outcome.word(), finding.outcome.detail());
        writeln!(report, "{:>3} {word:<7} {}: {detail}", finding.line, finding.option).unwrap();
    }
    for note in &imported.notes {
        writeln!(report, "note: {note}").unwrap();
    }
    compare("full.txt", &report);
    compare("full.toml", &imported.config);
    assert!(!report.contains("hunter2") && !imported.config.contains("hunter2"));
}

#[test]
fn each_line_has_its_finding() {
    let imported = import(FULL.as_bytes(), Path::new("/etc/turn")).unwrap();
    let lines: Vec<_> = imported.findings.iter().map(|finding| finding.line).collect();
    assert_eq!(lines, (2..=FULL.lines().count()).collect::<Vec<_>>());
}

/// Debian's file shows each option behind a `#`.
#[test]
fn no_option_of_an_installed_coturn_is_unknown() {
    let Ok(text) = std::fs::read_to_string("/etc/turnserver.conf") else {
        return;
    };
    let options = text.lines().filter_map(|line| {
        let option = line.strip_prefix('#').unwrap_or(line);
        let starts = option.starts_with(|char: char| char.is_ascii_alphabetic());
        (starts && (option.contains('=') || !option.contains(' '))).then_some(option)
    });
    let text = options.collect::<Vec<_>>().join("\n");
    let imported = import(text.as_bytes(), Path::new("/etc")).unwrap();
    assert!(imported.findings.len() > 100, "{}", imported.findings.len());
    let findings = imported.findings.iter();
    let unknown = findings.filter(|finding| finding.outcome.detail().contains("no such option"));
    assert_eq!(unknown.map(|finding| &finding.option).collect::<Vec<_>>(), [""; 0]);
}

fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(name);
    if std::env::var_os("RINGFENCE_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "set RINGFENCE_WRITE_GOLDEN to write {name} anew, and read it");
}
