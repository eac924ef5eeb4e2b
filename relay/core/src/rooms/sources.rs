//! All SSRCs of all rooms of one shard, so that a speaker can keep the place of the one it uses.

use ringfence_wire::rtp::Ssrc;

use crate::identity::Seat;
use crate::media::Reception;
use crate::table::Table;

/// Place of a source in the shard's table.
pub(crate) type SourceKey = u32;

/// Sources, each of one room.
#[derive(Default)]
pub(crate) struct Sources(Table<Source>);

/// An SSRC of a room.
pub(crate) struct Source {
    pub(crate) reception: Reception,
    /// Place of the room in the shard's table.
    room: u32,
    pub(crate) ssrc: Ssrc,
    pub(crate) seat: Seat,
    /// Whether the registry has confirmed the owner; until then its packets are parked.
    pub(crate) confirmed: bool,
}

impl Sources {
    /// The source at this place, if it is the one of that room and SSRC: a place is used again.
    #[inline]
    pub(crate) fn at(&mut self, key: SourceKey, room: u32, ssrc: Ssrc) -> Option<&mut Source> {
        self.0.get_mut(key).filter(|source| source.room == room && source.ssrc == ssrc)
    }

    pub(crate) fn get(&self, key: SourceKey) -> Option<&Source> {
        self.0.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: SourceKey) -> Option<&mut Source> {
        self.0.get_mut(key)
    }

    pub(crate) fn insert(&mut self, source: Source) -> SourceKey {
        self.0.insert(source)
    }

    pub(crate) fn remove(&mut self, key: SourceKey) -> Option<Source> {
        self.0.remove(key)
    }
}

impl Source {
    pub(crate) fn new(
        (room, ssrc): (u32, Ssrc),
        seat: Seat,
        confirmed: bool,
        reception: Reception,
    ) -> Self {
        Self { reception, room, ssrc, seat, confirmed }
    }
}
