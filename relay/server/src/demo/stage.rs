//! The show itself: a relay, four participants, one room.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ringfence_core::{DropReason, Seed};
use ringfence_fence::{Role, Rule};

use super::cast::{CAST, FENCE};
use super::entrance;
use super::outcome::{Outcome, Played, RefusedBy, RelaySide};
use super::player::{Listened, Player, Secret};
use super::progress::Progress;
use super::script::script;
use super::srtp::{Ears, GroupKeys, SenderKey};
use super::tally::Tally;
use crate::endpoint::Endpoint;
use crate::relay::{Clock, Control};

/// Why the demo could not be played at all.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Longest wait for the admitted to be let in; a check takes a few milliseconds.
const LATCH_TIME_MAX: Duration = Duration::from_secs(2);

/// Longest wait, after the last packet has left, for it to arrive.
const LAST_ARRIVAL_MAX: Duration = Duration::from_secs(1);

/// Time after that in which what must not come would have come.
const AFTERMATH: Duration = Duration::from_millis(200);

/// How often the stage looks at its players.
const LOOK: Duration = Duration::from_millis(20);

/// Longest latency that is told from longer ones, longer than the demo waits, and its digits.
const LATENCY_MAX: Duration = Duration::from_secs(10);
const LATENCY_DIGITS: u8 = 3;

/// Four participants at the door of the room.
struct Stage {
    players: [Player; CAST.len()],
    secrets: [Vec<Secret>; CAST.len()],
    keys: GroupKeys,
}

/// What is left when the curtain has fallen.
struct Recording {
    start: Instant,
    sent: Vec<u64>,
    listened: Vec<Listened>,
}

/// Plays the demo for `length` and counts what came of it.
pub(super) fn play(length: Duration, progress: &mut Progress) -> Result<Outcome, Failure> {
    let (keys, secrets) = rehearse(length)?;
    let relay = entrance::start_relay()?;
    let clock = Clock::start();
    let (players, endpoints) = entrance::enter(relay.control(), clock)?;
    let stage = Stage { players, secrets, keys };
    let recording = stage.perform(clock, endpoints, progress)?;
    let outcome = stage.review(relay.control(), &recording)?;
    relay.stop()?;
    Ok(outcome)
}

/// Encrypts every packet of every script.
fn rehearse(length: Duration) -> Result<(GroupKeys, [Vec<Secret>; CAST.len()]), Failure> {
    let mut keys = Vec::new();
    let mut secrets = Vec::new();
    for (character, number) in CAST.iter().zip(0..) {
        let key = SenderKey::new(seed()?);
        let lines = script(character, number, length);
        let packets = key.encrypt_all(lines.iter().map(|line| line.rtp.as_slice()))?;
        let times = lines.iter().map(|line| line.due);
        let secret = times.zip(packets);
        secrets.push(secret.map(|(due, packet)| Secret { due, packet }).collect());
        keys.push(key);
    }
    Ok((four(keys)?, four(secrets)?))
}

