//! What shards carried for whom, summed until it is told. Who is gone is remembered until every shard
//! has said its last about them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::Epoch;

use super::{Client, Event, Guest, Registry};
use crate::identity::ShardId;
use crate::limits::{DEPARTED_MAX, LEDGER_ENTRIES_MAX};
use crate::message::{Command, Target};
use crate::traffic::{Carried, Holder, Occasion, Settlement, Traffic};
use crate::turn::EndCause;

#[derive(Default)]
pub(super) struct Ledger {
    open: BTreeMap<(Holder, Epoch, Arc<str>), Entry>,
    departed: BTreeMap<Holder, Departed>,
    rounds: u64,
    /// The last round that each shard has answered.
    answered: Vec<u64>,
}

struct Entry {
    who: Who,
    traffic: Traffic,
}

#[derive(Clone)]
pub(super) enum Who {
    Guest(Guest),
    Client(Client),
}

struct Departed {
    who: Who,
    /// Farewells that are still to come.
    awaited: usize,
    /// All that was carried.
    traffic: Traffic,
    /// How it ended, where that is told with the rest.
    end: Option<End>,
}

/// How an allocation ended.
#[derive(Clone, Copy)]
pub(super) struct End {
    pub(super) client: SocketAddr,
    pub(super) cause: EndCause,
}

impl Ledger {
    pub(super) fn new(shards: u16) -> Self {
        Self { answered: vec![0; usize::from(shards)], ..Self::default() }
    }

    fn is_settled(&self) -> bool {
        self.answered.iter().all(|&round| round == self.rounds)
    }

    fn add(&mut self, who: Who, carried: &Carried, epoch: Epoch, region: &str) {
        let key = (carried.holder, epoch, region.into());
        let entry = self.open.entry(key).or_insert(Entry { who, traffic: Traffic::default() });
        entry.traffic += carried.traffic;
    }

    fn take_all(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.open).into_iter().map(Self::event).collect()
    }

    fn take(&mut self, holder: Holder) -> Vec<Event> {
        self.open.extract_if(.., |key, _| key.0 == holder).map(Self::event).collect()
    }

    fn event(
        ((_, epoch, region), Entry { who, traffic }): ((Holder, Epoch, Arc<str>), Entry),
    ) -> Event {
        match who {
            Who::Guest(who) => Event::Carried { who, region, epoch, traffic },
            Who::Client(who) => Event::CarriedForClient { who, region, epoch, traffic },
        }
    }
}

impl Registry {
    /// Asks every shard what it carried since it last said so; [`Event::Carried`] and
    /// [`Event::CarriedForClient`] tell when all have answered. Nothing while they have not.
    pub fn settle(&mut self) {
        if self.ledger.is_settled() {
            self.ledger.rounds += 1;
            // Not `tell_all`: nothing of it outlives the relay.
            self.commands.push_back((Target::All, Command::Settle(self.ledger.rounds)));
        }
    }

    /// Whether every shard has answered what it was asked last.
    pub fn is_settled(&self) -> bool {
        self.ledger.is_settled()
    }

    pub(super) fn settled(&mut self, shard: ShardId, settlement: &Settlement) {
        let policy = &settlement.policy;
        for carried in &settlement.carried {
            self.book(carried, policy.epoch(), policy.region_name(carried.region));
        }
        match settlement.occasion {
            Occasion::Change => {}
            Occasion::Farewell(holder) => self.farewell(holder),
            Occasion::Round(round) => {
                if let Some(answered) = self.ledger.answered.get_mut(usize::from(shard.0)) {
                    *answered = round;
                }
                if self.ledger.is_settled() {
                    self.tell_carried();
                }
            }
        }
    }

    /// Tells all that is known of what was carried.
    pub(super) fn tell_carried(&mut self) {
        let events = self.ledger.take_all();
        events.into_iter().for_each(|event| self.note(event));
    }

    /// Someone is gone, and every shard is about to say its last of them.
    pub(super) fn departs(&mut self, holder: Holder, who: Who, traffic: Traffic, end: Option<End>) {
        let departed = &mut self.ledger.departed;
        if departed.len() >= DEPARTED_MAX && !departed.contains_key(&holder) {
            return self.note_end(who, end, traffic);
        }
        let nobody = Departed { who, awaited: 0, traffic: Traffic::default(), end: None };
        let one = departed.entry(holder).or_insert(nobody);
        one.awaited += self.ledger.answered.len();
        one.traffic += traffic;
        one.end = end.or(one.end);
    }

    fn farewell(&mut self, holder: Holder) {
        let Some(departed) = self.ledger.departed.get_mut(&holder) else {
            return;
        };
        departed.awaited -= 1;
        if departed.awaited > 0 {
            return;
        }
        let events = self.ledger.take(holder);
        events.into_iter().for_each(|event| self.note(event));
        if let Some(Departed { who, end, traffic, .. }) = self.ledger.departed.remove(&holder) {
            self.note_end(who, end, traffic);
        }
    }

    fn note_end(&mut self, who: Who, end: Option<End>, traffic: Traffic) {
        if let (Who::Client(who), Some(End { client, cause })) = (who, end) {
            self.note(Event::Deallocated { who, client, cause, traffic });
        }
    }

    fn book(&mut self, carried: &Carried, epoch: Epoch, region: &str) {
        let Some(who) = self.who(carried) else {
            // Nobody remembers whose it was: a line of the report is missing.
            self.events_lost += 1;
            return;
        };
        if self.ledger.open.len() >= LEDGER_ENTRIES_MAX {
            self.tell_carried();
        }
        self.ledger.add(who, carried, epoch, region);
    }

    /// Whose it is; adds to what was carried for an allocation in all.
    fn who(&mut self, carried: &Carried) -> Option<Who> {
        let present = match carried.holder {
            Holder::Participant(id) => self.guest_of(id).map(Who::Guest),
            Holder::Allocation(id) => self.allocations.stays.get_mut(&id).map(|stay| {
                stay.traffic += carried.traffic;
                Who::Client(Client::of(&stay.request))
            }),
        };
        present.or_else(|| {
            let departed = self.ledger.departed.get_mut(&carried.holder)?;
            departed.traffic += carried.traffic;
            Some(departed.who.clone())
        })
    }
}
