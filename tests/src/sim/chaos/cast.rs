//! The people of a random scenario: who they are, where they are, what they may expect.

use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::{Counters, Event, IceCredentials, Join, LeaveCause, Limits, Name};
use ringfence_fence::RoomRegions;
use ringfence_wire::datagram::LocalSocket;

use crate::model::{Model, Place};
use crate::sim::addresses::{self, folded};
use crate::sim::dice::Dice;
use crate::sim::drafts;
use crate::sim::media::{Media, MediaId};
use crate::sim::policy_book::PolicyBook;
use crate::sim::{Answers, EndpointId, Setup, Simulation};

/// Rooms of a scenario; room N belongs to `tenant-N`.
const ROOMS: usize = 3;

/// How long a latch lives without a check. Between two multiples of the 100 ms that steps are made
/// of, so that the model need not know how long letters are under way.
pub(super) const CONSENT: Duration = Duration::from_millis(3150);

/// Some credentials end in mid-call; again not when a step does.
const SHORT_STAY: Duration = Duration::from_millis(4050);
const LONG_STAY: Duration = Duration::from_secs(3600);

/// A simulation, its people, and the model that says what they may expect.
pub(super) struct Cast {
    /// The simulation.
    pub(super) sim: Simulation,
    /// The expectation.
    pub(super) model: Model,
    /// Everyone who ever joined.
    pub(super) people: Vec<Person>,
    /// The director's own chance.
    pub(super) dice: Dice,
    joins: usize,
}

/// Someone.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// Its endpoint.
    pub(super) endpoint: EndpointId,
    /// Its room.
    pub(super) room: String,
    /// Its name there.
    pub(super) name: String,
    /// Its own SSRC.
    pub(super) ssrc: u32,
    /// Sequence number of its next packet.
    pub(super) sequence: u16,
    /// Whether it is in the room.
    pub(super) present: bool,
}

impl Cast {
    /// An empty relay with a random policy, its letters at most `mail_ms` under way.
    pub(super) fn new(mut dice: Dice, traced: bool, mail_ms: u64) -> Self {
        let setup = Setup {
            seed: dice.number(),
            policy: policy(&mut dice),
            shards: u16::try_from(1 + dice.below(4)).unwrap_or(1),
            limits: Limits {
                consent_timeout: CONSENT,
                parked_packets_max: 32,
                ..Limits::default()
            },
            mail_ms: 0..=1 + dice.within(&(0..=mail_ms)),
            quotas: std::collections::BTreeMap::new(),
            traced,
        };
        Self {
            sim: Simulation::new(setup),
            model: Model::new(CONSENT),
            people: Vec::new(),
            dice,
            joins: 0,
        }
    }

    /// Someone joins, from where the fence admits it in most cases; perhaps one who was there before.
    pub(super) fn join_someone(&mut self) -> Option<EndpointId> {
        let back = self.someone_who_left();
        let (room, name) = match back {
            Some(place) => (self.people[place].room.clone(), self.people[place].name.clone()),
            None => self.newcomer(),
        };
        let address = self.address(&room.replace("room", "fence"), 75);
        let endpoint = self.sim.endpoint(address);
        self.sim.at_mut(endpoint).local = LocalSocket::Listen(u8::from(self.dice.percent(30)));
        self.sim.at_mut(endpoint).answers = self.answers();
        let hears = self.some_names(&room);
        let join = self.request(&room, &name, hears.as_deref());
        self.sim.join(endpoint, &join).ok()?;
        let view = self.sim.relay().registry().room(&join.room);
        let fence = view.map_or_else(String::new, |view| view.terms.fence.to_string());
        let regions = join.regions.clone();
        self.model.join((&room, &name), &fence, &regions, hears);
        self.seat(back, endpoint, (room, name));
        Some(endpoint)
    }

    fn someone_who_left(&mut self) -> Option<usize> {
        let gone = self.people.iter().position(|who| !who.present);
        gone.filter(|_| self.dice.percent(25))
    }

    fn newcomer(&mut self) -> (String, String) {
        let room = if self.dice.percent(60) { 0 } else { self.dice.below(ROOMS) };
        self.joins += 1;
        (format!("room-{room}"), format!("p{}", self.joins))
    }

