//! The judge: looks at every datagram that enters or leaves the relay and knows, from what was sent
//! alone, whether it may. Shares no code with the relay.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;

use ringfence_core::{IceCredentials, Join, Joined, NarrowingNumber, ParticipantId, RoomId};
use ringfence_fence::RoomRegions;

use super::addresses::folded;
use super::media::{Media, MediaId};
use super::policy_book::PolicyBook;
use super::relay::{Out, SimRelay};
use super::stun::{self, Heard, Transaction};

/// What is known of all that happened.
#[derive(Default)]
pub struct Judge {
    stays: HashMap<ParticipantId, Party>,
    by_ufrag: HashMap<Vec<u8>, ParticipantId>,
    /// Whose valid credentials came from an address.
    asked: HashMap<SocketAddr, Vec<ParticipantId>>,
    requests: HashMap<(Transaction, SocketAddr), ParticipantId>,
    path_checks: HashMap<Transaction, SocketAddr>,
    /// Who answered a path check where.
    proven: HashSet<(ParticipantId, SocketAddr)>,
    /// What rooms leave out, from which narrowing on.
    regions: HashMap<RoomId, Vec<(NarrowingNumber, RoomRegions)>>,
    said: HashMap<MediaId, Said>,
    ssrc_owners: HashMap<(RoomId, u32), String>,
    delivered: HashMap<MediaId, BTreeMap<SocketAddr, u32>>,
    /// What it counted.
    pub tally: Tally,
    /// What it found wrong, in words.
    pub violations: Vec<String>,
}

/// What the judge counted.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Datagrams handed to the relay.
    pub packets_in: u64,
    /// Of those, sent by participants from where their fence does not admit them.
    pub packets_in_forbidden: u64,
    /// Datagrams that left the relay, each judged.
    pub packets_out: u64,
    /// Of those, media.
    pub deliveries: u64,
}

struct Party {
    name: String,
    fence: String,
    hears: Option<Vec<String>>,
    password: Vec<u8>,
    ice: Option<IceCredentials>,
}

/// A media packet that someone sent.
struct Said {
    bytes: Vec<u8>,
    speaker: Option<ParticipantId>,
    from: SocketAddr,
    media: Media,
    arrived: u32,
}

/// What a judgement needs to look at.
pub struct Case<'a> {
    /// The relay that sent.
    pub relay: &'a SimRelay,
    /// All policies.
    pub book: &'a mut PolicyBook,
}

type Verdict = Result<(), String>;

impl Judge {
    /// Someone was let into a room under this fence.
    pub fn joined(&mut self, join: &Join, joined: &Joined, fence: &str) {
        let ufrag = joined.credentials.ufrag.as_str().as_bytes().to_vec();
        self.by_ufrag.insert(ufrag, joined.participant);
        let party = Party {
            name: join.participant.as_str().to_owned(),
            fence: fence.to_owned(),
            hears: join
                .hears
                .as_ref()
                .map(|names| names.iter().map(|name| name.as_str().to_owned()).collect()),
            password: joined.credentials.password.as_bytes().to_vec(),
            ice: join.ice.clone(),
        };
        self.stays.insert(joined.participant, party);
    }

    /// A room leaves this out from that narrowing on, or from its beginning.
    pub fn narrowed(&mut self, room: RoomId, number: NarrowingNumber, regions: &RoomRegions) {
        let known = self.regions.entry(room).or_default();
        if known.is_empty() || number > NarrowingNumber::default() {
            known.push((number, regions.clone()));
        }
    }

    /// A datagram that claims to be from this address is sent to the relay.
    pub fn offered(&mut self, from: SocketAddr, bytes: &[u8], book: &mut PolicyBook) {
        let from = folded(from);
        if let Some(message) = Heard::read(bytes) {
            match message.message_type {
                stun::REQUEST => self.request(from, &message, book),
                stun::SUCCESS | stun::ERROR => self.answer(from, &message),
                _ => {}
            }
        }
    }

    /// This media packet, `speaker`'s or a stranger's, is sent to the relay.
    pub fn spoken(
        &mut self,
        id: MediaId,
        media: Media,
        speaker: Option<ParticipantId>,
        from: SocketAddr,
        bytes: &[u8],
        book: &mut PolicyBook,
    ) {
        let from = folded(from);
        let refused = speaker
            .and_then(|speaker| self.stays.get(&speaker))
            .is_some_and(|party| !book.admits_now(&party.fence, from));
        self.tally.packets_in_forbidden += u64::from(refused);
        let bytes = bytes.to_vec();
        self.said.insert(id, Said { bytes, speaker, from, media, arrived: 0 });
    }

    /// A datagram reached the relay.
    pub fn arrived(&mut self, bytes: &[u8]) {
        self.tally.packets_in += 1;
        if let Some(said) = MediaId::of(bytes).and_then(|id| self.said.get_mut(&id)) {
            said.arrived += 1;
        }
    }

    /// Where the relay sent a packet, in order of address.
    pub fn delivered_to(&self, id: MediaId) -> Vec<SocketAddr> {
        let delivered = self.delivered.get(&id).into_iter();
        delivered.flat_map(BTreeMap::keys).copied().collect()
    }

    /// Judges a datagram that left the relay.
    pub fn judge(&mut self, out: &Out, case: &mut Case<'_>) {
        self.tally.packets_out += 1;
        let verdict = match Heard::read(&out.sent.bytes) {
            Some(message) => self.judge_stun(out, &message, case),
            None => self.judge_media(out, case),
        };
        if let Err(violation) = verdict {
            let to = out.sent.to;
            let shard = out.shard;
            self.violations
                .push(format!("{violation} (to {to}, shard {shard}, epoch {})", out.epoch));
        }
    }

