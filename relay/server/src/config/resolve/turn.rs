//! `[turn]`: what TURN clients are told, and what proves this relay to those that speak TLS.

use std::net::SocketAddr;
use std::path::PathBuf;

use ringfence_fence::Origin;
use ringfence_wire::channel_data::ChannelNumbers;

use super::super::Diagnostic;
use super::super::bounds::{ALTERNATE_SERVERS_MAX, REALM_BYTES_MAX};
use super::super::raw::{Item, List, Optional, Turn as Raw};
use super::super::settings::Turn;
use super::super::tls::{Fault, Tls};
use super::Resolver;
use super::addresses::socket_address;
use super::listen::Written;

const REALM: &str = "ringfence";
/// How every PEM text starts (RFC 7468 section 2).
const PEM_START: &str = "-----BEGIN";

impl Resolver<'_> {
    pub(super) fn turn(&mut self, raw: &Raw, listen: Option<&Written>) -> Option<Turn> {
        let realm = self.realm(&raw.realm);
        let alternate_servers = self.alternate_servers(&raw.alternate_servers, listen);
        let needed = listen.and_then(|listen| listen.tls.first());
        let tls = self.tls(raw, needed.map(|address| address.origin));
        let channel_numbers = match raw.legacy_channels.as_ref().is_some_and(|legacy| **legacy) {
            true => ChannelNumbers::Rfc5766,
            false => ChannelNumbers::Rfc8656,
        };
        Some(Turn { realm, tls: tls.ok()?, alternate_servers, channel_numbers })
    }

    fn realm(&mut self, item: &Optional<String>) -> String {
        let Some(realm) = item else {
            return REALM.to_owned();
        };
        if realm.len() > REALM_BYTES_MAX {
            let message = format!("`turn.realm` has {} bytes", realm.len());
            let help = format!(
                "write at most {REALM_BYTES_MAX}: with more, the answer to strangers (401) would \
                 be larger than 72 bytes and good for amplifying floods"
            );
            self.error("bad_realm", self.at(realm), message, &help);
        } else if realm.is_empty() || realm.chars().any(char::is_control) {
            let message = "`turn.realm` cannot be sent as a realm";
            let help = format!("write 1 to {REALM_BYTES_MAX} bytes of text (RFC 8489)");
            self.error("bad_realm", self.at(realm), message, &help);
        }
        String::clone(realm)
    }

    fn alternate_servers(
        &mut self,
        list: &List<String>,
        listen: Option<&Written>,
    ) -> Vec<SocketAddr> {
        let items = self.entries(list, "turn.alternate_servers", ALTERNATE_SERVERS_MAX);
        let servers = self.distinct(items, socket_address);
        for server in &servers {
            let own = listen.is_some_and(|listen| listen.has(server.value));
            if own {
                let message = format!("`{}` is this relay's own address", server.value);
                let help = "name another relay: a client sent here would come back for ever";
                self.error("redirect_loop", server.origin, message, help);
            }
        }
        servers.into_iter().map(|server| server.value).collect()
    }

    /// The identity, if one is named; `needed_at` is what cannot be served without it.
    fn tls(&mut self, raw: &Raw, needed_at: Option<Origin>) -> Result<Option<Tls>, ()> {
        let (certificate, key) = match (&raw.certificate, &raw.private_key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (None, None) if needed_at.is_none() => return Ok(None),
            (certificate, key) => {
                let given = certificate.as_ref().or(key.as_ref()).map(|item| self.at(item));
                self.missing_file("certificate", certificate, given.or(needed_at));
                self.missing_file("private_key", key, given.or(needed_at));
                return Err(());
            }
        };
        let certificate_path = self.pem_path(certificate, "turn.certificate")?;
        let key_path = self.pem_path(key, "turn.private_key")?;
        match Tls::read(&certificate_path, &key_path) {
            Ok((tls, exposed)) => {
                if exposed {
                    self.warn_exposed(key, &key_path);
                }
                Ok(Some(tls))
            }
            Err(Fault { code, message, help }) => {
                let item = if code == "bad_private_key" { key } else { certificate };
                self.error(code, self.at(item), message, help);
                Err(())
            }
        }
    }

    fn missing_file(&mut self, key: &str, item: &Optional<String>, within: Option<Origin>) {
        if item.is_none() {
            let help = "TLS needs both: certificate = \"turn.crt\" and private_key = \"turn.key\"";
            self.missing(&["turn", key], within, help);
        }
    }

    /// The path that is written there, unless it is the file's content.
    fn pem_path(&mut self, item: &Item<String>, name: &str) -> Result<PathBuf, ()> {
        if item.contains(PEM_START) {
            let origin = self.at(item);
            self.sources.hide(origin);
            let message = format!("`{name}` is the path of a file, not its content");
            self.error("secret_literal", origin, message, "put the text into a file of its own");
            return Err(());
        }
        Ok(self.base_dir().join(item.as_str()))
    }

    fn warn_exposed(&mut self, item: &Item<String>, path: &std::path::Path) {
        let message = format!("file `{}` can be read by every user of this host", path.display());
        let warning = Diagnostic::warning("secret_exposed", self.at(item), message);
        self.report(warning.help(format!("chmod o-r '{}'", path.display())));
    }
}

impl Written {
    /// Whether clients reach this relay there.
    fn has(&self, address: SocketAddr) -> bool {
        self.listen.media.contains(&address) || self.tcp.iter().any(|own| own.value == address)
    }
}
