//! What is only printed: schema, effective configuration, completions, manual.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use super::failure::Failure;
use super::output::{self, OutputMode, print};
use super::{Cli, config_file};
use crate::config;

/// The JSON Schema of the configuration.
pub(super) fn schema() -> ExitCode {
    print(&config::schema())
}

/// The configuration with everything filled in.
pub(super) fn effective(path: Option<&Path>, output: OutputMode) -> Result<ExitCode, Failure> {
    let loaded = config_file::load(path)?;
    let text = config::effective(&loaded.config);
    if !output.is_json() {
        output::print_error(&loaded.render_warnings(output::style_errors()));
        return Ok(print(&text));
    }
    // What was just written as TOML can be read as such.
    let value: serde_json::Value = toml::from_str(&text).unwrap_or_default();
    Ok(print(&format!("{value:#}\n")))
}

/// Completions for a shell.
pub(super) fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ringfence", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// The manual page, or one for each command in a folder.
pub(super) fn man(dir: Option<&Path>) -> Result<ExitCode, Failure> {
    let Some(dir) = dir else {
        let page = page().map_err(|error| Failure::write("the page", &error))?;
        return Ok(print(&page));
    };
    let written =
        std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(Cli::command(), dir));
    written.map_err(|error| Failure::write(&dir.display().to_string(), &error))?;
    Ok(ExitCode::SUCCESS)
}

fn page() -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
