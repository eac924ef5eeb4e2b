//! What the engines and the registry need of the configuration to run the TURN door.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use ringfence_core::{Accounts, Family, RelayPorts, StaticUser, TenantCredentials, TurnSetup};
use ringfence_fence::Located;
use ringfence_net::sockets::StreamListener;
use zeroize::Zeroizing;

use crate::config::{Config, Tenant, User};

/// The door as every shard runs it; `None` without an address to relay from.
pub(super) fn setup(
    config: &Config,
    nonce_secret: &Zeroizing<[u8; 32]>,
    started: SystemTime,
) -> Option<TurnSetup> {
    let addresses = &config.listen.relay_addresses;
    let families: BTreeSet<Family> = addresses.iter().map(|&ip| Family::of(ip)).collect();
    (!families.is_empty()).then(|| TurnSetup {
        realm: config.turn.realm.as_str().into(),
        accounts: accounts(config),
        families: families.into_iter().collect(),
        alternates: config.turn.alternate_servers.clone(),
        channel_numbers: config.turn.channel_numbers,
        nonce_secret: nonce_secret.clone(),
        // A clock before 1970 is wrong; then every credential is as good as its secret.
        unix_start: started.duration_since(UNIX_EPOCH).unwrap_or_default(),
    })
}

/// Who may allocate. Secrets of another enclave do not even reach a shard.
pub(super) fn accounts(config: &Config) -> Arc<Accounts> {
    let draft = &config.policy;
    let site = draft.sites.iter().find(|site| site.name.value == draft.own_site.value);
    let name = |enclave: &Located<String>| enclave.value.clone();
    let own = site.and_then(|site| site.enclave.as_ref().map(name));
    let ours = draft.tenants.iter().filter(|tenant| tenant.enclave.as_ref().map(name) == own);
    let ours: BTreeSet<&str> = ours.map(|tenant| tenant.name.value.as_str()).collect();
    let tenants = config.tenants.iter().filter(|tenant| ours.contains(tenant.name.as_str()));
    Arc::new(Accounts::new(tenants.map(credentials).collect()))
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const TWO_ENCLAVES: &str = r#"
        [node]
        site = "fra1"
        [listen]
        media = ["127.1.0.1:3478"]
        [control]
        socket = "ringfence.sock"
        [regions.europe]
        cidrs = ["127.1.0.0/16"]
        [sites.fra1]
        region = "europe"
        addresses = ["127.1.0.0/24"]
        [fences.eu-only]
        clients = ["europe"]
        peers = ["europe"]
        transit = ["europe"]
        [tenants.acme]
        home = "europe"
        fences = ["eu-only"]
        [tenants.nato]
        home = "europe"
        fences = ["eu-only"]
        enclave = "bunker"
    "#;

    fn accounts_of(text: &str) -> String {
        let loaded = crate::config::parse("two.toml", text, Path::new("/"), []).unwrap();
        format!("{:?}", accounts(&loaded.config))
    }

    #[test]
    fn a_shard_knows_the_tenants_of_its_own_enclave_and_no_others() {
        assert_eq!(accounts_of(TWO_ENCLAVES), "Accounts(1 tenants, 0 users)");
        let both = TWO_ENCLAVES.replace("enclave = \"bunker\"", "");
        assert_eq!(accounts_of(&both), "Accounts(2 tenants, 0 users)");
    }
}
