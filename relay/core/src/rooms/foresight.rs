//! Reading ahead: what the packets of a batch will need is read for all of them before the first is
//! judged. None of it is used here; what counts is that it is on its way from memory.

use std::hint::black_box;

use arrayvec::ArrayVec;

use super::Rooms;
use crate::foresight::Arrival;
use crate::limits::AHEAD_MAX;

/// As many as are looked at together.
type Ahead<T> = ArrayVec<T, AHEAD_MAX>;

impl Rooms {
    /// For at most [`AHEAD_MAX`] packets. Each step reads what the step before has found, for all of
    /// them, and is so short that a processor is at the last before it has the first.
    pub(crate) fn foresee<'a, 'rx: 'a>(&self, arrivals: impl Iterator<Item = &'a Arrival<'rx>>) {
        let places: Ahead<u32> =
            arrivals.take(AHEAD_MAX).filter_map(|one| self.flows.guess(one.hash)).collect();
        let members = places.iter().filter_map(|&place| self.members.get(place));
        let mut read = 0;
        let next: Ahead<(u32, u32)> = members
            .map(|member| {
                read ^= u64::from(member.latch.is_some());
                (member.room, member.voice.1)
            })
            .collect();
        let mut listeners = Ahead::new();
        for (room, source) in next {
            listeners.extend(self.rooms.get(room).map(|room| room.listeners.as_slice()));
            read ^= self.sources.get(source).map_or(0, |source| source.reception.packets());
        }
        for listeners in listeners {
            let ends = [listeners.first(), listeners.last()];
            let ends = ends.into_iter().flatten();
            read ^= ends.fold(0, |read, one| read ^ one.sent.packets);
        }
        black_box(read);
    }
}
