//! What the engines and the registry need of the configuration to run the TURN door.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ringfence_core::{Accounts, Family, RelayPorts, StaticUser, TenantCredentials, TurnSetup};
use ringfence_net::sockets::StreamListener;
use zeroize::Zeroizing;

use crate::config::{Config, Tenant, User};

/// The door as every shard runs it; `None` without an address to relay from.
pub(super) fn setup(config: &Config, started: SystemTime) -> Option<TurnSetup> {
    let addresses = &config.listen.relay_addresses;
    let families: BTreeSet<Family> = addresses.iter().map(|&ip| Family::of(ip)).collect();
    let tenants = config.tenants.iter().map(credentials);
    (!families.is_empty()).then(|| TurnSetup {
        realm: config.turn.realm.as_str().into(),
        accounts: Arc::new(Accounts::new(tenants.collect())),
        families: families.into_iter().collect(),
        alternates: config.turn.alternate_servers.clone(),
        channel_numbers: config.turn.channel_numbers,
        // A clock before 1970 is wrong; then every credential is as good as its secret.
        unix_start: started.duration_since(UNIX_EPOCH).unwrap_or_default(),
    })
}

/// Where allocations get their ports.
pub(super) fn ports(config: &Config) -> RelayPorts {
    RelayPorts {
        addresses: config.listen.relay_addresses.clone(),
        ports: config.listen.relay_ports.clone(),
    }
}

/// Where TCP and TLS clients come in.
pub(super) fn listeners(config: &Config) -> Vec<StreamListener> {
    if config.listen.relay_addresses.is_empty() {
        return Vec::new();
    }
    let plain = |&address| StreamListener { address, tls: None };
    let tls = config.turn.tls.iter().flat_map(|tls| {
        let listen = config.listen.turn_tls.iter();
        listen.map(|&address| StreamListener { address, tls: Some(tls.server()) })
    });
    config.listen.turn_tcp.iter().map(plain).chain(tls).collect()
}

fn credentials(tenant: &Tenant) -> TenantCredentials {
    let bytes = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    let user = |user: &User| {
        let password = bytes(user.password.secret.as_ref()?.expose());
        Some(StaticUser { name: user.name.clone(), password, fence: user.fence.clone() })
    };
    TenantCredentials {
        name: tenant.name.clone(),
        secrets: tenant.secrets().map(|secret| bytes(secret.expose())).collect(),
        users: tenant.users.iter().filter_map(user).collect(),
    }
}
