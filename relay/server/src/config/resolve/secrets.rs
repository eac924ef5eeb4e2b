//! Secrets: each reference read now, so that a bad one is known at start and not at first use.

use std::path::Path;

use ringfence_fence::Origin;

use super::super::Diagnostic;
use super::super::raw::Item;
use super::super::secret::{self, Reading, Secret, SecretSlot, SecretSource};
use super::Resolver;

impl Resolver<'_> {
    /// The secret that a key names. What it guards stays shut while it is not there; `guards` says
    /// so in words.
    pub(super) fn slot(&mut self, item: &Item<String>, guards: &str) -> Option<SecretSlot> {
        let origin = self.at(item);
        let Some(source) = SecretSource::parse(item, self.base_dir()) else {
            self.sources.hide(origin);
            let message = "a secret itself does not belong here, only where it is";
            let help =
                "write \"file:PATH\" (relative to this file) or \"credential:NAME\" (systemd)";
            self.error("secret_literal", origin, message, help);
            return None;
        };
        let secret = match source.path(self.surroundings.credentials_dir.as_deref()) {
            Some(path) => self.read(&source, &path, origin, guards),
            None => self.absent(&source, origin, guards),
        };
        Some(SecretSlot { source, secret })
    }

    fn read(
        &mut self,
        source: &SecretSource,
        path: &Path,
        origin: Origin,
        guards: &str,
    ) -> Option<Secret> {
        match secret::read(path) {
            Reading::Good(secret) => Some(secret),
            Reading::Exposed(secret) => {
                let message = format!("{source} can be read by every user of this host");
                let help = format!("chmod o-r '{}'", path.display());
                self.report(Diagnostic::warning("secret_exposed", origin, message).help(help));
                Some(secret)
            }
            Reading::Absent => self.absent(source, origin, guards),
            Reading::Bad(reason) => {
                let help = "put one line of 16 to 4096 bytes there, readable by the relay alone, \
                            such as from `openssl rand -hex 32`";
                self.error("bad_secret", origin, format!("{source} {reason}"), help);
                None
            }
        }
    }

    fn absent(&mut self, source: &SecretSource, origin: Origin, guards: &str) -> Option<Secret> {
        let message = format!("{source} is not there: {guards}");
        let warning = Diagnostic::warning("secret_absent", origin, message);
        self.report(warning.advise("create it and restart"));
        None
    }
}
