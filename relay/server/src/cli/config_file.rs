//! Which configuration to read.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use crate::config::{self, Loaded};

/// Looked for in this order when nobody says.
const PATHS: [&str; 2] = ["ringfence.toml", "/etc/ringfence/ringfence.toml"];

/// Where a relay listens whose configuration cannot be seen.
const SOCKET: &str = "/run/ringfence/ringfence.sock";

/// Reads the configuration that was asked for, or the first that is there.
pub(super) fn load(asked: Option<&Path>) -> Result<Loaded, Failure> {
    load_from(&find(asked)?)
}

/// The same, proved: what a relay may run with.
pub(super) fn load_proven(asked: Option<&Path>) -> Result<Loaded, Failure> {
    load(asked)?.proven().map_err(Failure::config)
}

/// The path of the configuration.
pub(super) fn find(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let there = || PATHS.iter().map(PathBuf::from).find(|path| path.exists());
    let path = asked.map(Path::to_owned).or_else(there);
    path.ok_or_else(|| Failure::no_config(&format!("neither {} nor {}", PATHS[0], PATHS[1])))
}

/// The socket of the relay that runs with the configuration. One that was broken since still says
/// where that is; beyond that, only a configuration that was asked for has to be good.
pub(super) fn socket(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    match (load(asked), asked) {
        (Ok(loaded), _) => Ok(loaded.config.control.socket),
        (Err(failure), asked) => {
            let there = find(asked).ok().and_then(|path| socket_there(&path));
            match (there, asked) {
                (Some(socket), _) => Ok(socket),
                (None, Some(_)) => Err(failure),
                (None, None) => Ok(SOCKET.into()),
            }
        }
    }
}

/// The socket that a configuration names, whatever else is wrong with it, if it is there.
fn socket_there(path: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(path).ok()?;
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let control = table.get("control").and_then(|control| control.get("socket"));
    let name = control.and_then(|socket| socket.as_str()).unwrap_or(config::SOCKET);
    let socket = std::path::absolute(path).ok()?.parent()?.join(name);
    socket.exists().then_some(socket)
}

pub(super) fn load_from(path: &Path) -> Result<Loaded, Failure> {
    let variables = std::env::vars_os();
    let variables = variables.filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        Some((name, value))
    });
    config::load(path, variables).map_err(Failure::config)
}
