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

/// The path of the configuration.
pub(super) fn find(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let there = || PATHS.iter().map(PathBuf::from).find(|path| path.exists());
    let path = asked.map(Path::to_owned).or_else(there);
    path.ok_or_else(|| Failure::no_config(&format!("neither {} nor {}", PATHS[0], PATHS[1])))
}

/// The socket of the relay that runs with the configuration. Only a configuration that was asked
/// for has to be good.
pub(super) fn socket(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let loaded = load(asked);
    match (loaded, asked) {
        (Ok(loaded), _) => Ok(loaded.config.control.socket),
        (Err(failure), Some(_)) => Err(failure),
        (Err(_), None) => Ok(SOCKET.into()),
    }
}

pub(super) fn load_from(path: &Path) -> Result<Loaded, Failure> {
    let variables = std::env::vars_os();
    let variables = variables.filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        Some((name, value))
    });
    config::load(path, variables).map_err(Failure::config)
}
