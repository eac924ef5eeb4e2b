//! The relay under load: paced speakers, and everyone else listening, on one thread of ours.

use std::time::{Duration, Instant};

use ringfence_net::IoCounters;
use ringfence_net::floor::{Sink, send_in_trains};
use serde::Serialize;

use super::{AHEAD_MAX, Case, Cost, Pattern, QUIET_MAX};
use crate::ears::Ears;
use crate::relay::OneShard;
use crate::room::{self, Participant};
use crate::voice::Voice;

/// Turns to speak for the first guess at what one costs, and how far apart.
const PROBE: (u64, Duration) = (200, Duration::from_millis(1));

/// Guesses: packets in quick succession find warmer caches, or share a receive call.
const GUESSES: usize = 5;

/// How long each guess but the first speaks.
const GUESSED: Duration = Duration::from_millis(60);

/// Rooms on a running relay, one speaker in each.
pub struct RelaySide<'r> {
    relay: &'r OneShard,
    case: Case,
    speakers: Vec<Participant>,
    listeners: Vec<Participant>,
    voices: Vec<Voice>,
    started: Instant,
}

/// How much the shard did at once, and so what its fixed costs were shared by.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Batching {
    /// Datagrams taken in with one receive call, on average.
    pub datagrams_a_receive: f64,
    /// Copies handed to the kernel with one send call, on average.
    pub copies_a_send: f64,
    /// Messages that were trains (UDP_SEGMENT).
    pub trains: u64,
}

/// Arrivals of one measurement.
struct Tally<'p> {
    ears: Ears<'p>,
    heard: u64,
    last_heard: Instant,
}

impl<'r> RelaySide<'r> {
    /// Opens the case's rooms. Their names start with `name`, used once per relay.
    ///
    /// # Errors
    /// Somebody is not latched.
    pub fn new(relay: &'r OneShard, name: &str, case: Case) -> anyhow::Result<Self> {
        let (mut speakers, mut listeners) = (Vec::new(), Vec::new());
        for number in 0..case.rooms() {
            let room = room::latched(relay, &format!("{name}-{number}"), case.participants)?;
            let mut room = room.into_iter();
            speakers.extend(room.next());
            listeners.extend(room);
        }
        if case.pattern == Pattern::Train {
            offload(&speakers, &listeners, case.payload_bytes)?;
        }
        let voices = speakers.iter().map(|_| Voice::new(1, case.payload_bytes)).collect();
        Ok(Self { relay, case, speakers, listeners, voices, started: Instant::now() })
    }

    /// Those who hear a speaker, of all rooms.
    pub fn listeners(&self) -> &[Participant] {
        &self.listeners
    }

    /// The time between two turns to speak at which they take the case's share of the shard.
    ///
    /// # Errors
    /// As [`RelaySide::measure`].
    pub fn pace(&mut self) -> anyhow::Result<Duration> {
        let (mut turns, mut interval) = PROBE;
        for _ in 0..GUESSES {
            let (cost, _) = self.measure(interval, turns)?;
            interval = cost.cpu.div_f64(turns as f64 * self.case.shard_share);
            turns = turns_in(GUESSED, interval);
        }
        Ok(interval)
    }

    /// Lets that many turns be spoken and waits until everyone has heard them.
    ///
    /// # Errors
    /// The relay has ended, or a socket fails.
    pub fn measure(&mut self, interval: Duration, turns: u64) -> anyhow::Result<(Cost, Batching)> {
        self.settle()?;
        let (before, began) = (self.relay.shard()?, Instant::now());
        let heard = self.talk_and_listen(interval, turns)?;
        let (after, wall) = (self.relay.shard()?, began.elapsed());
        let cpu = after.cpu_time - before.cpu_time;
        let lost = turns * self.case.copies_a_turn() - heard;
        let batching = Batching::between(&before.snapshot.io, &after.snapshot.io);
        Ok((Cost { cpu, wall, copies: heard, lost }, batching))
    }

