//! Where a configuration was read from, so that a relay that runs can read it again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringfence_fence::Epoch;

use super::environment::PREFIX;
use super::{Config, Failure, Loaded, Sources, Standing, file, parse_standing};

/// What messages call a text that stands in for the file.
pub(crate) const NEW: &str = "the new configuration";

/// A file, and the environment's variables that bear on it, as both were named at the start.
#[derive(Clone)]
pub struct ConfigFile {
    /// What messages call it.
    name: String,
    /// Absolute, so that it stays the same file wherever the process goes.
    path: PathBuf,
    variables: Vec<(String, String)>,
}

impl ConfigFile {
    pub(super) fn new(
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let matters = |name: &str| name.starts_with(PREFIX) || name == super::CREDENTIALS_DIRECTORY;
        Self {
            name: path.display().to_string(),
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            variables: environment.into_iter().filter(|(name, _)| matters(name)).collect(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it as a relay that runs with `running` would put it in force, as `epoch`. What such a
    /// relay cannot change is kept from `running`, with a warning `needs_restart` for each section
    /// that differs.
    ///
    /// # Errors
    /// As [`super::load`].
    pub fn load_again(&self, epoch: Epoch, running: Arc<Config>) -> Result<Loaded, Failure> {
        self.load(&Standing::again(epoch, running))
    }

    /// Reads a text as if it stood in this file, as [`ConfigFile::load_again`] would.
    ///
    /// # Errors
    /// As [`super::load`].
    pub fn parse_instead(
        &self,
        text: &str,
        epoch: Epoch,
        running: Arc<Config>,
    ) -> Result<Loaded, Failure> {
        let standing = Standing::again(epoch, running);
        parse_standing((NEW, text), self.folder(), &self.variables, &standing)
    }

    pub(super) fn load(&self, standing: &Standing) -> Result<Loaded, Failure> {
        let text = file::read(&self.path, &self.name);
        let text = text.map_err(|error| Failure::new(vec![error], Sources::default()))?;
        let name = (self.name.as_str(), text.as_str());
        let loaded = parse_standing(name, self.folder(), &self.variables, standing)?;
        Ok(Loaded { file: Some(self.clone()), ..loaded })
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }
}

/// The variables may hold what their owner should not have put there.
impl fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfigFile({})", self.path.display())
    }
}
