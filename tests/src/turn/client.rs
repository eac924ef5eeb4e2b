//! A TURN client (RFC 8656) that asks for one thing at a time and waits for the answer.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;

use ringfence_wire::channel_data::{self, ChannelNumber};
use ringfence_wire::stun::{
    Attribute, Class, ErrorCode, IntegrityKey, Message, Method, TransactionId, WriteError, Writer,
};

use super::credentials::Credentials;
use super::road::Road;

/// A client with its credentials. Roads are lent, so that they can be whatever moves packets.
pub struct Client {
    credentials: Credentials,
    challenge: Option<Challenge>,
    requests: u64,
}

/// What a 401 or 438 asked for.
#[derive(Clone)]
struct Challenge {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    key: IntegrityKey,
}

/// Which relayed addresses an Allocate asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// As no attribute says: IPv4.
    Default,
    /// REQUESTED-ADDRESS-FAMILY IPv6 (RFC 8656 section 18.6).
    Ipv6,
    /// ADDITIONAL-ADDRESS-FAMILY IPv6 (RFC 8656 section 18.11).
    Dual,
}

/// Why a request was not granted.
#[derive(Debug)]
pub enum Refused {
    /// An error response.
    With(ErrorCode),
    /// No answer to any transmission.
    Silence,
    /// The road or the message failed.
    Failed(io::Error),
}

/// Transmissions of one request before silence is taken for the answer.
const TRANSMISSIONS: usize = 4;

/// Challenges that one request takes up: none yet, then a stale one.
const CHALLENGES: usize = 2;

const FAMILY_IPV6: u32 = 2 << 24;
const UDP: u32 = 17 << 24;

