//! `ringfence import`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::arguments::ImportArgs;
use super::exit;
use super::failure::Failure;
use super::output::{OutputMode, print, print_error, style_errors};
use super::table::Table;
use crate::config;
use crate::import::{self, FILE_BYTES_MAX, Imported};

/// Turns a coturn configuration into one of ours, and says what became of each setting.
pub(super) fn run(args: &ImportArgs, output: OutputMode) -> Result<ExitCode, Failure> {
    let read = read(&args.file).map_err(|error| cannot_read(&args.file, &error))?;
    let imported = import::import(&read, &folder(&args.file)?);
    let imported = imported.map_err(|error| cannot_read(&args.file, &error))?;
    let target = args.output.as_deref();
    let checked = check(&imported, target)?;
    if let Some(target) = target {
        write_all(&imported, target)?;
    }
    tell(&imported, &checked, target, output);
    match checked.is_ok() && !imported.is_refused() {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(exit::code(exit::NOT_KEPT)),
    }
}

/// At most one byte more than such a file may have; it may hold secrets.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::new());
    let bytes_max = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut text)?;
    Ok(text)
}

fn cannot_read(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(&format!("cannot import {}: {error}", path.display()))
}

/// The folder of a file, absolute.
fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path).map_err(|error| cannot_read(path, &error))?;
    Ok(path.parent().unwrap_or(Path::new("/")).to_owned())
}

/// Whether the new configuration would be taken. Its secrets are not there yet, which only warns.
fn check(
    imported: &Imported,
    target: Option<&Path>,
) -> Result<Result<(), config::Failure>, Failure> {
    let name = target.unwrap_or(Path::new("ringfence.toml"));
    let (shown, folder) = (name.display().to_string(), folder(name)?);
    Ok(config::parse(&shown, &imported.config, &folder, []).map(drop))
}

/// Writes the secrets and then the configuration. Nothing that is there is written over, and of an
/// import that breaks off nothing stays.
fn write_all(imported: &Imported, target: &Path) -> Result<(), Failure> {
    let folder = folder(target)?;
    let secrets = imported.secrets.iter();
    let secrets = secrets.map(|file| (folder.join(&file.name), file.secret.expose()));
    let all: Vec<_> = secrets.chain([(target.to_owned(), imported.config.as_str())]).collect();
    let mut written: Vec<&Path> = Vec::new();
    for (path, content) in &all {
        if let Err(error) = write_new(path, content) {
            // What cannot be removed either is told with the path that failed.
            written.iter().for_each(|path| drop(fs::remove_file(path)));
            let failure = Failure::write(&path.display().to_string(), &error);
            return Err(failure.exiting(exit::USAGE));
        }
        written.push(path);
    }
    Ok(())
}

fn write_new(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(content.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        drop(fs::remove_file(path));
    }
    written
}

fn tell(
    imported: &Imported,
    checked: &Result<(), config::Failure>,
    target: Option<&Path>,
    output: OutputMode,
) {
    match output {
        OutputMode::Json => {
            print(&format!("{:#}\n", as_json(imported, checked, target)));
        }
        OutputMode::Human { color } => {
            // The configuration goes where it can be piped from, and what is said of it does not.
            let tell = if target.is_some() { print_out } else { print_error };
            tell(&report(imported, color && target.is_some()));
            if target.is_none() {
                print(&imported.config);
            }
            if let Err(failure) = checked {
                print_error(&failure.render(style_errors()));
            }
        }
    }
}

fn print_out(text: &str) {
    print(text);
}

fn as_json(
    imported: &Imported,
    checked: &Result<(), config::Failure>,
    target: Option<&Path>,
) -> Value {
    let files = imported.secrets.iter().map(|file| file.name.as_str());
    json!({
        "ok": checked.is_ok() && !imported.is_refused(),
        "settings": imported.findings.iter().map(import::Finding::to_json).collect::<Value>(),
        "notes": imported.notes,
        "errors": checked.as_ref().err().map_or(json!([]), config::Failure::to_json),
        "secret_files": files.collect::<Vec<_>>(),
        "output": target.map(|path| path.display().to_string()),
        "config": imported.config,
    })
}

fn report(imported: &Imported, color: bool) -> String {
    let mut table = Table::new(["LINE", "OPTION", "OUTCOME", "TO, OR WHY"]);
    for finding in &imported.findings {
        table.row([
            finding.line.to_string(),
            finding.option.clone(),
            finding.outcome.word().to_owned(),
            finding.outcome.detail().to_owned(),
        ]);
    }
    let mut text = table.render(color);
    for note in &imported.notes {
        text.push_str(&format!("\nnote: {note}"));
    }
    format!("{text}\n\n")
}