impl Stage {
    fn perform(
        &self,
        clock: Clock,
        endpoints: [Endpoint; CAST.len()],
        progress: &mut Progress,
    ) -> Result<Recording, Failure> {
        std::thread::scope(|scope| {
            let listen =
                |(player, endpoint): (&'_ Player, Endpoint)| player.listen(clock, endpoint);
            let casts = self.players.iter().zip(endpoints);
            let listeners: Vec<_> = casts.map(|cast| scope.spawn(move || listen(cast))).collect();
            self.await_latches();
            let start = Instant::now() + LOOK;
            let speaking = self.players.iter().zip(&self.secrets);
            let speakers: Vec<_> = speaking
                .map(|(player, secrets)| scope.spawn(move || player.speak(start, secrets)))
                .collect();
            while !speakers.iter().all(|speaker| speaker.is_finished()) {
                progress.show(&self.players, start);
                std::thread::sleep(LOOK);
            }
            self.await_last_arrivals();
            progress.end(&self.players, start);
            // Set on every way out, or the listeners would never end.
            let over = |player: &Player| player.signals.over.store(true, Ordering::Relaxed);
            self.players.iter().for_each(over);
            let sent = speakers.into_iter().map(|speaker| speaker.join());
            let sent: Vec<_> = sent.map(Result::unwrap_or_default).collect();
            let listened = listeners.into_iter().map(|listener| listener.join());
            let listened: Result<Vec<_>, Failure> =
                listened.map(|ended| Ok(ended.map_err(|_| "a listener panicked")??)).collect();
            Ok(Recording { start, sent, listened: listened? })
        })
    }

    fn await_latches(&self) {
        let latched = |player: &Player| player.signals.latched.load(Ordering::Relaxed);
        let cast = || CAST.iter().zip(&self.players);
        await_until(LATCH_TIME_MAX, || {
            cast().all(|(character, player)| !character.admitted || latched(player))
        });
    }

    fn await_last_arrivals(&self) {
        let packets = |at: usize| self.secrets[at].len() as u64;
        let admitted = || (0..CAST.len()).filter(|&at| CAST[at].admitted);
        let all: u64 = admitted().map(packets).sum();
        let heard = |at: usize| self.players[at].signals.heard.load(Ordering::Relaxed);
        await_until(LAST_ARRIVAL_MAX, || admitted().all(|at| heard(at) >= all - packets(at)));
        std::thread::sleep(AFTERMATH);
    }

    fn review(&self, control: &Control, recording: &Recording) -> Result<Outcome, Failure> {
        let most = u64::try_from(LATENCY_MAX.as_nanos())?;
        let mut latency_ns = hdrhistogram::Histogram::new_with_max(most, LATENCY_DIGITS)?;
        let mut players = Vec::new();
        for (at, listened) in recording.listened.iter().enumerate() {
            let mut ears = Ears::new(&self.keys)?;
            let tally = Tally::count(
                recording.start,
                &listened.arrivals,
                &self.secrets,
                &mut ears,
                &mut latency_ns,
            );
            players.push(Played {
                address: self.players[at].socket.local_addr()?,
                latched: listened.counts.checks_answered > 0,
                planned: self.secrets[at].len() as u64,
                sent: recording.sent.get(at).copied().unwrap_or(0),
                checks_sent: listened.counts.checks_sent,
                datagrams: listened.datagrams,
                received: listened.arrivals.len() as u64,
                heard: tally.heard,
                strange: tally.strange,
            });
        }
        let players: [Played; CAST.len()] = four(players)?;
        let relay = relay_side(control, &players);
        Ok(Outcome { players, relay, latency_ns })
    }
}

fn relay_side(control: &Control, players: &[Played; CAST.len()]) -> RelaySide {
    let totals = control.totals();
    let rules = Rule::ALL.iter().copied().zip(totals.refusals);
    let mut cast = CAST.iter().zip(players);
    let forbidden = cast.find(|(character, _)| !character.admitted);
    RelaySide {
        refused: rules.filter(|(_, count)| *count > 0).collect(),
        not_latched: totals.dropped(DropReason::NotLatched),
        refusal: forbidden.and_then(|(_, played)| refused_by(control, played)),
    }
}

fn refused_by(control: &Control, played: &Played) -> Option<RefusedBy> {
    let refusal = control.why(FENCE, Role::Client, played.address)?.err()?;
    let place = control.in_force().place(&refusal)?;
    Some(RefusedBy { rule: refusal.rule, place })
}

pub(super) fn seed() -> Result<Seed, Failure> {
    let mut seed = Seed::default();
    getrandom::fill(&mut seed)?;
    Ok(seed)
}

/// One for each of the cast.
pub(super) fn four<T>(all: Vec<T>) -> Result<[T; CAST.len()], Failure> {
    <[T; CAST.len()]>::try_from(all).map_err(|_| "the cast is not complete".into())
}

fn await_until(patience: Duration, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() && begun.elapsed() < patience {
        std::thread::sleep(LOOK);
    }
}