impl Client {
    /// One that has asked for nothing yet.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, challenge: None, requests: 0 }
    }

    /// Allocates: the relayed addresses.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn allocate(
        &mut self,
        road: &mut impl Road,
        family: Family,
    ) -> Result<Vec<SocketAddr>, Refused> {
        let answer = self.request(road, Method::ALLOCATE, |writer| {
            let writer = writer.u32(Attribute::RequestedTransport, UDP)?;
            match family {
                Family::Default => Ok(writer),
                Family::Ipv6 => writer.u32(Attribute::RequestedAddressFamily, FAMILY_IPV6),
                Family::Dual => writer.u32(Attribute::AdditionalAddressFamily, FAMILY_IPV6),
            }
        })?;
        let message = Message::parse(&answer).map_err(|_| Refused::Silence)?;
        Ok(message.xor_addresses(Attribute::XorRelayedAddress).flatten().collect())
    }

    /// Allocates an even port and has the one above kept (RFC 8656 section 18.10, the R bit).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn allocate_pair(&mut self, road: &mut impl Road) -> Result<(), Refused> {
        self.request(road, Method::ALLOCATE, |writer| {
            writer.u32(Attribute::RequestedTransport, UDP)?.bytes(Attribute::EvenPort, &[0x80])
        })
        .map(drop)
    }

    /// Asks for a permission (RFC 8656 section 9).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn permit(&mut self, road: &mut impl Road, peer: SocketAddr) -> Result<(), Refused> {
        self.request(road, Method::CREATE_PERMISSION, |writer| {
            writer.xor_address(Attribute::XorPeerAddress, peer)
        })
        .map(drop)
    }

    /// Asks for a channel (RFC 8656 section 11).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn bind(
        &mut self,
        road: &mut impl Road,
        channel: ChannelNumber,
        peer: SocketAddr,
    ) -> Result<(), Refused> {
        let number = u32::from(channel.number()) << 16;
        self.request(road, Method::CHANNEL_BIND, |writer| {
            writer
                .u32(Attribute::ChannelNumber, number)?
                .xor_address(Attribute::XorPeerAddress, peer)
        })
        .map(drop)
    }

    /// Keeps the allocation (RFC 8656 section 7).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn refresh(&mut self, road: &mut impl Road) -> Result<(), Refused> {
        self.request(road, Method::REFRESH, |writer| Ok(writer)).map(drop)
    }

    /// Gives the allocation up (RFC 8656 section 7).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn release(&mut self, road: &mut impl Road) -> Result<(), Refused> {
        self.request(road, Method::REFRESH, |writer| writer.u32(Attribute::Lifetime, 0)).map(drop)
    }

    /// Sends by an indication, which nobody answers (RFC 8656 section 10).
    ///
    /// # Errors
    /// Those of the road.
    pub fn indicate(
        &mut self,
        road: &mut impl Road,
        peer: SocketAddr,
        data: &[u8],
    ) -> io::Result<()> {
        let mut buffer = [0; 2048];
        let id = self.transaction();
        let message = Writer::new(&mut buffer, Class::Indication, Method::SEND, id)
            .and_then(|writer| writer.xor_address(Attribute::XorPeerAddress, peer))
            .and_then(|writer| writer.bytes(Attribute::Data, data));
        road.send(message.map_err(io::Error::other)?.finish())
    }

    /// An Allocate that nobody has signed.
    ///
    /// # Panics
    /// Never: it fits.
    pub fn bare_allocate(&mut self) -> Vec<u8> {
        let challenge = self.challenge.take();
        let bare = self.allocate_message();
        self.challenge = challenge;
        bare
    }

    /// An Allocate, signed for the challenge that this client has met.
    ///
    /// # Panics
    /// It has met none.
    pub fn signed_allocate(&mut self) -> Vec<u8> {
        assert!(self.challenge.is_some(), "nothing to sign for yet");
        self.allocate_message()
    }

    fn allocate_message(&mut self) -> Vec<u8> {
        let id = self.transaction();
        let written = self
            .write(Method::ALLOCATE, id, |writer| writer.u32(Attribute::RequestedTransport, UDP));
        written.expect("it fits")
    }

    fn request<F>(
        &mut self,
        road: &mut impl Road,
        method: Method,
        fill: F,
    ) -> Result<Vec<u8>, Refused>
    where
        F: for<'b> Fn(Writer<'b>) -> Result<Writer<'b>, WriteError>,
    {
        let mut refused = Refused::Silence;
        for _ in 0..=CHALLENGES {
            let id = self.transaction();
            let request = self.write(method, id, &fill).map_err(io::Error::other)?;
            let answer = exchange(road, &request, id)?;
            let message = Message::parse(&answer).map_err(|_| Refused::Silence)?;
            let Some(code) = message.error_code() else {
                return Ok(answer);
            };
            refused = Refused::With(code);
            if !self.takes_up(code, &message) {
                break;
            }
        }
        Err(refused)
    }

    fn write<F>(&self, method: Method, id: TransactionId, fill: F) -> Result<Vec<u8>, WriteError>
    where
        F: for<'b> Fn(Writer<'b>) -> Result<Writer<'b>, WriteError>,
    {
        let mut buffer = [0; 1024];
        let writer = fill(Writer::new(&mut buffer, Class::Request, method, id)?)?;
        let Some(challenge) = &self.challenge else {
            return Ok(writer.finish().to_vec());
        };
        let signed = writer
            .bytes(Attribute::Username, self.credentials.username.as_bytes())?
            .bytes(Attribute::Realm, &challenge.realm)?
            .bytes(Attribute::Nonce, &challenge.nonce)?
            .integrity(&challenge.key)?;
        Ok(signed.finish().to_vec())
    }

    /// Whether the error is a challenge that another try may meet.
    fn takes_up(&mut self, code: ErrorCode, message: &Message<'_>) -> bool {
        let first = code == ErrorCode::UNAUTHENTICATED && self.challenge.is_none();
        let Some(nonce) = message.nonce().filter(|_| first || code == ErrorCode::STALE_NONCE)
        else {
            return false;
        };
        let before = self.challenge.as_ref().map(|challenge| challenge.realm.clone());
        let realm = message.realm().map(<[u8]>::to_vec).or(before).unwrap_or_default();
        let key = self.credentials.key(&String::from_utf8_lossy(&realm));
        self.challenge = Some(Challenge { realm, nonce: nonce.to_vec(), key });
        true
    }

    fn transaction(&mut self) -> TransactionId {
        self.requests += 1;
        let random = RandomState::new().hash_one(self.requests);
        let mut id = [0; 12];
        id[..8].copy_from_slice(&random.to_ne_bytes());
        TransactionId(id)
    }
}

/// A ChannelData message.
///
/// # Panics
/// The payload is longer than a datagram can be.
pub fn channel_data(channel: ChannelNumber, payload: &[u8]) -> Vec<u8> {
    let header = channel_data::header(channel, payload.len()).expect("a payload of a datagram");
    [&header[..], payload].concat()
}

/// Sends until the answer is there; what else arrives meanwhile is dropped.
fn exchange(road: &mut impl Road, request: &[u8], id: TransactionId) -> Result<Vec<u8>, Refused> {
    for _ in 0..TRANSMISSIONS {
        road.send(request)?;
        loop {
            match road.receive() {
                Ok(message) if answers(&message, id) => return Ok(message),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Err(Refused::Silence)
}

fn answers(message: &[u8], id: TransactionId) -> bool {
    Message::parse(message).is_ok_and(|message| {
        message.transaction_id() == id && matches!(message.class(), Class::Success | Class::Error)
    })
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Refused {
    /// The number of the error response; `None` for silence.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::With(code) => Some(code.number()),
            Self::Silence | Self::Failed(_) => None,
        }
    }
}
