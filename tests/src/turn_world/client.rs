//! A TURN client that does what it is told, and answers challenges by itself.

use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_core::{Accounts, StaticUser, TenantCredentials, long_term_key, rest_password};
use ringfence_wire::datagram::LocalSocket;

use super::codec::{self, Attribute, Carried, Reply};
use super::world::{UNIX_START, World};
use crate::sim::stun::{Heard, Transaction};

/// REALM of the worlds.
pub const REALM_TEXT: &str = "ringfence.example";

/// `acme` has a new and an old secret and the users bob and eve, `nato`, `open` and `ghost`, which no
/// policy knows, one secret each, `mute` none.
pub fn accounts() -> Arc<Accounts> {
    let tenant = |name: &str, secrets: &[&str]| TenantCredentials {
        name: name.to_owned(),
        secrets: secrets.iter().map(|secret| secret.as_bytes().to_vec().into()).collect(),
        users: Vec::new(),
    };
    let user = |name: &str, fence: Option<&str>| StaticUser {
        name: name.to_owned(),
        password: format!("{name}-password").into_bytes().into(),
        fence: fence.map(str::to_owned),
    };
    let mut acme = tenant("acme", &["acme-secret", "acme-old-secret"]);
    acme.users = vec![user("bob", None), user("eve", Some("not-china"))];
    let others = ["nato", "open", "ghost"].map(|name| tenant(name, &[&format!("{name}-secret")]));
    Arc::new(Accounts::new([acme, tenant("mute", &[])].into_iter().chain(others).collect()))
}

/// A client at one address.
#[derive(Clone)]
pub struct Client {
    /// Where it is.
    pub address: SocketAddr,
    /// The relay's socket that it talks to.
    pub local: LocalSocket,
    /// USERNAME.
    pub username: Vec<u8>,
    /// Key of its MESSAGE-INTEGRITY.
    pub key: [u8; 16],
    /// What it sends as REALM.
    pub realm: Vec<u8>,
    /// The last that it was given.
    pub nonce: Option<Vec<u8>>,
    serial: u32,
}

impl Client {
    /// A client of `acme` under its default fence.
    ///
    /// # Panics
    /// If that is no address.
    pub fn new(address: &str) -> Self {
        Self::of("acme", address)
    }

    /// A client of that tenant, whose party is its address.
    ///
    /// # Panics
    /// If that is no address.
    pub fn of(tenant: &str, address: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let party: String = address.chars().map(|c| if plain(c) { c } else { '-' }).collect();
        let name = format!("{}:{tenant}/standup/{party}", UNIX_START.as_secs() + 1_000_000);
        Self::named(address, &name, &format!("{tenant}-secret"))
    }

    /// A client of `acme` under that fence.
    ///
    /// # Panics
    /// If that is no address.
    pub fn under(fence: &str, address: &str) -> Self {
        let plain = Self::new(address);
        let name = String::from_utf8(plain.username).expect("text");
        Self::named(address, &format!("{name};fence={fence}"), "acme-secret")
    }

    /// A client of that name, which a secret signs.
    ///
    /// # Panics
    /// If that is no address.
    pub fn named(address: &str, username: &str, secret: &str) -> Self {
        let password = rest_password(secret.as_bytes(), username.as_bytes());
        Self::with_password(address, username, &password)
    }

    /// A client of that name and password.
    ///
    /// # Panics
    /// If that is no address.
    pub fn with_password(address: &str, username: &str, password: &str) -> Self {
        let (name, realm) = (username.as_bytes(), REALM_TEXT.as_bytes());
        Self {
            address: address.parse().expect("an address"),
            local: LocalSocket::Listen(0),
            username: name.to_vec(),
            key: long_term_key(name, realm, password.as_bytes()),
            realm: realm.to_vec(),
            nonce: None,
            serial: 0,
        }
    }

    /// The same one on a connection.
    ///
    /// # Panics
    /// If the relay does not take it.
    #[must_use]
    pub fn connected(self, world: &mut World) -> Self {
        let local = world.connect(self.address).expect("the relay takes the connection");
        Self { local, ..self }
    }

