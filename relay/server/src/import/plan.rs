//! What the settings come to, each part with the line it came from.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;

use super::SecretFile;
use crate::config::Secret;

/// A value and its line.
#[derive(Clone)]
pub(super) struct Sourced<T> {
    pub(super) line: usize,
    pub(super) option: &'static str,
    pub(super) value: T,
}

/// A relay that does what a coturn did, as far as it is known.
pub(super) struct Plan {
    pub(super) folder: PathBuf,
    pub(super) listening_ips: Vec<Sourced<IpAddr>>,
    pub(super) more_listening: Vec<Sourced<SocketAddr>>,
    pub(super) port: Option<Sourced<u16>>,
    pub(super) tls_port: Option<Sourced<u16>>,
    pub(super) relay_ips: Vec<Sourced<IpAddr>>,
    pub(super) min_port: Option<Sourced<u16>>,
    pub(super) max_port: Option<Sourced<u16>>,
    pub(super) no_tcp: Option<Sourced<()>>,
    pub(super) no_tls: Option<Sourced<()>>,
    pub(super) workers: Option<Sourced<u32>>,
    pub(super) log_level: Option<Sourced<&'static str>>,
    pub(super) realm: Option<Sourced<String>>,
    pub(super) certificate: Option<Sourced<PathBuf>>,
    pub(super) private_key: Option<Sourced<PathBuf>>,
    pub(super) alternate_servers: Vec<Sourced<SocketAddr>>,
    pub(super) lifetime_s: Option<Sourced<u32>>,
    pub(super) total_quota: Option<Sourced<u32>>,
    pub(super) user_quota: Option<Sourced<u32>>,
    pub(super) secrets: Vec<Sourced<Secret>>,
    pub(super) users: Vec<Sourced<User>>,
    pub(super) allowed: Vec<Sourced<Vec<IpNet>>>,
    pub(super) denied: Vec<Sourced<Vec<IpNet>>>,
    /// Lines that deny nobody knows whom.
    pub(super) denied_unread: Vec<Sourced<()>>,
}

/// A static user.
#[derive(Clone)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) password: Secret,
}

impl Plan {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            listening_ips: Vec::new(),
            more_listening: Vec::new(),
            port: None,
            tls_port: None,
            relay_ips: Vec::new(),
            min_port: None,
            max_port: None,
            no_tcp: None,
            no_tls: None,
            workers: None,
            log_level: None,
            realm: None,
            certificate: None,
            private_key: None,
            alternate_servers: Vec::new(),
            lifetime_s: None,
            total_quota: None,
            user_quota: None,
            secrets: Vec::new(),
            users: Vec::new(),
            allowed: Vec::new(),
            denied: Vec::new(),
            denied_unread: Vec::new(),
        }
    }

    /// What an operator has to know whatever is set.
    pub(super) fn notes(&self) -> Vec<&'static str> {
        let mut notes = vec![
            "private, loopback, link-local and other special addresses are refused, as clients and \
             as peers, unless a region lists them",
            "DTLS and TCP relaying (RFC 6062) are not served",
        ];
        if !self.secrets.is_empty() {
            notes.push(
                "application servers must write user names as <expiry>:main/<meeting>/<party>; the \
                 password is made as before",
            );
        }
        if self.user_quota.is_none() {
            notes.push(
                "coturn had no quota for a user, here a party may have 16 allocations: see \
                 max_allocations_per_party",
            );
        }
        if !self.allowed.is_empty() {
            notes.push(
                "peers are the addresses of allowed-peer-ip and no others; coturn let every address \
                 in that no denied-peer-ip names: add \"internet\" to `peers` to keep that",
            );
        }
        if self.secrets.is_empty() && self.users.is_empty() {
            notes.push("nobody has credentials: add `secrets` or `users` to the tenant");
        }
        if !self.denied.is_empty() {
            notes.push("addresses of denied-peer-ip are refused as clients too");
        }
        notes
    }

    /// The name of the file for the secret at this place.
    pub(super) fn secret_file(index: usize) -> String {
        format!("turn-{}.secret", index + 1)
    }

    /// The name of the file for the password of the user at this place.
    pub(super) fn password_file(index: usize) -> String {
        format!("turn-user-{}.password", index + 1)
    }

    pub(super) fn into_secrets(self) -> Vec<SecretFile> {
        let secrets = self.secrets.into_iter().enumerate();
        let secrets = secrets
            .map(|(index, from)| SecretFile { name: Self::secret_file(index), secret: from.value });
        let passwords = self.users.into_iter().enumerate().map(|(index, from)| SecretFile {
            name: Self::password_file(index),
            secret: from.value.password,
        });
        secrets.chain(passwords).collect()
    }
}
