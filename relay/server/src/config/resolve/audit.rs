//! `[audit]`: where the trail is written, and what signs it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use super::super::Diagnostic;
use super::super::bounds::{ANCHOR_S, AUDIT_KEEP, FSYNC_MS, ROTATE_BYTES, SIGNING_KEY_BYTES_MAX};
use super::super::raw::{Audit as Raw, Item};
use super::super::secret::SecretSource;
use super::super::settings::{Audit, KeySlot};
use super::Resolver;
use crate::audit::SigningKey;

const KEY_HELP: &str = "make one for this user alone, such as with \
                        `openssl genpkey -algorithm ed25519 -out audit.key`";

impl Resolver<'_> {
    pub(super) fn audit(&mut self, raw: &Raw) -> Option<Audit> {
        let rotate_bytes = self.number(&raw.rotate_bytes, "audit.rotate_bytes", &ROTATE_BYTES);
        let keep = self.number(&raw.keep, "audit.keep", &AUDIT_KEEP);
        let fsync_ms = self.number(&raw.fsync_interval_ms, "audit.fsync_interval_ms", &FSYNC_MS);
        let anchor_s = self.number(&raw.anchor_interval_s, "audit.anchor_interval_s", &ANCHOR_S);
        let path = raw.path.as_ref().map(|item| self.trail_path(item)).transpose();
        let key = raw.signing_key.as_ref().map(|item| self.signing_key(item)).transpose();
        Some(Audit {
            path: path.ok()?,
            rotate_bytes: rotate_bytes.unsigned_abs(),
            keep,
            fsync_interval: Duration::from_millis(fsync_ms.into()),
            signing_key: key.ok()?,
            anchor_interval: Duration::from_secs(anchor_s.into()),
        })
    }

    fn trail_path(&mut self, item: &Item<String>) -> Result<PathBuf, ()> {
        let path = self.base_dir().join(item.as_str());
        let named = path.file_name().is_some() && !item.ends_with('/');
        if item.is_empty() || !named || item.contains('\0') || path.is_dir() {
            let message = "`audit.path` names no file";
            self.error("bad_audit_path", self.at(item), message, "such as \"audit/audit.jsonl\"");
            return Err(());
        }
        Ok(path)
    }

    fn signing_key(&mut self, item: &Item<String>) -> Result<KeySlot, ()> {
        let origin = self.at(item);
        let Some(source) = SecretSource::parse(item, self.base_dir()) else {
            self.sources.hide(origin);
            let message = "a key itself does not belong here, only where it is";
            let help =
                "write \"file:PATH\" (relative to this file) or \"credential:NAME\" (systemd)";
            self.error("secret_literal", origin, message, help);
            return Err(());
        };
        if source == SecretSource::Masked {
            let message = format!("{source} is not there: the audit trail is not signed");
            self.report(Diagnostic::warning("secret_absent", origin, message));
            return Ok(KeySlot { source, key: None });
        }
        // Unlike a password's, its absence guards nothing: the trail would only be unsigned.
        let path = source.path(self.surroundings.credentials_dir.as_deref());
        let read = path.ok_or_else(|| "is not there".to_owned()).and_then(|path| read_key(&path));
        match read {
            Ok((key, exposed)) => {
                if exposed {
                    let message = format!("{source} can be read by every user of this host");
                    self.report(Diagnostic::warning("secret_exposed", origin, message));
                }
                Ok(KeySlot { source, key: Some(Arc::new(key)) })
            }
            Err(reason) => {
                self.error("bad_signing_key", origin, format!("{source} {reason}"), KEY_HELP);
                Err(())
            }
        }
    }
}

/// The key, and whether every user of this host can read it.
fn read_key(path: &Path) -> Result<(SigningKey, bool), String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let metadata = path.metadata().map_err(cannot)?;
    // A pipe or device would keep the start waiting, or never end.
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let mode = metadata.permissions().mode();
    if mode & 0o002 != 0 {
        return Err("can be written by every user of this host".to_owned());
    }
    // All of it at once: a buffer that grows would leave pieces of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(SIGNING_KEY_BYTES_MAX));
    let most = u64::try_from(SIGNING_KEY_BYTES_MAX).unwrap_or(u64::MAX);
    File::open(path).map_err(cannot)?.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    let key = SigningKey::parse(&bytes).map_err(|error| error.to_string())?;
    Ok((key, mode & 0o004 != 0))
}