    /// The same user at another address.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, nonce: None, ..self.clone() }
    }

    /// A transaction id of its own.
    pub fn transaction(&mut self) -> Transaction {
        self.serial += 1;
        let ip = match self.address.ip() {
            std::net::IpAddr::V4(ip) => u32::from(ip),
            std::net::IpAddr::V6(ip) => {
                u32::from_be_bytes(ip.octets()[12..].try_into().expect("4"))
            }
        };
        let local = match self.local {
            LocalSocket::Stream(number) => u16::try_from(number % 60_000).unwrap_or(0) + 1,
            _ => 0,
        };
        let parts = [
            &ip.to_be_bytes()[..],
            &self.address.port().to_be_bytes(),
            &local.to_be_bytes(),
            &self.serial.to_be_bytes(),
        ];
        parts.concat().try_into().expect("12 bytes")
    }

    /// A request without credentials.
    pub fn unsigned(&self, method: u16, id: Transaction, attributes: &[Attribute]) -> Vec<u8> {
        codec::message(method, id, attributes).finish()
    }

    /// A request with them.
    pub fn signed(&self, method: u16, id: Transaction, attributes: &[Attribute]) -> Vec<u8> {
        let mut all = attributes.to_vec();
        all.push((codec::USERNAME, self.username.clone()));
        all.push((codec::REALM, self.realm.clone()));
        all.push((codec::NONCE, self.nonce.clone().unwrap_or_default()));
        codec::message(method, id, &all).integrity(&self.key).finish()
    }

    /// Sends bytes as they are and returns the answer, if there is one.
    pub fn exchange(&self, world: &mut World, bytes: &[u8]) -> Option<Reply> {
        world.send(self.address, self.local, bytes);
        world.settle();
        self.answer_to(world, bytes)
    }

    /// The answer to a request that was sent before.
    pub fn answer_to(&self, world: &mut World, bytes: &[u8]) -> Option<Reply> {
        let id = Heard::read(bytes)?.transaction;
        let local = self.local;
        let fits = |bytes: &[u8]| Heard::read(bytes).is_some_and(|heard| heard.transaction == id);
        world
            .take_first(self.address, |sent| sent.from == local && fits(&sent.bytes))
            .map(|sent| Reply(sent.bytes))
    }

    /// Learns a nonce.
    ///
    /// # Panics
    /// If it is told none.
    pub fn greet(&mut self, world: &mut World) {
        let id = self.transaction();
        let asked = self.unsigned(codec::ALLOCATE, id, &[]);
        let reply = self.exchange(world, &asked).expect("a challenge");
        self.nonce = reply.nonce();
    }

    /// A signed request, once more with a new nonce if the first is stale; the answer, if there is
    /// one.
    pub fn try_request(
        &mut self,
        world: &mut World,
        method: u16,
        attributes: impl Fn(&Transaction) -> Vec<Attribute>,
    ) -> Option<Reply> {
        if self.nonce.is_none() {
            self.greet(world);
        }
        for _ in 0..2 {
            let id = self.transaction();
            let asked = self.signed(method, id, &attributes(&id));
            let reply = self.exchange(world, &asked)?;
            if reply.code() != 438 {
                return Some(reply);
            }
            self.nonce = reply.nonce();
        }
        None
    }

    /// A signed request that must be answered.
    ///
    /// # Panics
    /// If it is not.
    pub fn request(
        &mut self,
        world: &mut World,
        method: u16,
        attributes: impl Fn(&Transaction) -> Vec<Attribute>,
    ) -> Reply {
        self.try_request(world, method, attributes).expect("an answer")
    }

    /// Allocate for UDP.
    ///
    /// # Panics
    /// If it is not answered.
    pub fn allocate(&mut self, world: &mut World, more: &[Attribute]) -> Reply {
        self.request(world, codec::ALLOCATE, |_| [&[codec::udp()], more].concat())
    }

    /// Allocate for UDP that may go unanswered: by a policy that cuts the client while it waits.
    pub fn try_allocate(&mut self, world: &mut World, more: &[Attribute]) -> Option<Reply> {
        self.try_request(world, codec::ALLOCATE, |_| [&[codec::udp()], more].concat())
    }

    /// Allocate that succeeds, and the first relayed address.
    ///
    /// # Panics
    /// If it fails.
    pub fn relayed(&mut self, world: &mut World) -> SocketAddr {
        let reply = self.allocate(world, &[]);
        assert_eq!(reply.code(), 0, "{} allocates", self.address);
        reply.relayed()[0]
    }

    /// Refresh.
    ///
    /// # Panics
    /// If it is not answered.
    pub fn refresh(&mut self, world: &mut World, seconds: u32) -> Reply {
        self.request(world, codec::REFRESH, |_| vec![codec::lifetime(seconds)])
    }

    /// CreatePermission for each of these.
    ///
    /// # Panics
    /// If it is not answered.
    pub fn permit(&mut self, world: &mut World, peers: &[SocketAddr]) -> Reply {
        self.request(world, codec::CREATE_PERMISSION, |id| {
            peers.iter().map(|peer| codec::peer(*peer, id)).collect()
        })
    }

    /// ChannelBind.
    ///
    /// # Panics
    /// If it is not answered.
    pub fn bind(&mut self, world: &mut World, number: u16, peer: SocketAddr) -> Reply {
        self.request(world, codec::CHANNEL_BIND, |id| {
            vec![codec::channel_number(number), codec::peer(peer, id)]
        })
    }

    /// A Send indication.
    pub fn indication(&mut self, peer: SocketAddr, payload: &[u8], more: &[Attribute]) -> Vec<u8> {
        let id = self.transaction();
        let mut all = vec![codec::peer(peer, &id), (codec::DATA, payload.to_vec())];
        all.extend_from_slice(more);
        self.unsigned(codec::SEND_INDICATION, id, &all)
    }

    /// Sends to a peer by Send.
    pub fn say(&mut self, world: &mut World, peer: SocketAddr, payload: &[u8]) {
        let bytes = self.indication(peer, payload, &[]);
        world.send(self.address, self.local, &bytes);
    }

    /// Sends to a peer by a channel.
    pub fn say_on(&self, world: &mut World, number: u16, payload: &[u8]) {
        world.send(self.address, self.local, &codec::channel_data(number, payload));
    }

    /// What it got of its peers' data since the last call.
    pub fn hears(&self, world: &mut World) -> Vec<Carried> {
        let arrived = world.take(self.address).into_iter();
        arrived.filter_map(|sent| Carried::read(&sent.bytes)).collect()
    }
}