    /// Renews consent, lets the relay learn the SSRCs, and takes away what arrives meanwhile.
    fn settle(&mut self) -> anyhow::Result<()> {
        for participant in self.speakers.iter().chain(&self.listeners) {
            participant.renew_consent()?;
        }
        let now = self.started.elapsed();
        for (speaker, voice) in self.speakers.iter().zip(&mut self.voices) {
            speaker.say(voice.next(now))?;
        }
        // An answer and a copy for each.
        let mut tally = Tally::new(&self.listeners);
        while tally.heard < 2 * self.listeners.len() as u64 && !tally.is_quiet() {
            tally.listen(Instant::now())?;
        }
        Ok(Ears::new(&self.speakers).drain()?)
    }

    /// Speakers take turns. What was missed is not made up for: that would be another pattern.
    fn talk_and_listen(&mut self, interval: Duration, turns: u64) -> anyhow::Result<u64> {
        let expected = turns * self.case.copies_a_turn();
        let ahead_max = AHEAD_MAX * self.listeners.len() as u64;
        let mut tally = Tally::new(&self.listeners);
        let (mut turn, mut due) = (0, Instant::now());
        while tally.heard < expected && !tally.is_quiet() {
            let now = Instant::now();
            let ahead = turn * self.case.copies_a_turn() - tally.heard;
            if turn < turns && now >= due && ahead < ahead_max {
                let speaker = usize::try_from(turn)? % self.speakers.len();
                let elapsed = self.started.elapsed();
                speak(&self.case, &self.speakers[speaker], &mut self.voices[speaker], elapsed)?;
                turn += 1;
                due = (due + interval).max(now);
            }
            tally.listen(now)?;
        }
        Ok(tally.heard)
    }
}

/// One turn.
fn speak(
    case: &Case,
    speaker: &Participant,
    voice: &mut Voice,
    elapsed: Duration,
) -> std::io::Result<()> {
    let packets = (0..case.pattern.packets()).map(|_| voice.next(elapsed).to_vec());
    if case.pattern == Pattern::Train {
        speaker.say(&packets.flatten().collect::<Vec<_>>())?;
        return Ok(());
    }
    packets.into_iter().try_for_each(|packet| speaker.say(&packet).map(drop))
}

/// Lets speakers send trains, and listeners take them.
fn offload(
    speakers: &[Participant],
    listeners: &[Participant],
    segment_bytes: usize,
) -> anyhow::Result<()> {
    let segment_bytes = u16::try_from(segment_bytes)?;
    for speaker in speakers {
        send_in_trains(&speaker.socket, segment_bytes)?;
    }
    Ok(listeners.iter().try_for_each(|listener| Sink::coalesce(&listener.socket))?)
}

/// Turns to speak that begin in `span`.
pub(super) fn turns_in(span: Duration, interval: Duration) -> u64 {
    u64::try_from(span.as_nanos().div_ceil(interval.as_nanos().max(1))).unwrap_or(u64::MAX)
}

impl Batching {
    fn between(before: &IoCounters, after: &IoCounters) -> Self {
        let per = |things: u64, calls: u64| things as f64 / calls as f64;
        let received = (&before.received, &after.received);
        let sent = (&before.sent, &after.sent);
        Self {
            datagrams_a_receive: per(
                received.1.datagrams - received.0.datagrams,
                received.1.calls - received.0.calls,
            ),
            copies_a_send: per(sent.1.datagrams - sent.0.datagrams, sent.1.calls - sent.0.calls),
            trains: sent.1.trains - sent.0.trains,
        }
    }
}

impl<'p> Tally<'p> {
    fn new(participants: &'p [Participant]) -> Self {
        Self { ears: Ears::new(participants), heard: 0, last_heard: Instant::now() }
    }

    fn listen(&mut self, now: Instant) -> std::io::Result<()> {
        let heard = self.ears.listen(now)?;
        if heard > 0 {
            self.heard += heard;
            self.last_heard = now;
        }
        Ok(())
    }

    fn is_quiet(&self) -> bool {
        self.last_heard.elapsed() > QUIET_MAX
    }
}
