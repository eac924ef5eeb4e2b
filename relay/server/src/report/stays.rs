//! Who was where, from when to when: what begins and ends a stay.

use std::collections::BTreeMap;

use super::{Participant, Stay, address};
use crate::audit::{OfferedAs, Traffic, Who};
use crate::timestamp::Moment;

/// All stays of a meeting, as far as it was followed.
#[derive(Default)]
pub(super) struct Stays {
    participants: BTreeMap<(&'static str, String), Vec<Stay>>,
    /// The stay that goes on, by site and address; of a room's participant there is one a site.
    open: BTreeMap<Seat, usize>,
    full_addresses: bool,
    /// What passed for someone of whom no stay is on record.
    pub(super) unplaced: u64,
}

/// Where a stay goes on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seat {
    site: String,
    door: &'static str,
    name: String,
    /// Empty for a room's participant.
    address: String,
}

/// How a stay begins.
pub(super) struct Arrival<'a> {
    pub(super) site: &'a str,
    pub(super) site_region: &'a str,
    pub(super) address: &'a str,
    pub(super) region: &'a str,
    pub(super) time: Moment,
    pub(super) offered_as: Option<OfferedAs>,
    pub(super) epoch: u32,
}

impl Stays {
    pub(super) fn new(full_addresses: bool) -> Self {
        Self { full_addresses, ..Self::default() }
    }

    /// Someone has taken part, wherever it was.
    pub(super) fn meet(&mut self, who: &Who) {
        self.participants.entry((door(who), who.name().to_owned())).or_default();
    }

    pub(super) fn begin(&mut self, who: &Who, arrival: &Arrival<'_>) {
        let seat = Seat::of(who, arrival.site, arrival.address);
        self.end(who, (arrival.site, arrival.address), arrival.time, "moved");
        let stays = self.participants.entry((door(who), who.name().to_owned())).or_default();
        self.open.insert(seat, stays.len());
        stays.push(Stay {
            site: arrival.site.to_owned(),
            site_region: arrival.site_region.to_owned(),
            address: address::shown(arrival.address, self.full_addresses),
            region: arrival.region.to_owned(),
            from: arrival.time,
            to: None,
            ended: None,
            offered_as: arrival.offered_as,
            epoch: arrival.epoch,
            traffic: Traffic::default(),
        });
    }

    pub(super) fn end(&mut self, who: &Who, at: (&str, &str), time: Moment, how: &str) {
        let seat = Seat::of(who, at.0, at.1);
        if let Some(index) = self.open.remove(&seat) {
            self.close(&seat, index, time, how);
        }
    }

    /// Ends all stays of a door at a site; of both without one.
    pub(super) fn end_all(&mut self, site: &str, door: Option<&str>, time: Moment, how: &str) {
        let ends = |seat: &Seat| seat.site == site && door.is_none_or(|door| seat.door == door);
        let ended: Vec<_> = self.open.extract_if(.., |seat, _| ends(seat)).collect();
        ended.iter().for_each(|(seat, index)| self.close(seat, *index, time, how));
    }

    /// Adds what passed to the stay that goes on, or else to the last one there.
    pub(super) fn carry(&mut self, who: &Who, site: &str, traffic: Traffic) {
        let open = self.open_at(who, site);
        let stays = self.participants.entry((door(who), who.name().to_owned())).or_default();
        let last = || stays.iter().rposition(|stay| stay.site == site);
        match open.or_else(last).and_then(|index| stays.get_mut(index)) {
            Some(stay) => stay.traffic += traffic,
            None => self.unplaced += traffic.packets_in + traffic.packets_out,
        }
    }

    /// Whether anyone is at a site now.
    pub(super) fn any_at(&self, site: &str) -> bool {
        self.open.keys().any(|seat| seat.site == site)
    }

    pub(super) fn into_participants(self) -> Vec<Participant> {
        let participant = |((door, participant), stays): ((&'static str, String), Vec<Stay>)| {
            let mut traffic = Traffic::default();
            stays.iter().for_each(|stay| traffic += stay.traffic);
            Participant { participant, door, stays, traffic }
        };
        self.participants.into_iter().map(participant).collect()
    }

    fn open_at(&self, who: &Who, site: &str) -> Option<usize> {
        let here = |seat: &Seat| {
            (seat.site.as_str(), seat.door, seat.name.as_str()) == (site, door(who), who.name())
        };
        self.open.iter().filter(|(seat, _)| here(seat)).map(|(_, index)| *index).max()
    }

    fn close(&mut self, seat: &Seat, index: usize, time: Moment, how: &str) {
        let stays = self.participants.get_mut(&(seat.door, seat.name.clone()));
        if let Some(stay) = stays.and_then(|stays| stays.get_mut(index)) {
            stay.to = Some(time);
            stay.ended = Some(how.to_owned());
        }
    }
}

impl Seat {
    fn of(who: &Who, site: &str, address: &str) -> Self {
        let address = match who {
            Who::Participant { .. } => String::new(),
            Who::Party { .. } => address.to_owned(),
        };
        Self { site: site.to_owned(), door: door(who), name: who.name().to_owned(), address }
    }
}

pub(super) fn door(who: &Who) -> &'static str {
    match who {
        Who::Participant { .. } => "rooms",
        Who::Party { .. } => "turn",
    }
}
