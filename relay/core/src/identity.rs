//! Who is who. Handles are never used twice, so a late message about someone gone finds nobody.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::SEATS_MAX;

/// One shard: a thread with its own sockets, engine and buffers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShardId(pub u16);

/// A room, for as long as it has participants.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomId(pub u64);

/// One stay of a participant in a room: joining again makes a new one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ParticipantId(pub u64);

/// A name's place in a room, kept for the room's life: someone who leaves and comes back sits where
/// they sat, and still owns the SSRCs they owned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Seat(u16);

/// A seat that no room has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoSeat;

impl Seat {
    /// The seat of this index, if a room has that many.
    pub fn new(index: usize) -> Option<Self> {
        (index < SEATS_MAX).then(|| u16::try_from(index).ok().map(Self))?
    }

    /// Its index, below [`SEATS_MAX`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A set of seats, 256 bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeatSet([u64; SEATS_MAX / 64]);

impl SeatSet {
    /// No seats.
    pub fn empty() -> Self {
        Self([0; SEATS_MAX / 64])
    }

    /// Adds one.
    pub fn insert(&mut self, seat: Seat) {
        self.0[seat.index() / 64] |= 1 << (seat.index() % 64);
    }

    /// Whether it is there.
    pub fn contains(&self, seat: Seat) -> bool {
        self.0[seat.index() / 64] & (1 << (seat.index() % 64)) != 0
    }
}

impl FromIterator<Seat> for SeatSet {
    fn from_iter<I: IntoIterator<Item = Seat>>(seats: I) -> Self {
        let mut set = Self::empty();
        seats.into_iter().for_each(|seat| set.insert(seat));
        set
    }
}

/// Name of a room or a participant: 1 to 64 of the characters that need no escape in a URL path, a
/// log line or a metric (RFC 3986 section 2.3, and `@`, `:` and `+`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Why a name was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NameError;

impl Name {
    /// Checks a name. Errors when it is empty, over 64 bytes or has any other character.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let length_fits = (1..=64).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~@:+".contains(&b));
        (length_fits && plain).then(|| Self(Arc::from(text))).ok_or(NameError)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<u16> for Seat {
    type Error = NoSeat;

    fn try_from(index: u16) -> Result<Self, NoSeat> {
        Self::new(index.into()).ok_or(NoSeat)
    }
}

impl From<Seat> for u16 {
    fn from(seat: Seat) -> Self {
        seat.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for NoSeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a room has {SEATS_MAX} seats")
    }
}

impl std::error::Error for NoSeat {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name is 1 to 64 letters, digits or any of - . _ ~ @ : +")
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_plain() {
        assert!(Name::new("alice@example.org").is_ok());
        for bad in ["", "a/b", "a b", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(Name::new(bad), Err(NameError), "{bad:?}");
        }
    }

    #[test]
    fn a_seat_set_holds_what_was_put_in_and_nothing_else() {
        let seats = [0, 63, 64, 2047].map(|index| Seat::new(index).unwrap());
        let set: SeatSet = seats.into_iter().collect();
        let held: Vec<_> =
            (0..SEATS_MAX).filter(|&i| set.contains(Seat::new(i).unwrap())).collect();
        assert_eq!(held, [0, 63, 64, 2047]);
        assert_eq!(Seat::new(SEATS_MAX), None);
    }
}
