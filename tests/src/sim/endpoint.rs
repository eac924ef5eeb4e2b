//! An endpoint: someone with an address who may hold credentials for a room.

use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::{Credentials, IceCredentials, Instant, Name, ParticipantId};
use ringfence_wire::datagram::LocalSocket;

use super::media::MediaId;
use super::stun::{self, Forge, Heard, Transaction};

/// Place of an endpoint in its simulation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EndpointId(pub usize);

/// How an endpoint deals with the relay's path checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answers {
    /// As ICE has it.
    Properly,
    /// With an error response, signed where it has a password.
    WithError,
    /// With a wrong signature where it has a password, else with another transaction id.
    Wrongly,
    /// Any request, its own or not, without a signature.
    Blindly,
    /// Not at all.
    Never,
}

impl Answers {
    /// Whether such an answer proves the address.
    pub fn prove(self) -> bool {
        matches!(self, Self::Properly | Self::WithError)
    }
}

/// One stay in a room, as its participant knows it.
#[derive(Clone, Debug)]
pub struct Stay {
    /// The registry's handle.
    pub participant: ParticipantId,
    /// The room.
    pub room: Name,
    /// Its name there.
    pub name: Name,
    /// What the relay gave it.
    pub credentials: Credentials,
    /// What it gave the relay.
    pub ice: Option<IceCredentials>,
    /// When the credentials end.
    pub expires: Instant,
}

/// A media packet that arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// When.
    pub at: Instant,
    /// UDP payload.
    pub bytes: Vec<u8>,
}

/// An endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where it sends from.
    pub address: SocketAddr,
    /// The relay's socket that it talks to.
    pub local: LocalSocket,
    /// Its room, if it is in one.
    pub stay: Option<Stay>,
    /// What it does about path checks.
    pub answers: Answers,
    /// How often it sends connectivity checks by itself.
    pub checks_every: Option<Duration>,
    /// Whether it answers nothing and keeps all that reaches it, for someone else to deal with.
    pub is_bare: bool,
    /// Media that reached it; of a bare one, everything.
    pub inbox: Vec<Received>,
    /// Success responses to its checks.
    pub successes: usize,
    /// Error responses to its checks.
    pub errors: usize,
    /// Path checks that reached it, and when.
    pub path_checks: Vec<Instant>,
    /// The last connectivity check it sent.
    pub last_check: Option<Vec<u8>>,
}

impl Endpoint {
    /// Someone at an address, in no room.
    pub fn new(address: SocketAddr, local: LocalSocket) -> Self {
        Self {
            address,
            local,
            stay: None,
            answers: Answers::Properly,
            checks_every: None,
            is_bare: false,
            inbox: Vec::new(),
            successes: 0,
            errors: 0,
            path_checks: Vec::new(),
            last_check: None,
        }
    }

    /// The numbers of the media that reached it, in order.
    pub fn heard(&self) -> Vec<MediaId> {
        let ids = self.inbox.iter().map(|received| MediaId::of(&received.bytes));
        ids.flatten().collect()
    }

    /// What it sends back to a datagram, if anything.
    pub fn hear(&mut self, now: Instant, bytes: &[u8]) -> Option<Vec<u8>> {
        match Heard::read(bytes).filter(|_| !self.is_bare) {
            Some(message) => self.stun(now, &message),
            None => {
                self.inbox.push(Received { at: now, bytes: bytes.to_vec() });
                None
            }
        }
    }

    fn stun(&mut self, now: Instant, message: &Heard<'_>) -> Option<Vec<u8>> {
        let password = self.stay.as_ref().map(|stay| stay.credentials.password.clone());
        let ours = password.is_some_and(|password| message.signed_with(password.as_bytes()));
        match message.message_type {
            stun::SUCCESS if ours => self.successes += 1,
            stun::ERROR if ours => self.errors += 1,
            stun::REQUEST => {
                self.path_checks.push(now);
                return self.answer(message);
            }
            _ => {}
        }
        None
    }

    /// An endpoint with a password ignores what is not signed with it (RFC 8445 section 7.3).
    fn answer(&self, message: &Heard<'_>) -> Option<Vec<u8>> {
        if self.answers == Answers::Blindly {
            return answer(self.answers, message.transaction, None, self.address);
        }
        let ice = self.stay.as_ref()?.ice.as_ref();
        if ice.is_some_and(|ice| !message.signed_with(ice.password().as_bytes())) {
            return None;
        }
        answer(self.answers, message.transaction, ice, self.address)
    }
}

/// An answer to a path check.
pub fn answer(
    how: Answers,
    transaction: Transaction,
    ice: Option<&IceCredentials>,
    from: SocketAddr,
) -> Option<Vec<u8>> {
    let mut transaction = transaction;
    let message = match how {
        Answers::Never => return None,
        Answers::Properly | Answers::Blindly => Forge::new(stun::SUCCESS, transaction)
            .attribute(stun::XOR_MAPPED_ADDRESS, &masked(from)),
        Answers::WithError => {
            Forge::new(stun::ERROR, transaction).attribute(stun::ERROR_CODE, &[0, 0, 4, 0])
        }
        Answers::Wrongly => {
            transaction[0] ^= u8::from(ice.is_none());
            Forge::new(stun::SUCCESS, transaction)
        }
    };
    let key = ice.map(|ice| match how {
        Answers::Wrongly => "an other password altogether",
        _ => ice.password(),
    });
    Some(match key {
        Some(key) => message.integrity(key.as_bytes()).fingerprint().finish(),
        None => message.finish(),
    })
}

/// The relay reads no address from an answer; this one only has the right length.
fn masked(from: SocketAddr) -> Vec<u8> {
    match from {
        SocketAddr::V4(_) => vec![0, 1, 0, 0, 0, 0, 0, 0],
        SocketAddr::V6(_) => [&[0, 2, 0, 0][..], &[0; 16]].concat(),
    }
}

/// A connectivity check (RFC 8445 section 7.2.2).
pub fn connectivity_check(stay: &Stay, transaction: Transaction) -> Vec<u8> {
    check_of(stay, transaction)
        .integrity(stay.credentials.password.as_bytes())
        .fingerprint()
        .finish()
}

/// A connectivity check that is not signed yet.
pub fn check_of(stay: &Stay, transaction: Transaction) -> Forge {
    let theirs = stay.ice.as_ref().map_or("none", IceCredentials::ufrag);
    check_by(stay.credentials.ufrag.as_str(), theirs, transaction)
}

/// A connectivity check for these username fragments, the relay's first, not signed yet.
pub fn check_by(relays: &str, theirs: &str, transaction: Transaction) -> Forge {
    Forge::new(stun::REQUEST, transaction)
        .attribute(stun::USERNAME, format!("{relays}:{theirs}").as_bytes())
        .attribute(stun::PRIORITY, &0x6e00_01ff_u32.to_be_bytes())
        .attribute(stun::ICE_CONTROLLING, &[7; 8])
}
