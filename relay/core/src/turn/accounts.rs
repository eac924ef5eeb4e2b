//! Who may allocate: tenants with shared secrets, and users with passwords of their own.

use std::collections::HashMap;
use std::fmt;
use std::str;
use std::sync::Arc;
use std::time::Duration;

use ringfence_wire::stun::{IntegrityKey, Message};
use zeroize::Zeroizing;

use super::party::Party;
use super::rest::{RestUsername, long_term_key, rest_password};
use crate::state::{IdentityState, KeyState};

/// A tenant's part of the TURN door.
pub struct TenantCredentials {
    /// Its name in the policy.
    pub name: String,
    /// Newest first; each of them is accepted.
    pub secrets: Vec<Zeroizing<Vec<u8>>>,
    /// Users that need no application server.
    pub users: Vec<StaticUser>,
}

/// A user with a password of its own.
pub struct StaticUser {
    /// USERNAME.
    pub name: String,
    /// Password.
    pub password: Zeroizing<Vec<u8>>,
    /// The fence its allocations are under; `None` is the tenant's default.
    pub fence: Option<String>,
}

/// All credentials of the relay, shared by its shards.
pub struct Accounts {
    tenants: HashMap<Arc<str>, Vec<Zeroizing<Vec<u8>>>>,
    users: HashMap<Vec<u8>, User>,
}

/// `MD5(username ":" realm ":" password)`.
type Digest = Zeroizing<[u8; 16]>;

struct User {
    tenant: Arc<str>,
    password: Zeroizing<Vec<u8>>,
    fence: Option<Arc<str>>,
}

/// Someone who has shown a password.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) username: Box<[u8]>,
    pub(crate) tenant: Arc<str>,
    /// Whom the tenant's quota for one party counts.
    pub(crate) party: Party,
    pub(crate) fence: Option<Arc<str>>,
    pub(crate) group: Option<Arc<str>>,
    /// Signs and verifies everything of this 5-tuple from now on.
    pub(crate) key: IntegrityKey,
    /// What that was made of.
    digest: Digest,
}

