//! All participants, on one thread: they speak in turn and count what they hear.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use mio::{Events, Interest, Poll, Token};
use serde::Serialize;

use super::Case;
use super::flow::Flow;
use super::world::{REGIONS, VICTIMS, World, staying, victim};
use crate::voice::Voice;

/// What the thread that reloads tells the crowd; each is answered when it is done.
pub(super) enum Order {
    /// The policy in force forbids this region.
    Forbid(usize, Sender<()>),
    /// The next policy admits it again.
    Permit(usize, Sender<()>),
    /// There are no more reloads.
    Done,
}

/// What arrived.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Heard {
    /// Packets sent by flows whose room stays allowed throughout.
    pub sent: u64,
    /// Packets sent by anyone from the first reload to the last.
    pub sent_while_reloading: u64,
    /// Of `sent`, those that never arrived.
    pub lost: u64,
    /// Packets that arrived at a forbidden address after the answer that forbade it.
    pub astray: u64,
}

/// The relay asks one address no oftener than once a second.
const CHECK_INTERVAL: Duration = Duration::from_millis(1100);
/// Each participant's check (RFC 7675 section 5.1: consent ends after 30 s).
const CONSENT_INTERVAL: Duration = Duration::from_secs(12);
/// Time for everyone to latch.
const LATCH_TIME_MAX: Duration = Duration::from_secs(120);
/// Checks sent in one round of latching.
const CHECKS_MAX: usize = 256;
/// Rounds in which those speak who have not been heard yet.
const INTRODUCTIONS_MAX: usize = 3;
/// How long nothing may arrive before what is missing counts as lost.
const QUIET_MAX: Duration = Duration::from_secs(2);
/// Pause where nothing is due.
const REST: Duration = Duration::from_micros(100);
/// What may be said in one round before it is listened.
const SPEECH_MAX: usize = 64;

pub(super) struct Crowd {
    flows: Vec<Flow>,
    poll: Poll,
    events: Events,
    started: Instant,
    /// Who is not latched, and when it asked last.
    waiting: VecDeque<(usize, Option<Instant>)>,
    spoken: u64,
    renewed: u64,
    packets_per_s: u32,
    last_heard: Instant,
    transactions: u64,
}

impl Crowd {
    /// Everyone is there, latched, and has been heard once.
    pub(super) fn gather(case: &Case, world: &World) -> anyhow::Result<Self> {
        ensure!(
            case.flows > 2 * REGIONS * VICTIMS && case.flows.is_multiple_of(2),
            "too few flows"
        );
        let now = Instant::now();
        let mut crowd = Self {
            flows: Vec::with_capacity(case.flows),
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            started: now,
            waiting: (0..case.flows).map(|number| (number, None)).collect(),
            spoken: 0,
            renewed: 0,
            packets_per_s: case.packets_per_s,
            last_heard: now,
            transactions: 0,
        };
        (0..case.flows).try_for_each(|number| crowd.admit(case, world, number))?;
        crowd.latch_all()?;
        crowd.introduce()?;
        Ok(crowd)
    }

    /// Speaks and listens while policies change.
    pub(super) fn speak_until_told(&mut self, orders: &Receiver<Order>) -> anyhow::Result<()> {
        self.started = Instant::now();
        (self.spoken, self.renewed) = (0, 0);
        while !self.obey(orders)? {
            let said = self.speak_what_is_due()?;
            self.ask_to_be_latched()?;
            self.renew_consent()?;
            let heard = self.listen()?;
            if said == 0 && heard == 0 {
                thread::sleep(REST);
            }
        }
        Ok(())
    }

    pub(super) fn listen_until_quiet(&mut self) -> anyhow::Result<()> {
        self.last_heard = Instant::now();
        while self.lost() > 0 && self.last_heard.elapsed() < QUIET_MAX {
            self.listen()?;
        }
        Ok(())
    }

    pub(super) fn heard(&self) -> Heard {
        Heard {
            sent: self.staying().map(|flow| flow.sent).sum(),
            sent_while_reloading: self.flows.iter().map(|flow| flow.sent).sum(),
            lost: self.lost(),
            astray: self.flows.iter().map(|flow| flow.astray).sum(),
        }
    }

    /// The first participants come and go, each in a room with one that stays.
    fn admit(&mut self, case: &Case, world: &World, number: usize) -> anyhow::Result<()> {
        let (room, second) = (number / 2, number % 2 == 1);
        let ip = match room < REGIONS * VICTIMS && !second {
            true => victim(room / VICTIMS, room % VICTIMS)?,
            false => staying(number)?,
        };
        let voice = Voice::new(u32::try_from(number + 1)?, case.payload_bytes);
        let mut flow = Flow::open(ip, world.media(), world.join(room, number)?, voice)?;
        self.poll.registry().register(&mut flow.socket, Token(number), Interest::READABLE)?;
        self.flows.push(flow);
        Ok(())
    }

