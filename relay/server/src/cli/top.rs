//! `ringfence top`.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hyper::Method;
use serde_json::json;

use super::arguments::TopArgs;
use super::calls::Caller;
use super::failure::Failure;
use super::output::{OutputMode, print_error};
use super::table::Table;
use crate::client::ClientError;
use crate::status::Status;
use crate::top::{self, History};

/// Rates need two samples, this far apart.
const APART: Duration = Duration::from_secs(1);

/// Longest wait for an answer: whoever presses `q` waits as long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Shows what a relay is doing: on a terminal until someone has seen enough, else once.
pub(super) fn run(
    args: &TopArgs,
    config: Option<&Path>,
    output: OutputMode,
) -> Result<ExitCode, Failure> {
    let caller = Caller::new(&args.client, config)?;
    let mut history = History::default();
    history.answered(ask(&caller)?);
    let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    if !args.once && !output.is_json() {
        if is_terminal {
            let watched = top::watch(history, || ask(&caller).map_err(|error| error.to_string()));
            watched.map_err(|error| Failure::system("the terminal", &error))?;
            return Ok(ExitCode::SUCCESS);
        }
        print_error("this is no terminal: shown once, as by --once\n");
    }
    std::thread::sleep(APART);
    history.answered(ask(&caller)?);
    let shown = json!({
        "status": history.latest(),
        "each_second": history.growth().map(|growth| growth.to_json()),
    });
    Ok(output.show(&shown, |color| in_words(&history, color)))
}

fn ask(caller: &Caller) -> Result<Status, ClientError> {
    let answer = caller.call_within(PATIENCE, Method::GET, "/v1/status")?;
    serde_json::from_value(answer).map_err(|error| ClientError::Garbled(error.to_string()))
}

fn in_words(history: &History, color: bool) -> String {
    let Some(now) = history.latest() else { return String::new() };
    let Status { site, region, rooms, participants, latched, allocations, .. } = now;
    let mut text = format!(
        "{site} in {region}: {rooms} rooms, {latched} of {participants} participants connected, \
         {allocations} TURN allocations\n"
    );
    now.problems.iter().for_each(|problem| text.push_str(&format!("problem: {problem}\n")));
    for grid in top::grids(now, history.growth()) {
        if !grid.rows.is_empty() {
            let (title, table) = (grid.title, Table::of(grid.header, grid.rows).render(color));
            text.push_str(&format!("\n{title}\n{table}"));
        }
    }
    text
}