    fn request(&mut self, from: SocketAddr, message: &Heard<'_>, book: &mut PolicyBook) {
        let username = message.value(stun::USERNAME).unwrap_or_default();
        let ours = username.split(|&byte| byte == b':').next().unwrap_or_default();
        let Some(&participant) = self.by_ufrag.get(ours) else {
            return;
        };
        let party = &self.stays[&participant];
        if message.signed_with(&party.password) {
            let refused = !book.admits_now(&party.fence, from);
            self.tally.packets_in_forbidden += u64::from(refused);
            let asked = self.asked.entry(from).or_default();
            if !asked.contains(&participant) {
                asked.push(participant);
            }
            self.requests.insert((message.transaction, from), participant);
        }
    }

    fn answer(&mut self, from: SocketAddr, message: &Heard<'_>) {
        if self.path_checks.get(&message.transaction) != Some(&from) {
            return;
        }
        for participant in self.asked.get(&from).into_iter().flatten() {
            let ice = &self.stays[participant].ice;
            if ice.as_ref().is_none_or(|ice| message.signed_with(ice.password().as_bytes())) {
                self.proven.insert((*participant, from));
            }
        }
    }

    fn judge_stun(&mut self, out: &Out, message: &Heard<'_>, case: &mut Case<'_>) -> Verdict {
        let to = out.sent.to;
        if message.message_type == stun::REQUEST {
            self.path_checks.insert(message.transaction, to);
            let asked = self.asked.get(&to).into_iter().flatten();
            let admitted = asked.filter(|who| self.admitted(**who, to, out, case).is_ok()).count();
            return verdict(admitted > 0, "path check to where nobody's credentials were used");
        }
        let Some(&participant) = self.requests.get(&(message.transaction, to)) else {
            return Err("answer to no request from there".to_owned());
        };
        verdict(self.is_latched(participant, to), "answer to an address that is not proven")?;
        let party = &self.stays[&participant];
        verdict(message.signed_with(&party.password), "answer with another's signature")?;
        let reflexive = message.mapped_address();
        let mapped_right = message.message_type != stun::SUCCESS
            || reflexive.is_some_and(|seen| (seen.ip(), seen.port()) == (to.ip(), to.port()));
        verdict(mapped_right, "answer with a wrong XOR-MAPPED-ADDRESS")?;
        self.admitted(participant, to, out, case)
    }

    fn judge_media(&mut self, out: &Out, case: &mut Case<'_>) -> Verdict {
        self.tally.deliveries += 1;
        let id = MediaId::of(&out.sent.bytes).ok_or("media too short to be anyone's")?;
        let said = self.said.get(&id).ok_or("media that nobody sent")?;
        verdict(said.bytes == out.sent.bytes, "media that was changed")?;
        let speaker = said.speaker.ok_or("media of a stranger")?;
        verdict(self.is_latched(speaker, said.from), "media from a source that is not latched")?;
        self.admitted(speaker, said.from, out, case)?;
        let listener = self
            .listener(out, speaker, case)
            .ok_or("media to where no participant of the room is latched")?;
        self.admitted(listener, out.sent.to, out, case)?;
        let two = !said.media.is_handshake() || case.relay.room_size(out.shard, speaker) == 2;
        verdict(two, "handshake in a room that has not two participants")?;
        let delivered = self.delivered.entry(id).or_default();
        let times = delivered.entry(out.sent.to).or_default();
        *times += 1;
        verdict(*times <= said.arrived, "media delivered more often than it came")?;
        self.judge_ssrc(id, speaker, case)
    }

    /// Someone in the speaker's room who is latched there and wants to hear it.
    fn listener(
        &self,
        out: &Out,
        speaker: ParticipantId,
        case: &Case<'_>,
    ) -> Option<ParticipantId> {
        let to = out.sent.to;
        let name = &self.stays[&speaker].name;
        let listens = |who: &&ParticipantId| {
            let hears = &self.stays[*who].hears;
            **who != speaker
                && case.relay.room_of(**who) == case.relay.room_of(speaker)
                && case.relay.knows(out.shard, **who)
                && self.is_latched(**who, to)
                && hears.as_ref().is_none_or(|names| names.contains(name))
        };
        self.asked.get(&to)?.iter().find(listens).copied()
    }

    fn judge_ssrc(&mut self, id: MediaId, speaker: ParticipantId, case: &Case<'_>) -> Verdict {
        let Some(ssrc) = self.said[&id].media.ssrc() else {
            return Ok(());
        };
        let room = case.relay.room_of(speaker).ok_or("a speaker in no room")?;
        let name = &self.stays[&speaker].name;
        let owner = self.ssrc_owners.entry((room, ssrc)).or_insert_with(|| name.clone());
        verdict(owner == name, "media with another's SSRC")
    }

    fn admitted(
        &self,
        participant: ParticipantId,
        address: SocketAddr,
        out: &Out,
        case: &mut Case<'_>,
    ) -> Verdict {
        let fence = &self.stays[&participant].fence;
        let room = case.relay.room_of(participant).ok_or("a participant in no room")?;
        let so_far = self.regions[&room].iter().rfind(|(number, _)| *number <= out.narrowing);
        let regions = so_far.map(|(_, regions)| regions.clone()).unwrap_or_default();
        let admitted = case.book.admits_in(out.epoch, fence, &regions, address);
        verdict(admitted, &format!("{address} is forbidden under {fence} less {regions:?}"))
    }

    fn is_latched(&self, participant: ParticipantId, address: SocketAddr) -> bool {
        self.proven.contains(&(participant, address))
    }
}

fn verdict(right: bool, violation: &str) -> Verdict {
    if right { Ok(()) } else { Err(violation.to_owned()) }
}