macro_rules! failures {
    ($($(#[$doc:meta])+ $variant:ident = $code:literal,)+) => {
        /// Why credentials were not accepted. Whoever tried is told 401 and no more.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(usize)]
        pub enum AuthFailure { $($(#[$doc])+ $variant,)+ }

        impl AuthFailure {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Stable name, in snake_case.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }
        }
    };
}

failures! {
    /// Neither a user of ours nor of the form that tenants' secrets sign.
    UnknownUser = "unknown_user",
    /// The tenant is not known, or has no secret.
    UnknownTenant = "unknown_tenant",
    /// Its time is over.
    Expired = "expired",
    /// MESSAGE-INTEGRITY was made with another password: a removed secret's, say.
    WrongPassword = "wrong_password",
    /// REALM is not ours.
    WrongRealm = "wrong_realm",
}

impl Identity {
    /// Whoever this was in the relay before this one.
    pub(crate) fn restored(state: &IdentityState) -> Self {
        let digest = Zeroizing::new(state.key.0);
        let meeting = state.meeting.as_deref().map(Arc::from);
        Self {
            username: state.username.as_slice().into(),
            tenant: state.tenant.as_str().into(),
            party: Party { meeting, name: state.party.as_str().into() },
            fence: state.fence.as_deref().map(Arc::from),
            group: state.group.as_deref().map(Arc::from),
            key: IntegrityKey::long_term(*digest),
            digest,
        }
    }

    pub(crate) fn state(&self) -> IdentityState {
        IdentityState {
            username: self.username.to_vec(),
            tenant: self.tenant.as_ref().to_owned(),
            meeting: self.party.meeting.as_deref().map(str::to_owned),
            party: self.party.name.as_ref().to_owned(),
            fence: self.fence.as_deref().map(str::to_owned),
            group: self.group.as_deref().map(str::to_owned),
            key: KeyState(*self.digest),
        }
    }
}

impl Accounts {
    /// Of these tenants. A user's name that appears twice keeps its first place.
    pub fn new(tenants: Vec<TenantCredentials>) -> Self {
        let mut accounts = Self { tenants: HashMap::new(), users: HashMap::new() };
        for TenantCredentials { name, secrets, users } in tenants {
            let tenant: Arc<str> = name.into();
            for StaticUser { name, password, fence } in users {
                let fence = fence.map(Arc::from);
                let user = User { tenant: Arc::clone(&tenant), password, fence };
                accounts.users.entry(name.into_bytes()).or_insert(user);
            }
            accounts.tenants.insert(tenant, secrets);
        }
        accounts
    }

    /// Who signed this message, if its USERNAME is somebody's here.
    ///
    /// # Errors
    /// [`AuthFailure`], of which the sender learns nothing.
    pub(crate) fn authenticate(
        &self,
        unix: Duration,
        realm: &str,
        message: &Message<'_>,
    ) -> Result<Identity, AuthFailure> {
        if message.realm() != Some(realm.as_bytes()) {
            return Err(AuthFailure::WrongRealm);
        }
        let username = message.username().ok_or(AuthFailure::UnknownUser)?;
        if let Some(user) = self.users.get(username) {
            return user.authenticate(username, realm, message);
        }
        let text = str::from_utf8(username).map_err(|_| AuthFailure::UnknownUser)?;
        let rest = RestUsername::parse(text).map_err(|_| AuthFailure::UnknownUser)?;
        let tenant = self.tenants.get_key_value(rest.tenant);
        let (tenant, secrets) = tenant.ok_or(AuthFailure::UnknownTenant)?;
        if secrets.is_empty() {
            return Err(AuthFailure::UnknownTenant);
        }
        if Duration::from_secs(rest.expiry_unix_s) <= unix {
            return Err(AuthFailure::Expired);
        }
        let digests = secrets.iter().map(|secret| digest_by_secret(username, realm, secret));
        let (digest, key) = signing_key(digests, message)?;
        Ok(Identity {
            username: username.into(),
            tenant: Arc::clone(tenant),
            party: Party { meeting: Some(rest.meeting.into()), name: rest.party.into() },
            fence: rest.fence.map(Arc::from),
            group: rest.group.map(Arc::from),
            key,
            digest,
        })
    }

    /// Whether someone who has authenticated could do so with the same key, as the same tenant's and
    /// under the same fence, again. That its time may be over does not matter: an allocation that
    /// stands lives as long as its client refreshes it.
    pub(crate) fn has(&self, realm: &str, identity: &Identity) -> bool {
        let username = &identity.username;
        if let Some(user) = self.users.get(&**username) {
            let same = user.tenant == identity.tenant && user.fence == identity.fence;
            return same && digest(username, realm, &user.password) == identity.digest;
        }
        let secrets = self.tenants.get(&identity.tenant).into_iter().flatten();
        secrets
            .map(|secret| digest_by_secret(username, realm, secret))
            .any(|d| d == identity.digest)
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Accounts({} tenants, {} users)", self.tenants.len(), self.users.len())
    }
}

impl User {
    fn authenticate(
        &self,
        username: &[u8],
        realm: &str,
        message: &Message<'_>,
    ) -> Result<Identity, AuthFailure> {
        let (digest, key) = signing_key([digest(username, realm, &self.password)], message)?;
        Ok(Identity {
            username: username.into(),
            tenant: Arc::clone(&self.tenant),
            party: Party { meeting: None, name: String::from_utf8_lossy(username).into() },
            fence: self.fence.clone(),
            group: None,
            key,
            digest,
        })
    }
}

fn digest(username: &[u8], realm: &str, password: &[u8]) -> Digest {
    Zeroizing::new(long_term_key(username, realm.as_bytes(), password))
}

fn digest_by_secret(username: &[u8], realm: &str, secret: &[u8]) -> Digest {
    let password = Zeroizing::new(rest_password(secret, username));
    digest(username, realm, password.as_bytes())
}

fn signing_key(
    digests: impl IntoIterator<Item = Digest>,
    message: &Message<'_>,
) -> Result<(Digest, IntegrityKey), AuthFailure> {
    let mut keys = digests.into_iter().map(|digest| {
        let key = IntegrityKey::long_term(*digest);
        (digest, key)
    });
    let signed = keys.find(|(_, key)| message.verify_integrity(key).is_ok());
    signed.ok_or(AuthFailure::WrongPassword)
}
