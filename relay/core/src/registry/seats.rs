//! Which name sits where in a room.

use std::collections::BTreeMap;

use crate::identity::{Name, Seat};

/// Seats of one room. A seat is held by everyone who names it: the participant who sits there,
/// those who wait to hear that name, the SSRCs that name owns. When nobody does, it is free again.
#[derive(Default)]
pub(super) struct Seats {
    by_name: BTreeMap<Name, Seat>,
    held: Vec<Option<Held>>,
}

struct Held {
    name: Name,
    holds: usize,
}

impl Seats {
    /// Seats that nobody holds yet; of two of one name or one place, the first.
    pub(super) fn of(seats: &[(Seat, Name)]) -> Self {
        let mut all = Self::default();
        for (seat, name) in seats {
            if all.by_name.contains_key(name) || all.name(*seat).is_some() {
                continue;
            }
            if all.held.len() <= seat.index() {
                all.held.resize_with(seat.index() + 1, || None);
            }
            all.held[seat.index()] = Some(Held { name: name.clone(), holds: 0 });
            all.by_name.insert(name.clone(), *seat);
        }
        all
    }

    /// Seats and whose they are.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Seat, &Name)> {
        self.by_name.iter().map(|(name, &seat)| (seat, name))
    }

    /// Frees the seats that nobody holds.
    pub(super) fn forget_unheld(&mut self) {
        for place in &mut self.held {
            if let Some(held) = place.take_if(|held| held.holds == 0) {
                self.by_name.remove(&held.name);
            }
        }
    }

    /// Holds the seat of a name once more. `None`: the room has no seat left.
    pub(super) fn hold(&mut self, name: &Name) -> Option<Seat> {
        let seat = match self.by_name.get(name) {
            Some(&seat) => seat,
            None => self.assign(name)?,
        };
        self.hold_again(seat);
        Some(seat)
    }

    /// One more for a seat that is held.
    pub(super) fn hold_again(&mut self, seat: Seat) {
        if let Some(Some(held)) = self.held.get_mut(seat.index()) {
            held.holds += 1;
        }
    }

    /// One holder less.
    pub(super) fn let_go(&mut self, seat: Seat) {
        let Some(place) = self.held.get_mut(seat.index()) else {
            return;
        };
        if let Some(held) = place {
            held.holds -= 1;
            if held.holds == 0 {
                self.by_name.remove(&held.name);
                *place = None;
            }
        }
    }

    pub(super) fn name(&self, seat: Seat) -> Option<&Name> {
        self.held.get(seat.index())?.as_ref().map(|held| &held.name)
    }

    fn assign(&mut self, name: &Name) -> Option<Seat> {
        let free = self.held.iter().position(Option::is_none);
        let seat = Seat::new(free.unwrap_or(self.held.len()))?;
        if free.is_none() {
            self.held.push(None);
        }
        self.held[seat.index()] = Some(Held { name: name.clone(), holds: 0 });
        self.by_name.insert(name.clone(), seat);
        Some(seat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::SEATS_MAX;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    #[test]
    fn a_seat_is_free_again_when_its_last_holder_lets_go() {
        let mut seats = Seats::default();
        let alice = seats.hold(&name("alice")).unwrap();
        assert_eq!(seats.hold(&name("alice")), Some(alice));
        seats.let_go(alice);
        assert_eq!(seats.name(alice), Some(&name("alice")));
        seats.let_go(alice);
        assert_eq!(seats.hold(&name("bob")), Some(alice));
    }

    #[test]
    fn a_room_runs_out_of_seats() {
        let mut seats = Seats::default();
        let held = (0..=SEATS_MAX).filter_map(|n| seats.hold(&name(&format!("p{n}")))).count();
        assert_eq!(held, SEATS_MAX);
    }
}
