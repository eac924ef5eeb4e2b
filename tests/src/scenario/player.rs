//! Plays a scenario in a world: speaks ICE for the participants and checks what is expected.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Guest, Request, Scenario, Step, Ticket, World};
use crate::sim::Answers;
use crate::sim::dice::Dice;
use crate::sim::endpoint::{answer, check_by};
use crate::sim::guests::ice_of;
use crate::sim::media::{Media, MediaId};
use crate::sim::stun::{self, Heard};

/// Between two looks at the sockets.
const TICK: Duration = Duration::from_millis(5);

/// In which anything that is going to happen has happened.
const SOON: Duration = Duration::from_millis(1500);

/// In which anything that was not to happen would have been seen.
const GRACE: Duration = Duration::from_millis(60);

/// Checks go out so often; the relay asks an address back at most once a second.
const CHECK_INTERVAL: Duration = Duration::from_millis(300);

/// All scenarios play in this room, each in a world of its own.
const ROOM: &str = "scenario";

struct Player<'w, W: World> {
    world: &'w mut W,
    dice: Dice,
    actors: BTreeMap<&'static str, Actor<W::Endpoint>>,
    sequence: u16,
}

struct Actor<E> {
    endpoint: E,
    guest: Guest,
    ticket: Ticket,
    answered: bool,
    last_check: Vec<u8>,
    media: Vec<Vec<u8>>,
}

/// Plays a scenario.
///
/// # Panics
/// At the first step that comes out otherwise than expected.
pub fn play<W: World>(world: &mut W, scenario: &Scenario) {
    let mut player = Player { world, dice: Dice::new(1), actors: BTreeMap::new(), sequence: 0 };
    for (number, step) in scenario.steps.iter().enumerate() {
        let outcome = player.step(step);
        assert_eq!(outcome, Ok(()), "{}: step {number}, {step:?}", scenario.name);
    }
}

type Outcome = Result<(), String>;

