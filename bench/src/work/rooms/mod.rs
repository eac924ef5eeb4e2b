//! Rooms through a relay that runs elsewhere: participants let in by its API, latched as clients are.

mod admission;
mod life;
mod party;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use self::admission::Admission;
use self::party::Party;
use super::{Sinks, Sockets, Work, party_address};

/// The third part of the first participant's address on loopback.
const HALL: u8 = 64;

/// Participants who latch at the same time, so that the relay is not asked more than it answers.
const LATCHING_MAX: usize = 64;

/// A hang is an error after this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Speakers say their first packet again if it was not heard by all after this long.
const INTRODUCTION_AGAIN: Duration = Duration::from_millis(250);

/// Calls of [`Work::keep_alive`], one a second, in which each participant has its turn.
const CONSENT_TURNS: usize = 5;

/// Where a relay is entered.
#[derive(Clone, Debug)]
pub struct Door {
    /// Where media goes.
    pub media: SocketAddr,
    /// The unix socket of its API.
    pub control: PathBuf,
    /// On whose account rooms are made. Its quotas have to be large enough, and so has
    /// `limits.participant_kbps_max`.
    pub tenant: String,
    /// Life of credentials.
    pub ttl_s: u32,
}

/// Longer than any run.
pub const TTL_S: u32 = 86_400;

/// How many of what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Rooms.
    pub rooms: usize,
    /// Participants of each.
    pub participants: usize,
    /// Those of them who speak; each is a lane. All hear.
    pub speakers: usize,
}

/// Rooms that are full and whose participants hear each other.
///
/// Lane `room × speakers + n` is participant `n` of that room speaking. With two who both speak these
/// are the lanes of [`super::calls::Calls`].
pub struct Rooms {
    layout: Layout,
    sockets: Sockets,
    parties: Vec<Party>,
    /// Participants who have an answer to give, or whose consent is to be renewed.
    renewals: VecDeque<usize>,
    renewed: usize,
    started: Instant,
    /// They leave when this goes.
    admission: Admission,
}

/// Participants of this process so far: a relay keeps an address for its participant for half a minute
/// after that has gone, so one is used again only after all others.
static PLACED: AtomicUsize = AtomicUsize::new(0);

/// Addresses from the hall on.
const PLACES: usize = (256 - HALL as usize) * 250;

impl Rooms {
    /// Lets everybody in, latches them, and has each speaker heard once.
    ///
    /// # Errors
    /// The relay refuses somebody, does not answer, or loses what is said again and again.
    pub fn open(door: &Door, layout: Layout, sinks: Sinks) -> anyhow::Result<Self> {
        let Layout { rooms, participants, speakers } = layout;
        ensure!(participants >= 2, "a room needs two participants");
        ensure!((1..=participants).contains(&speakers), "speakers are participants");
        let number = rooms * participants;
        let first = PLACED.fetch_add(number, Ordering::Relaxed);
        let addresses =
            (first..first + number).map(|at| party_address(door.media.ip(), HALL, at % PLACES));
        let sockets = Sockets::open(&addresses.collect::<io::Result<Vec<_>>>()?, sinks)?;
        (0..number).try_for_each(|socket| sockets.connect(socket, door.media))?;
        let started = Instant::now();
        let mut admission = Admission::new(door, first)?;
        let parties = (0..number)
            .map(|party| {
                let credentials = admission.join(party / participants, party % participants)?;
                Ok(Party::new(door.media, &credentials, party))
            })
            .collect::<anyhow::Result<_>>()?;
        let mut opened = Self {
            layout,
            sockets,
            parties,
            renewals: VecDeque::new(),
            renewed: 0,
            started,
            admission,
        };
        opened.latch()?;
        opened.introduce()?;
        Ok(opened)
    }