    fn request(&mut self, room: &str, name: &str, hears: Option<&[String]>) -> Join {
        let plain = |name: &str| Name::new(name).expect("a plain name");
        let regions = match self.dice.percent(10) {
            true => {
                let none = RoomRegions::default();
                drafts::random_regions(self.sim.book.draft(), &none, &mut self.dice)
            }
            false => RoomRegions::default(),
        };
        Join {
            tenant: room.replace("room", "tenant"),
            room: plain(room),
            participant: plain(name),
            fence: self.dice.percent(20).then(|| room.replace("room", "fence")),
            group: self.dice.percent(10).then(|| "staff".to_owned()),
            regions,
            ice: self.ice(),
            hears: hears.map(|names| names.iter().map(|name| plain(name)).collect()),
            kbps_max: None,
            ttl: if self.dice.percent(8) { SHORT_STAY } else { LONG_STAY },
        }
    }

    /// Someone present.
    pub(super) fn someone(&mut self) -> Option<usize> {
        let present = self.people.iter().enumerate().filter(|(_, who)| who.present);
        self.dice.pick_from(present.map(|(place, _)| place))
    }

    /// Someone goes.
    pub(super) fn leave(&mut self, place: usize) {
        let who = &mut self.people[place];
        who.present = false;
        self.model.leave(&who.room, &who.name);
        let name = |name: &str| Name::new(name).expect("a plain name");
        self.sim.leave(&name(&who.room), &name(&who.name));
    }

    /// An operator edits the policy.
    pub(super) fn edit_policy(&mut self) {
        let draft = drafts::edited(self.sim.book.draft(), &mut self.dice);
        if let Ok(policy) = self.sim.adopt(draft) {
            let epoch = policy.epoch();
            let book = std::cell::RefCell::new(&mut self.sim.book);
            self.model.adopt(
                &mut |fence| book.borrow().has_fence(epoch, fence),
                &mut |fence, regions, address| {
                    book.borrow_mut().admits_in(epoch, fence, regions, address)
                },
            );
        }
    }

    /// The host of someone's room leaves more out of it.
    pub(super) fn narrow(&mut self, place: usize) {
        let room = self.people[place].room.clone();
        let name = Name::new(&room).expect("a plain name");
        let Some(view) = self.sim.relay().registry().room(&name) else {
            return;
        };
        let (before, draft) = (&view.terms.regions, self.sim.book.draft());
        let regions = drafts::random_regions(draft, before, &mut self.dice);
        if self.sim.narrow(&name, &regions).is_ok() {
            let book = &mut self.sim.book;
            let newest = book.newest().epoch();
            self.model.narrow(&room, &regions, &mut |fence, regions, address| {
                book.admits_in(newest, fence, regions, address)
            });
        }
    }

    /// Asks the shards what they carried, in mid-call.
    pub(super) fn settle_traffic(&mut self) {
        self.sim.settle_traffic();
    }

    /// In the end all that was forwarded has been told to have been carried for someone.
    pub(super) fn balance(&mut self) {
        for _ in 0..2 {
            self.sim.settle_traffic();
            self.pass(Duration::from_millis(200));
        }
        let relay = self.sim.relay_mut();
        let (told, settled) = (relay.carried, relay.registry().is_settled());
        let lost = relay.registry_mut().take_events_lost();
        let all = relay.counters().fold(Counters::new(), |sum, (shard, _)| sum + *shard);
        let right = settled
            && lost == 0
            && (told.packets_in, told.packets_out) == (all.forwarded, all.copies)
            && told.bytes_out == all.copied_bytes;
        if !right {
            self.sim.judge.violations.push(format!("told {told:?} of {all:?}, lost {lost}"));
        }
    }

    /// Time passes for relay and model alike.
    pub(super) fn pass(&mut self, span: Duration) {
        self.sim.pass(span);
        self.model.pass(self.sim.now());
        for event in std::mem::take(&mut self.sim.relay_mut().events) {
            if let Event::Left { who, cause: LeaveCause::Expired } = event {
                self.expired(who.room.as_str(), who.participant.as_str());
            }
        }
    }

    /// Moves someone to an address that its fence admits in so many of a hundred cases.
    pub(super) fn rebind(&mut self, place: usize, allowed_percent: usize) {
        let fence = self.people[place].room.replace("room", "fence");
        let address = self.address(&fence, allowed_percent);
        self.sim.rebind(self.people[place].endpoint, address);
    }

