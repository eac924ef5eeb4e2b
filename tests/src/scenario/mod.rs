//! Scenarios that run in any world that can move datagrams: the simulator, or real sockets.
//!
//! A [`World`] only knows addresses and bytes. Who is who, how ICE goes and what is expected is the
//! [`player`]'s business, so that every world is put to exactly the same test.

pub mod list;
pub mod on_simulator;
pub mod player;

use std::fmt::Debug;
use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::IceCredentials;
use ringfence_fence::PolicyDraft;

/// A relay that stands in the small world ([`crate::sim::drafts::small_world`]) with a consent time
/// of [`CONSENT`], and a way to reach it.
pub trait World {
    /// An endpoint's handle.
    type Endpoint: Copy + Debug;

    /// Opens an endpoint at an address of the small world. A world of real sockets binds there; the
    /// port is the scenario's, so that scenarios which run side by side need different addresses.
    fn endpoint(&mut self, address: SocketAddr) -> Self::Endpoint;

    /// Asks for a place in a room.
    ///
    /// # Errors
    /// The stable code of the refusal.
    fn join(&mut self, request: &Request) -> Result<Ticket, String>;

    /// Ends a stay; false if there was none.
    fn leave(&mut self, room: &str, who: &str) -> bool;

    /// Puts a policy in force and returns once it is answered.
    fn reload(&mut self, policy: PolicyDraft);

    /// Sends a datagram to the relay.
    fn send(&mut self, from: Self::Endpoint, bytes: &[u8]);

    /// All datagrams that reached an endpoint since the last call, in order.
    fn received(&mut self, at: Self::Endpoint) -> Vec<Vec<u8>>;

    /// Lets time pass.
    fn let_time_pass(&mut self, span: Duration);
}

/// How long media flows without a check: short enough to be waited for in real time.
pub const CONSENT: Duration = Duration::from_secs(2);

/// A request for a place in a room of tenant `acme`.
#[derive(Clone, Debug)]
pub struct Request {
    /// The room.
    pub room: String,
    /// The participant's name.
    pub who: String,
    /// A fence other than the room's or the tenant's first.
    pub fence: Option<String>,
    /// The participant's own credentials.
    pub ice: Option<IceCredentials>,
    /// Whom it wants to hear.
    pub hears: Option<Vec<String>>,
}

/// What a participant is given.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The relay's username fragment.
    pub ufrag: String,
    /// The relay's password.
    pub password: String,
}

/// Something that happens, and what is expected of it.
#[derive(Clone, Debug)]
pub enum Step {
    /// Someone joins and opens a socket at an address.
    Join(Guest),
    /// Someone's request is refused with this code.
    JoinRefused(Guest, &'static str),
    /// Someone sends checks until one is answered.
    Latch(&'static str),
    /// Someone sends checks and is never answered.
    CheckInVain(&'static str),
    /// Someone sends a media packet of this SSRC, and exactly these hear it, bit-exact.
    Speak(&'static str, u32, &'static [&'static str]),
    /// Someone sends a DTLS record, and exactly these hear it.
    Handshake(&'static str, &'static [&'static str]),
    /// A stranger at this address sends a media packet and a captured check of someone; nobody
    /// hears it, and nothing but path checks comes back.
    Attack(&'static str, &'static str, u32),
    /// Someone's address changes.
    Move(&'static str, &'static str),
    /// Someone leaves.
    Leave(&'static str),
    /// A policy comes into force.
    Reload(fn() -> PolicyDraft),
    /// Time passes, in which these keep sending checks.
    Wait(Duration, &'static [&'static str]),
}

/// Who joins, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// Name.
    pub who: &'static str,
    /// Address.
    pub from: &'static str,
    /// Fence, if it names one.
    pub fence: Option<&'static str>,
    /// Whom it wants to hear.
    pub hears: Option<&'static [&'static str]>,
    /// Whether it gives credentials of its own.
    pub has_ice: bool,
}

/// A story.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it shows.
    pub name: &'static str,
    /// What happens.
    pub steps: Vec<Step>,
}