    /// Where the participants are.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let all = (0..self.parties.len()).filter_map(|party| self.sockets.address(party).ok());
        all.map(|address| address.ip()).collect()
    }

    /// Which socket speaks on a lane.
    fn speaker(&self, lane: usize) -> usize {
        let Layout { participants, speakers, .. } = self.layout;
        lane / speakers * participants + lane % speakers
    }

    fn latch(&mut self) -> anyhow::Result<()> {
        let number = self.parties.len();
        for first in (0..number).step_by(LATCHING_MAX) {
            self.latch_wave(first..number.min(first + LATCHING_MAX))?;
        }
        Ok(())
    }

    fn latch_wave(&mut self, wave: Range<usize>) -> anyhow::Result<()> {
        // Each credential's patience begins when it is first used.
        let now = self.started.elapsed();
        wave.clone().for_each(|party| self.parties[party].begin(now));
        let began = Instant::now();
        while !self.parties[wave.clone()].iter().all(Party::is_latched) {
            ensure!(began.elapsed() < PATIENCE, "the relay latches nobody: {wave:?}");
            wave.clone().try_for_each(|party| self.attend(party))?;
            self.listen(&mut |_, _| {})?;
        }
        Ok(())
    }

    /// Who is heard for the first time waits for the relay to say that the SSRC is its own, and not
    /// for ever; from now on nobody does.
    fn introduce(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut missing: Vec<u64> = (0..self.lanes()).map(|lane| self.copies(lane)).collect();
        let mut said_at = None;
        while missing.iter().any(|&copies| copies > 0) {
            if began.elapsed() > PATIENCE {
                bail!(
                    "{} speakers are not heard",
                    missing.iter().filter(|&&left| left > 0).count()
                );
            }
            if said_at.is_none_or(|at: Instant| at.elapsed() > INTRODUCTION_AGAIN) {
                said_at = Some(Instant::now());
                self.introduce_again(&mut missing)?;
            }
            self.listen(&mut |packet, _| {
                if let Some(left) = introduced(packet).and_then(|lane| missing.get_mut(lane)) {
                    *left = left.saturating_sub(1);
                }
            })?;
        }
        Ok(())
    }

    /// Only the copies of one packet count, or those of two could make up for each other.
    fn introduce_again(&mut self, missing: &mut [u64]) -> anyhow::Result<()> {
        for (lane, left) in missing.iter_mut().enumerate().filter(|(_, left)| **left > 0) {
            *left = self.copies(lane);
            let packet = introduction(lane);
            self.sockets.send(self.speaker(lane), &packet, packet.len())?;
        }
        Ok(())
    }

    /// Does what is due for a participant.
    fn attend(&mut self, party: usize) -> anyhow::Result<()> {
        let now = self.started.elapsed();
        let Self { parties, sockets, .. } = self;
        parties[party].do_what_is_due(now)?;
        while let Some(message) = parties[party].next_message() {
            sockets.send(party, &message, message.len())?;
        }
        Ok(())
    }

    fn listen(&mut self, heard: &mut dyn FnMut(&[u8], Instant)) -> anyhow::Result<bool> {
        let Self { sockets, parties, renewals, started, .. } = self;
        let more = sockets.receive(&mut |party, datagram, at| {
            if is_rtp(datagram) {
                heard(datagram, at);
            } else if parties[party].hear(started.elapsed(), datagram) {
                renewals.push_front(party);
            }
        })?;
        if let Some(party) = self.renewals.pop_front() {
            self.attend(party)?;
        }
        Ok(more)
    }
}

impl Work for Rooms {
    fn lanes(&self) -> usize {
        self.layout.rooms * self.layout.speakers
    }

    fn copies(&self, _: usize) -> u64 {
        self.layout.participants as u64 - 1
    }

    fn send(&mut self, lane: usize, packets: &[u8], packet_bytes: usize) -> io::Result<()> {
        self.sockets.send(self.speaker(lane), packets, packet_bytes)
    }

    fn receive(&mut self, heard: &mut dyn FnMut(&[u8], Instant)) -> io::Result<bool> {
        self.listen(heard).map_err(io::Error::other)
    }

    /// A part of the participants renew their consent, one with each call of [`Work::receive`] that
    /// follows: clients do not all do it at the same moment either.
    fn keep_alive(&mut self) -> anyhow::Result<()> {
        let number = self.parties.len();
        for _ in 0..number.div_ceil(CONSENT_TURNS) {
            self.renewals.push_back(self.renewed % number);
            self.renewed += 1;
        }
        Ok(())
    }

    fn own_drops(&self) -> u64 {
        self.sockets.own_drops()
    }
}

/// The payload type that nothing but introductions has; that of the generator is 111.
const INTRODUCTION: u8 = 110;

fn introduction(lane: usize) -> [u8; 32] {
    let mut packet = [0xA5; 32];
    packet[..8].copy_from_slice(&[0x80, INTRODUCTION, 0, 0, 0, 0, 0, 0]);
    packet[8..12].copy_from_slice(&u32::try_from(lane).unwrap_or(u32::MAX).to_be_bytes());
    packet
}

/// The lane that is introduced.
fn introduced(packet: &[u8]) -> Option<usize> {
    let &[0x80, INTRODUCTION, _, _, _, _, _, _, a, b, c, d, ..] = packet else { return None };
    usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()
}

/// Version 2 of RTP, where STUN has zeros (RFC 7983 section 7).
fn is_rtp(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| first >> 6 == 2)
}

#[cfg(test)]
mod tests;
