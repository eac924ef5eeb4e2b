//! Shorthand for tests that tell one story: guests of the small world's tenant `acme`, and questions
//! about how it went.

use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::{DropReason, Event, IceCredentials, Join, Name, ParticipantView};
use ringfence_fence::Rule;

use super::media::{Media, MediaId};
use super::{EndpointId, Simulation};

/// A name.
///
/// # Panics
/// If it is none.
pub fn name(text: &str) -> Name {
    Name::new(text).expect("a plain name")
}

/// A participant's own credentials.
///
/// # Panics
/// Never: they are made of ice-chars.
pub fn ice_of(who: &str) -> IceCredentials {
    let who: String = who.chars().filter(char::is_ascii_alphanumeric).collect();
    let password = format!("{who:x>24}");
    IceCredentials::new(&format!("{who:x>4}"), &password).expect("ice-chars")
}

/// A request of `acme` under its default fence, with credentials of its own, for an hour.
pub fn request(room: &str, who: &str) -> Join {
    Join {
        tenant: "acme".to_owned(),
        room: name(room),
        participant: name(who),
        fence: None,
        group: None,
        regions: Default::default(),
        ice: Some(ice_of(who)),
        hears: None,
        kbps_max: None,
        ttl: Duration::from_secs(3600),
    }
}

impl Simulation {
    /// Someone who has joined from this address and sent nothing yet.
    ///
    /// # Panics
    /// If the registry refuses.
    pub fn guest(&mut self, room: &str, who: &str, address: &str) -> EndpointId {
        self.guest_by(&request(room, who), address)
    }

    /// Someone who has joined by this request and sent nothing yet.
    ///
    /// # Panics
    /// If the registry refuses.
    pub fn guest_by(&mut self, join: &Join, address: &str) -> EndpointId {
        let endpoint = self.endpoint(address.parse().expect("an address"));
        self.join(endpoint, join).expect("the registry lets it in");
        self.settle();
        endpoint
    }

    /// Someone who has joined from this address and is latched there.
    ///
    /// # Panics
    /// If it comes to nothing.
    pub fn latched(&mut self, room: &str, who: &str, address: &str) -> EndpointId {
        let endpoint = self.guest(room, who, address);
        self.latch(endpoint);
        endpoint
    }

    /// Latches a guest where it is.
    ///
    /// # Panics
    /// If its check is not answered.
    pub fn latch(&mut self, endpoint: EndpointId) {
        let before = self.at(endpoint).successes;
        self.check(endpoint);
        self.settle();
        assert_eq!(self.at(endpoint).successes, before + 1, "the check is answered");
    }

    /// Sends a packet, lets it arrive, and says to whom.
    pub fn heard_by(&mut self, speaker: EndpointId, media: Media) -> Vec<SocketAddr> {
        let id = self.speak(speaker, media);
        self.settle();
        self.judge.delivered_to(id)
    }

    /// Whether this endpoint has got that packet.
    pub fn has(&self, endpoint: EndpointId, id: MediaId) -> bool {
        self.at(endpoint).heard().contains(&id)
    }

    /// Datagrams dropped for this reason on all shards.
    pub fn drops(&self, reason: DropReason) -> u64 {
        let counters = self.relay().counters();
        counters.map(|(counters, _)| counters.dropped(reason)).sum()
    }

    /// Datagrams refused by this rule on all shards.
    pub fn refusals(&self, rule: Rule) -> u64 {
        let place = Rule::ALL.iter().position(|known| *known == rule).unwrap_or(usize::MAX);
        self.relay().counters().map(|(counters, _)| counters.refusals[place]).sum()
    }

    /// What the registry shows of a participant.
    pub fn view(&self, room: &str, who: &str) -> Option<ParticipantView> {
        let (room, who) = (name(room), name(who));
        self.relay().registry().participants(&room).find(|view| view.participant == who)
    }

    /// Where the registry knows a participant to be.
    pub fn whereabouts(&self, room: &str, who: &str) -> Option<SocketAddr> {
        self.view(room, who)?.address
    }

    /// What the registry told since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.relay_mut().events)
    }
}

impl Drop for Simulation {
    /// Every story is also judged.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let violations = std::mem::take(&mut self.judge.violations);
            assert!(violations.is_empty(), "{violations:#?}");
        }
    }
}
