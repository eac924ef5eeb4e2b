//! A large room held: some speak, all listen, every copy is counted and timed.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::relay::OneShard;
use crate::room::{self, Participant};
use crate::voice::{self, Voice};

/// What is asked of a room.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Meeting {
    /// People in the room.
    pub participants: usize,
    /// How many of them speak.
    pub speakers: usize,
    /// Packets a second of each speaker.
    pub packets_per_s: u32,
    /// Bytes of each packet, RTP header included.
    pub payload_bytes: usize,
    /// For how long.
    pub seconds: u32,
}

/// How it went.
#[derive(Debug, Serialize)]
pub struct Held {
    /// Packets that speakers sent.
    pub packets: u64,
    /// Copies that should have arrived.
    pub copies_expected: u64,
    /// Copies that arrived.
    pub copies_heard: u64,
    /// Participants that did not hear exactly what they should have.
    pub participants_short: usize,
    /// Part of one processor that the shard took.
    pub shard_share: f64,
    /// Datagrams that the kernel dropped before the shard could read them.
    pub kernel_drops: u64,
    /// From the time a packet should have been sent to the time its copy was read.
    pub latency_us: Latency,
}

/// Percentiles in microseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "percentiles name themselves")]
pub struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub p99_99: f64,
    pub max: f64,
}

/// One participant's check every five seconds (RFC 7675 section 5.1).
const CONSENT_INTERVAL: Duration = Duration::from_secs(5);

/// How long nothing may arrive before what is missing counts as lost.
const QUIET_MAX: Duration = Duration::from_secs(2);

/// Longest latency that is told apart, in nanoseconds.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

struct Hall {
    participants: Vec<Participant>,
    next: usize,
    heard: Vec<u64>,
    heard_in_all: u64,
    last_heard: Instant,
    latency_ns: Histogram<u64>,
    started: Instant,
}

/// Something that comes round at equal intervals, for one after the other.
struct Metronome {
    interval: Duration,
    beats: u32,
}

/// Holds a meeting; `told` hears once a second what was sent and what was heard so far.
///
/// # Errors
/// The relay has ended, a socket fails, or a packet went missing on its way to the relay.
pub fn hold(
    relay: &OneShard,
    meeting: &Meeting,
    told: impl FnMut(Duration, u64, u64),
) -> anyhow::Result<Held> {
    let mut hall = Hall::open(room::latched(relay, "hold", meeting.participants)?)?;
    let (before, began) = (relay.shard()?, Instant::now());
    hall.speak(meeting, told)?;
    hall.listen_until_quiet(meeting)?;
    let (after, wall) = (relay.shard()?, began.elapsed());
    let drops = |status: &ringfence::relay::ShardStatus| -> u64 {
        status.kernel_drops.iter().map(|(_, drops)| drops).sum()
    };
    Ok(Held {
        packets: meeting.packets(),
        copies_expected: meeting.copies(),
        copies_heard: hall.heard_in_all,
        participants_short: hall.short(meeting),
        shard_share: (after.cpu_time - before.cpu_time).as_secs_f64() / wall.as_secs_f64(),
        kernel_drops: drops(&after) - drops(&before),
        latency_us: Latency::of(&hall.latency_ns),
    })
}

impl Meeting {
    /// Packets of all speakers.
    pub fn packets(&self) -> u64 {
        self.speakers as u64 * u64::from(self.packets_per_s) * u64::from(self.seconds)
    }

    fn packets_of_one(&self) -> u64 {
        self.packets() / self.speakers as u64
    }

    fn copies(&self) -> u64 {
        self.packets() * (self.participants as u64 - 1)
    }

    /// What the participant of this number should hear.
    fn heard_by(&self, number: usize) -> u64 {
        self.packets() - if number < self.speakers { self.packets_of_one() } else { 0 }
    }
}

impl Held {
    /// Whether everybody heard everything, once.
    pub fn is_whole(&self) -> bool {
        self.copies_heard == self.copies_expected && self.participants_short == 0
    }
}

impl Hall {
    fn open(participants: Vec<Participant>) -> anyhow::Result<Self> {
        let now = Instant::now();
        Ok(Self {
            heard: vec![0; participants.len()],
            participants,
            next: 0,
            heard_in_all: 0,
            last_heard: now,
            latency_ns: Histogram::new_with_bounds(1, LATENCY_NS_MAX, 3)?,
            started: now,
        })
    }

    /// Speakers take turns, so that their packets are evenly spaced.
    fn speak(
        &mut self,
        meeting: &Meeting,
        mut told: impl FnMut(Duration, u64, u64),
    ) -> anyhow::Result<()> {
        let ssrcs = 1..=u32::try_from(meeting.speakers)?;
        let mut voices: Vec<_> = ssrcs.map(|id| Voice::new(id, meeting.payload_bytes)).collect();
        let turn = Duration::from_secs(1) / meeting.packets_per_s / u32::try_from(voices.len())?;
        let everyone = u32::try_from(self.participants.len())?;
        let mut speech = Metronome::every(turn);
        let mut consent = Metronome::every(CONSENT_INTERVAL / everyone);
        let mut report = Metronome::every(Duration::from_secs(1));
        self.started = Instant::now();
        while u64::from(speech.beats) < meeting.packets() {
            let now = self.started.elapsed();
            if let Some((number, due)) = speech.beat(now) {
                let speaker = number as usize % voices.len();
                self.participants[speaker].say(voices[speaker].next(due))?;
            }
            if let Some((number, _)) = consent.beat(now) {
                self.participants[number as usize % self.heard.len()].renew_consent()?;
            }
            if report.beat(now).is_some() {
                told(now, speech.beats.into(), self.heard_in_all);
            }
            self.listen()?;
        }
        Ok(())
    }

    fn listen_until_quiet(&mut self, meeting: &Meeting) -> anyhow::Result<()> {
        while self.heard_in_all < meeting.copies() && self.last_heard.elapsed() < QUIET_MAX {
            self.listen()?;
        }
        Ok(())
    }

    /// Reads one participant's socket empty; the next one's the next time.
    fn listen(&mut self) -> std::io::Result<()> {
        let number = self.next;
        self.next = (number + 1) % self.participants.len();
        let mut packet = [0; 2048];
        loop {
            match self.participants[number].socket.recv(&mut packet) {
                Ok(bytes) => self.note(number, &packet[..bytes]),
                Err(empty) if empty.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Counts a copy; answers to checks are no copies.
    fn note(&mut self, number: usize, packet: &[u8]) {
        if let Some(due) = voice::stamp(packet) {
            self.last_heard = Instant::now();
            let latency = self.last_heard.duration_since(self.started).saturating_sub(due);
            let latency_ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.latency_ns.saturating_record(latency_ns);
            self.heard[number] += 1;
            self.heard_in_all += 1;
        }
    }

    fn short(&self, meeting: &Meeting) -> usize {
        let heard = self.heard.iter().enumerate();
        heard.filter(|&(number, &heard)| heard != meeting.heard_by(number)).count()
    }
}

impl Metronome {
    fn every(interval: Duration) -> Self {
        Self { interval, beats: 0 }
    }

    /// The number and the time of a beat that is due, each once.
    fn beat(&mut self, now: Duration) -> Option<(u32, Duration)> {
        let due = self.interval * self.beats;
        (now >= due).then(|| {
            self.beats += 1;
            (self.beats - 1, due)
        })
    }
}

impl Latency {
    fn of(nanoseconds: &Histogram<u64>) -> Self {
        let at = |quantile: f64| nanoseconds.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: nanoseconds.max() as f64 / 1e3,
        }
    }
}