    /// A packet of someone's own stream.
    pub(super) fn own_packet(&mut self, place: usize) -> Media {
        let who = &mut self.people[place];
        who.sequence = who.sequence.wrapping_add(1);
        Media::rtp(who.ssrc, who.sequence)
    }

    /// Where someone is.
    pub(super) fn place_of(&self, place: usize) -> Place {
        let who = self.sim.at(self.people[place].endpoint);
        (folded(who.address), who.local)
    }

    /// A check of someone, in the simulation and in the model.
    pub(super) fn check(&mut self, place: usize) {
        let who = &self.people[place];
        let proves = self.sim.at(who.endpoint).answers.prove();
        let at = self.place_of(place);
        self.sim.check(who.endpoint);
        let (now, book) = (self.sim.now(), &mut self.sim.book);
        let newest = book.newest().epoch();
        let mut admits = |fence: &str, regions: &RoomRegions, address: SocketAddr| {
            book.admits_in(newest, fence, regions, address)
        };
        self.model.check((&who.room, &who.name), at, proves, now, &mut admits);
    }

    /// Someone sends a packet; the model says who must hear it.
    pub(super) fn speak(&mut self, place: usize, media: Media) -> Said {
        let expected = self.model.listeners(self.place_of(place), media.ssrc());
        let id = self.sim.speak(self.people[place].endpoint, media);
        Said { id, expected }
    }

    /// Compares where a packet went with where it should have gone.
    pub(super) fn compare(&mut self, said: &Said) {
        let (heard, expected) = (self.sim.judge.delivered_to(said.id), &said.expected);
        if heard != *expected {
            let words = format!("#{:016x} went to {heard:?}, not to {expected:?}", said.id.0);
            self.sim.judge.violations.push(words);
        }
    }

    /// A free address, admitted by the fence in so many of a hundred cases.
    pub(super) fn address(&mut self, fence: &str, allowed_percent: usize) -> SocketAddr {
        let wanted = self.dice.percent(allowed_percent);
        let mut address = addresses::random(&mut self.dice);
        for _ in 0..40 {
            let fits = self.sim.book.admits_now(fence, folded(address)) == wanted;
            if fits && self.sim.is_free(address) {
                break;
            }
            address = addresses::random(&mut self.dice);
        }
        while !self.sim.is_free(address) {
            address = addresses::random(&mut self.dice);
        }
        address
    }

    fn seat(&mut self, back: Option<usize>, endpoint: EndpointId, (room, name): (String, String)) {
        let person = Person {
            endpoint,
            room,
            name,
            ssrc: back.map_or_else(|| self.dice.word(), |place| self.people[place].ssrc),
            sequence: u16::try_from(self.dice.below(65_536)).unwrap_or_default(),
            present: true,
        };
        match back {
            Some(place) => self.people[place] = person,
            None => self.people.push(person),
        }
    }

    fn expired(&mut self, room: &str, name: &str) {
        self.model.leave(room, name);
        let gone = self.people.iter_mut().filter(|who| who.room == room && who.name == name);
        gone.for_each(|who| who.present = false);
    }

    fn answers(&mut self) -> Answers {
        match self.dice.below(20) {
            0 => Answers::Never,
            1 => Answers::Wrongly,
            2..=4 => Answers::WithError,
            _ => Answers::Properly,
        }
    }

    fn ice(&mut self) -> Option<IceCredentials> {
        let password = format!("{:032x}", u128::from(self.dice.number()) << 32 | 5);
        let ufrag = format!("u{:07x}", self.dice.word() >> 4);
        let ice = IceCredentials::new(&ufrag, &password).expect("ice-chars");
        self.dice.percent(60).then_some(ice)
    }

    fn some_names(&mut self, room: &str) -> Option<Vec<String>> {
        let wanted = self.dice.percent(25);
        let people = self.people.iter().filter(|who| who.room == room);
        let mut names: Vec<String> = people.map(|who| who.name.clone()).collect();
        names.retain(|_| self.dice.percent(60));
        wanted.then_some(names)
    }
}

/// A packet and who must hear it.
pub(super) struct Said {
    id: MediaId,
    expected: Vec<SocketAddr>,
}

fn policy(dice: &mut Dice) -> ringfence_fence::PolicyDraft {
    loop {
        let draft = drafts::random(dice);
        if PolicyBook::default().add(draft.clone()).is_ok() {
            return draft;
        }
    }
}