impl<W: World> Player<'_, W> {
    fn step(&mut self, step: &Step) -> Outcome {
        match *step {
            Step::Join(guest) => self.join(guest),
            Step::JoinRefused(guest, code) => self.join_refused(guest, code),
            Step::Latch(who) => self.latch(who),
            Step::CheckInVain(who) => self.check_in_vain(who),
            Step::Speak(who, ssrc, heard_by) => self.speak(who, self.rtp(ssrc), heard_by),
            Step::Handshake(who, heard_by) => self.speak(who, Media::Dtls, heard_by),
            Step::Attack(from, victim, ssrc) => self.attack(from, victim, ssrc),
            Step::Move(who, to) => {
                let endpoint = self.world.endpoint(to.parse().expect("an address"));
                self.actor(who).endpoint = endpoint;
                Ok(())
            }
            Step::Leave(who) => {
                let left = self.world.leave(ROOM, who);
                self.until(GRACE, |_| false);
                expect(left, "was not there")
            }
            Step::Reload(policy) => {
                self.world.reload(policy());
                Ok(())
            }
            Step::Wait(span, keeping) => self.wait(span, keeping),
        }
    }

    fn join(&mut self, guest: Guest) -> Outcome {
        let ticket = self.world.join(&request(guest))?;
        let endpoint = self.world.endpoint(guest.from.parse().expect("an address"));
        let actor = Actor {
            endpoint,
            guest,
            ticket,
            answered: false,
            last_check: Vec::new(),
            media: Vec::new(),
        };
        self.actors.insert(guest.who, actor);
        Ok(())
    }

    fn join_refused(&mut self, guest: Guest, code: &str) -> Outcome {
        match self.world.join(&request(guest)) {
            Ok(_) => Err("was let in".to_owned()),
            Err(said) => expect(said == code, &format!("was refused by {said}")),
        }
    }

    fn latch(&mut self, who: &'static str) -> Outcome {
        self.actor(who).answered = false;
        for _ in 0..8 {
            self.check(who);
            if self.until(CHECK_INTERVAL, |player| player.actors[who].answered) {
                return Ok(());
            }
        }
        Err("no check was answered".to_owned())
    }

    fn check_in_vain(&mut self, who: &'static str) -> Outcome {
        self.actor(who).answered = false;
        for _ in 0..3 {
            self.check(who);
            self.until(CHECK_INTERVAL, |_| false);
        }
        expect(!self.actors[who].answered, "a check was answered")
    }

    fn speak(&mut self, who: &'static str, media: Media, heard_by: &[&str]) -> Outcome {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = media.packet(MediaId(self.dice.number()), &[0x55; 100]);
        let from = self.actors[who].endpoint;
        self.world.send(from, &bytes);
        self.until(SOON, |player| {
            heard_by.iter().all(|ear| player.actors[ear].media.contains(&bytes))
        });
        self.until(GRACE, |_| false);
        let heard = self.actors.iter_mut().filter_map(|(&name, actor)| {
            let media = std::mem::take(&mut actor.media);
            (!media.is_empty()).then_some((name, media))
        });
        let heard: BTreeMap<&str, Vec<Vec<u8>>> = heard.collect();
        let exact = heard.values().all(|media| *media == [bytes.clone()]);
        let names: Vec<&str> = heard.into_keys().collect();
        expect(exact, "it was changed or doubled")?;
        expect(names == heard_by, &format!("{names:?} heard it"))
    }

    fn attack(&mut self, from: &str, victim: &'static str, ssrc: u32) -> Outcome {
        let stranger = self.world.endpoint(from.parse().expect("an address"));
        let captured = self.actors[victim].last_check.clone();
        let media = self.rtp(ssrc).packet(MediaId(self.dice.number()), &[0x66; 100]);
        for bytes in [&media, &captured, &Media::Dtls.packet(MediaId(1), &[]), &media] {
            self.world.send(stranger, bytes);
        }
        self.until(GRACE, |_| false);
        let returned = self.world.received(stranger);
        let is_path_check =
            |bytes: &Vec<u8>| Heard::read(bytes).is_some_and(|m| m.message_type == stun::REQUEST);
        expect(returned.iter().all(is_path_check), "the stranger got more than a path check")?;
        expect(returned.len() <= 1, "the stranger got more than one path check")?;
        expect(self.actors.values().all(|actor| actor.media.is_empty()), "the stranger was heard")
    }

    fn wait(&mut self, span: Duration, keeping: &[&'static str]) -> Outcome {
        let mut left = span;
        while !left.is_zero() {
            keeping.iter().for_each(|who| self.check(who));
            let part = left.min(CHECK_INTERVAL);
            self.until(part, |_| false);
            left -= part;
        }
        Ok(())
    }

    fn check(&mut self, who: &str) {
        let transaction = self.dice.bytes();
        let Some(actor) = self.actors.get_mut(who) else {
            return;
        };
        let ice = actor.guest.has_ice.then(|| ice_of(who));
        let theirs = ice.as_ref().map_or("none", |ice| ice.ufrag());
        actor.last_check = check_by(&actor.ticket.ufrag, theirs, transaction)
            .integrity(actor.ticket.password.as_bytes())
            .fingerprint()
            .finish();
        let (from, bytes) = (actor.endpoint, actor.last_check.clone());
        self.world.send(from, &bytes);
    }

    /// Lets time pass until something is so; whether it came so.
    fn until(&mut self, span: Duration, mut is_so: impl FnMut(&Self) -> bool) -> bool {
        let mut left = span;
        loop {
            self.listen();
            if is_so(self) {
                return true;
            }
            if left.is_zero() {
                return false;
            }
            self.world.let_time_pass(left.min(TICK));
            left = left.saturating_sub(TICK);
        }
    }

    /// Everyone looks at what has arrived.
    fn listen(&mut self) {
        for actor in self.actors.values_mut() {
            for bytes in self.world.received(actor.endpoint) {
                if let Some(answer) = actor.hear(bytes) {
                    self.world.send(actor.endpoint, &answer);
                }
            }
        }
    }

    fn rtp(&self, ssrc: u32) -> Media {
        Media::rtp(ssrc, self.sequence)
    }

    fn actor(&mut self, who: &str) -> &mut Actor<W::Endpoint> {
        self.actors.get_mut(who).expect("who acts has joined")
    }
}

impl<E> Actor<E> {
    fn hear(&mut self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let Some(message) = Heard::read(&bytes) else {
            self.media.push(bytes);
            return None;
        };
        let signed = message.signed_with(self.ticket.password.as_bytes());
        self.answered |= message.message_type == stun::SUCCESS && signed;
        let ice = self.guest.has_ice.then(|| ice_of(self.guest.who));
        let ours = ice.as_ref().is_none_or(|ice| message.signed_with(ice.password().as_bytes()));
        let from = self.guest.from.parse().expect("an address");
        (message.message_type == stun::REQUEST && ours)
            .then(|| answer(Answers::Properly, message.transaction, ice.as_ref(), from))?
    }
}

fn request(guest: Guest) -> Request {
    Request {
        room: ROOM.to_owned(),
        who: guest.who.to_owned(),
        fence: guest.fence.map(str::to_owned),
        ice: guest.has_ice.then(|| ice_of(guest.who)),
        hears: guest.hears.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
    }
}

fn expect(right: bool, complaint: &str) -> Outcome {
    if right { Ok(()) } else { Err(complaint.to_owned()) }
}
