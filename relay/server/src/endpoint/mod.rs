//! The side of a room that is not the relay: an ICE agent with one path, as a pure state machine.
//! Time and datagrams go in, STUN messages and media come out; it owns no socket and no clock.
//!
//! It checks until the relay answers, which means that its media is heard (`Latched`), keeps
//! consent alive with a check every five seconds (RFC 7675 section 5.1), answers the relay's path
//! checks, and says so when the relay is silent for too long (`Lost`). Lost is final: whoever
//! drives it asks for new credentials, or begins anew with the old ones.

mod check;
mod credentials;
mod message;

use std::net::SocketAddr;
use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ringfence_core::{Instant, Seed};
use ringfence_wire::demux::Kind;
use ringfence_wire::stun::{Class, Message, Method, TransactionId};

pub use self::credentials::{Credentials, OwnCredentials};
pub use self::message::StunMessage;

use self::check::Check;
use self::message::Messages;

/// A check this often keeps consent (RFC 7675 section 5.1: 5 s, and 30 s until it ends).
pub const KEEPALIVE: Duration = Duration::from_secs(5);

/// Silence after which the path is lost: five requests without an answer, and early enough to be
/// back before the relay's own patience of 30 s ends.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

/// Silence that is granted once the network has said that nobody listens there. A word that anybody
/// can say may hurry the verdict, not be it.
pub const UNREACHABLE_SILENCE_MAX: Duration = Duration::from_secs(2);

/// STUN messages that wait to be sent: a check and an answer; what does not fit is sent again.
const OUTGOING_MAX: usize = 4;

/// One path to a relay.
pub struct Endpoint {
    messages: Messages,
    relay: SocketAddr,
    random: ChaCha12Rng,
    tie_breaker: u64,
    state: State,
    check: Check,
    lost_at: Instant,
    outgoing: arrayvec::ArrayVec<StunMessage, OUTGOING_MAX>,
    mapped: Option<SocketAddr>,
    counts: Counts,
}

/// How far it has got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The relay has not answered yet.
    Checking,
    /// The relay has answered: what is sent is heard.
    Latched,
    /// The relay was silent for too long. Final.
    Lost,
}

/// What a datagram from the relay was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// RTP, RTCP, DTLS or ZRTP of another participant, byte for byte as it was sent.
    Media(Kind),
    /// A STUN message, dealt with.
    Stun,
    /// Nothing that a relay sends, or a STUN message that is not to be believed.
    Stray,
}

/// STUN messages so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Checks sent, retransmissions too.
    pub checks_sent: u64,
    /// Checks that the relay answered.
    pub checks_answered: u64,
    /// The relay's path checks that were answered.
    pub path_checks_answered: u64,
}

impl Endpoint {
    /// An endpoint that begins to check at `now`. `relay` is the address that its datagrams go to
    /// and come from; whoever drives it lets no others in.
    pub fn new(now: Instant, relay: SocketAddr, credentials: &Credentials, seed: Seed) -> Self {
        let mut random = ChaCha12Rng::from_seed(seed);
        let tie_breaker = random.next_u64();
        let check = Check::begin(now, transaction_id(&mut random));
        Self {
            messages: Messages::new(credentials),
            relay,
            random,
            tie_breaker,
            state: State::Checking,
            check,
            lost_at: now + SILENCE_MAX,
            outgoing: arrayvec::ArrayVec::new(),
            mapped: None,
            counts: Counts::default(),
        }
    }

    /// Takes in one datagram from the relay.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Received {
        match Kind::of(datagram) {
            Kind::Stun if self.stun(now, datagram).is_some() => Received::Stun,
            kind @ (Kind::Rtp | Kind::Rtcp | Kind::Dtls | Kind::Zrtp) => Received::Media(kind),
            _ => Received::Stray,
        }
    }

    /// The network says that nobody listens at the relay's address (ICMP port unreachable).
    pub fn handle_unreachable(&mut self, now: Instant) {
        self.lost_at = self.lost_at.min(now + UNREACHABLE_SILENCE_MAX);
    }

    /// Does what is due: checks, and giving up.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now >= self.lost_at {
            self.state = State::Lost;
        }
        if self.state == State::Lost {
            return;
        }
        if self.check.is_settled() && now >= self.check.began() + KEEPALIVE {
            self.check = Check::begin(now, transaction_id(&mut self.random));
        }
        if self.check.take_due(now) {
            self.send_check();
        }
    }

    /// When [`Endpoint::handle_timeout`] wants to be called next; `None` once it is lost.
    pub fn next_timeout(&self) -> Option<Instant> {
        let due = match self.check.next_due() {
            Some(due) => due,
            None => self.check.began() + KEEPALIVE,
        };
        (self.state != State::Lost).then(|| due.min(self.lost_at))
    }

    /// The next STUN message to send to the relay.
    pub fn poll_transmit(&mut self) -> Option<StunMessage> {
        self.outgoing.pop_at(0)
    }

    /// How far it has got.
    pub fn state(&self) -> State {
        self.state
    }

    /// This endpoint's address as the relay sees it, once it has said so.
    pub fn mapped_address(&self) -> Option<SocketAddr> {
        self.mapped
    }

    /// STUN messages so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn send_check(&mut self) {
        let transaction = self.check.transaction();
        if let Some(request) = self.messages.check(transaction, self.tie_breaker) {
            self.counts.checks_sent += 1;
            self.send(request);
        }
    }

    fn send(&mut self, message: StunMessage) {
        // A full queue loses a message as a full network would; checks are sent again.
        let _ = self.outgoing.try_push(message);
    }

    /// `None`: not to be believed.
    fn stun(&mut self, now: Instant, datagram: &[u8]) -> Option<()> {
        let message = Message::parse(datagram).ok()?;
        if message.method() != Method::BINDING || self.state == State::Lost {
            return None;
        }
        match message.class() {
            Class::Request => self.path_check(&message),
            Class::Success => self.answer(now, &message),
            Class::Error | Class::Indication => None,
        }
    }

    fn path_check(&mut self, request: &Message<'_>) -> Option<()> {
        let answer = self.messages.answer_path_check(request, self.relay)?;
        self.counts.path_checks_answered += 1;
        self.send(answer);
        Some(())
    }

    fn answer(&mut self, now: Instant, answer: &Message<'_>) -> Option<()> {
        let ours = answer.transaction_id() == self.check.transaction();
        let mapped = self.messages.read_answer(answer).filter(|_| ours)?;
        self.check.settle();
        self.counts.checks_answered += 1;
        self.mapped = Some(mapped);
        self.state = State::Latched;
        self.lost_at = now + SILENCE_MAX;
        Some(())
    }
}

fn transaction_id(random: &mut ChaCha12Rng) -> TransactionId {
    let mut id = [0; 12];
    random.fill_bytes(&mut id);
    TransactionId(id)
}

#[cfg(test)]
mod tests;
