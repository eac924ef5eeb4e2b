//! The state of a relay as bytes: a mark, the number of the format, the SHA-256 of the rest, the rest.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use ringfence_core::{RoomsState, RouteState, TurnState};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What a state begins with.
const MARK: &[u8; 8] = b"RINGFNCE";

/// Number of the format: raised whenever the state of one version means something else to another.
pub const FORMAT: u32 = 2;

const DIGEST_BYTES: usize = 32;

/// All that outlives a process.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct State {
    /// When the relay's clock started, by the machine's.
    pub clock_origin: Duration,
    /// How many shards there were: each has sockets and allocations of its own.
    pub shards: u16,
    /// The addresses that were listened on, in their order: sockets are known by their place in it.
    pub listen: Vec<SocketAddr>,
    /// What nonces are made of.
    pub nonce_secret: NonceSecret,
    /// Rooms.
    pub rooms: RoomsState,
    /// TURN allocations.
    pub turn: TurnState,
}

/// What nonces are made of.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct NonceSecret(pub [u8; 32]);

impl fmt::Debug for NonceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceSecret(<secret>)")
    }
}

impl State {
    /// As it is for a relay that listens on these addresses: sockets by their new places. Who was at an
    /// address that there is no longer has lost it.
    #[must_use]
    pub(crate) fn at(mut self, listen: &[SocketAddr]) -> Self {
        let before = std::mem::replace(&mut self.listen, listen.to_vec());
        let place = |old: u8| {
            let address = before.get(usize::from(old))?;
            u8::try_from(listen.iter().position(|now| now == address)?).ok()
        };
        let rooms = self.rooms.rooms.iter_mut();
        for who in rooms.flat_map(|room| &mut room.participants) {
            let at = |route: RouteState| Some(RouteState { listen: place(route.listen)?, ..route });
            who.route = who.route.and_then(at);
        }
        self.turn.allocations.retain_mut(|allocation| {
            place(allocation.listen).map(|new| allocation.listen = new).is_some()
        });
        self
    }
}

/// Why bytes are no state that this program can take over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// They do not begin like one.
    NoState,
    /// They are of another format.
    Format(u32),
    /// Some of them are not as they were written.
    Damaged,
}

/// The bytes of a state.
pub fn encode(state: &State) -> Zeroizing<Vec<u8>> {
    // Numbers, texts and lists always have a form.
    let body = Zeroizing::new(postcard::to_stdvec(state).unwrap_or_default());
    let digest = digest(&SHA256, &body);
    let parts = [&MARK[..], &FORMAT.to_be_bytes(), digest.as_ref(), &body];
    Zeroizing::new(parts.concat())
}

/// Reads a state.
///
/// # Errors
/// [`Unreadable`]; nothing of such a state is used.
pub fn decode(bytes: &[u8]) -> Result<State, Unreadable> {
    let rest = bytes.strip_prefix(MARK).ok_or(Unreadable::NoState)?;
    let (&format, rest) = rest.split_first_chunk().ok_or(Unreadable::NoState)?;
    match u32::from_be_bytes(format) {
        FORMAT => {}
        other => return Err(Unreadable::Format(other)),
    }
    let (expected, body) = rest.split_at_checked(DIGEST_BYTES).ok_or(Unreadable::Damaged)?;
    if digest(&SHA256, body).as_ref() != expected {
        return Err(Unreadable::Damaged);
    }
    match postcard::take_from_bytes(body) {
        Ok((state, [])) => Ok(state),
        _ => Err(Unreadable::Damaged),
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoState => f.write_str("it is no state of a relay"),
            Self::Format(format) => {
                write!(f, "it is of format {format}, and this program reads {FORMAT}")
            }
            Self::Damaged => f.write_str("it is damaged"),
        }
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            clock_origin: Duration::from_secs(7),
            shards: 2,
            listen: vec!["127.0.0.1:3478".parse().unwrap()],
            nonce_secret: NonceSecret([9; 32]),
            rooms: RoomsState::default(),
            turn: TurnState::default(),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(decode(&encode(&state())), Ok(state()));
    }

    #[test]
    fn no_byte_can_be_changed_added_or_lost() {
        let good = encode(&state());
        for at in 0..good.len() {
            let mut bad = good.to_vec();
            bad[at] ^= 1;
            assert!(decode(&bad).is_err(), "byte {at}");
            assert!(decode(&good[..at]).is_err(), "{at} bytes");
        }
        assert_eq!(decode(&[&good[..], b"x"].concat()), Err(Unreadable::Damaged));
    }

    #[test]
    fn another_format_is_told() {
        let mut other = encode(&state()).to_vec();
        other[MARK.len() + 3] = 200;
        assert_eq!(decode(&other), Err(Unreadable::Format(200)));
    }
}