    fn latch_all(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while !self.waiting.is_empty() {
            let left = self.waiting.len();
            ensure!(began.elapsed() < LATCH_TIME_MAX, "{left} flows are not latched");
            self.ask_to_be_latched()?;
            self.renew_consent()?;
            self.listen()?;
            thread::sleep(REST);
        }
        Ok(())
    }

    /// Who is heard for the first time waits for its SSRC's owner, and not for ever; after this
    /// nobody does. What was said so far is not counted.
    fn introduce(&mut self) -> anyhow::Result<()> {
        for _ in 0..INTRODUCTIONS_MAX {
            for number in self.unheard() {
                self.flows[number].speak(Duration::ZERO)?;
                if number.is_multiple_of(SPEECH_MAX) {
                    thread::sleep(REST);
                    self.listen()?;
                }
            }
            self.listen_until_quiet()?;
        }
        let silent = self.flows.iter().filter(|flow| flow.heard == 0).count();
        ensure!(silent == 0, "{silent} flows heard nothing to begin with");
        self.flows.iter_mut().for_each(|flow| (flow.sent, flow.heard) = (0, 0));
        Ok(())
    }

    /// Those whose partners have not heard them.
    fn unheard(&self) -> Vec<usize> {
        let numbers = 0..self.flows.len();
        numbers.filter(|number| self.flows[number ^ 1].heard == 0).collect()
    }

    fn speak_what_is_due(&mut self) -> anyhow::Result<usize> {
        let elapsed = self.started.elapsed();
        let due = u64::try_from(elapsed.as_micros())? * u64::from(self.packets_per_s) / 1_000_000;
        let said = usize::try_from(due - self.spoken)?.min(SPEECH_MAX);
        for _ in 0..said {
            let number = usize::try_from(self.spoken)? % self.flows.len();
            self.flows[number].speak(elapsed)?;
            self.spoken += 1;
        }
        Ok(said)
    }

    fn renew_consent(&mut self) -> anyhow::Result<()> {
        let elapsed = self.started.elapsed().as_micros() * self.flows.len() as u128;
        let due = u64::try_from(elapsed / CONSENT_INTERVAL.as_micros())?;
        while self.renewed < due {
            let flow = &self.flows[usize::try_from(self.renewed)? % self.flows.len()];
            self.renewed += 1;
            if flow.latched {
                flow.check(self.transactions)?;
                self.transactions += 1;
            }
        }
        Ok(())
    }

    fn ask_to_be_latched(&mut self) -> anyhow::Result<()> {
        for _ in 0..self.waiting.len().min(CHECKS_MAX) {
            let Some((number, asked)) = self.waiting.pop_front() else { break };
            let flow = &self.flows[number];
            if flow.latched {
                continue;
            }
            let rests = flow.forbidden || asked.is_some_and(|at| at.elapsed() < CHECK_INTERVAL);
            if !rests {
                flow.check(self.transactions)?;
                self.transactions += 1;
            }
            let asked = if rests { asked } else { Some(Instant::now()) };
            self.waiting.push_back((number, asked));
        }
        Ok(())
    }

    fn listen(&mut self) -> anyhow::Result<u64> {
        self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
        let mut heard = 0;
        for event in &self.events {
            heard += self.flows[event.token().0].listen()?;
        }
        if heard > 0 {
            self.last_heard = Instant::now();
        }
        Ok(heard)
    }

    /// True when there are no more orders to come.
    fn obey(&mut self, orders: &Receiver<Order>) -> anyhow::Result<bool> {
        match orders.try_recv() {
            Ok(Order::Forbid(region, done)) => {
                for number in victims(region) {
                    self.flows[number].forbid()?;
                    self.waiting.push_back((number, None));
                }
                done.send(()).context("the thread that reloads is gone")?;
                Ok(false)
            }
            Ok(Order::Permit(region, done)) => {
                victims(region).try_for_each(|number| self.flows[number].permit())?;
                done.send(()).context("the thread that reloads is gone")?;
                Ok(false)
            }
            Err(TryRecvError::Empty) => Ok(false),
            Ok(Order::Done) | Err(TryRecvError::Disconnected) => Ok(true),
        }
    }

    /// Both of a room, in rooms that nobody is cut from.
    fn staying(&self) -> impl Iterator<Item = &Flow> {
        self.flows.iter().skip(2 * REGIONS * VICTIMS)
    }

    fn lost(&self) -> u64 {
        let rooms = self.flows[2 * REGIONS * VICTIMS..].chunks_exact(2);
        let of_room = |room: &[Flow]| {
            let [one, other] = [&room[0], &room[1]];
            one.sent.abs_diff(other.heard) + other.sent.abs_diff(one.heard)
        };
        rooms.map(of_room).sum()
    }
}

/// The flows of a region that comes and goes.
fn victims(region: usize) -> impl Iterator<Item = usize> {
    (0..VICTIMS).map(move |number| 2 * (region * VICTIMS + number))
}
