//! The sidecar's life: come in, carry, come back after a loss, leave.

use std::time::Duration;

use ringfence_wire::demux::Kind;
use tokio::time::{Instant, sleep, sleep_until};

use super::announcer::{Announcer, News};
use super::application::{Application, Delivery};
use super::args::JoinArgs;
use super::door::{Door, Ticket};
use super::failure::Failure;
use super::path::Path;
use super::statistics::Statistics;
use super::stop::Stop;
use crate::endpoint::{Received, State};
use crate::relay::Clock;

/// The largest UDP payload there is: nothing is ever cut.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Datagrams taken from one socket before the others have their turn.
const TURN_MAX: usize = 64;

/// Waits between attempts to come back: short enough for a relay that restarts, long enough for
/// one that is gone.
const BACKOFF_MIN: Duration = Duration::from_millis(250);
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// Checks without an answer after which the fence is asked why.
const SUSPICION: Duration = Duration::from_secs(2);

/// One sidecar.
pub(super) struct Sidecar<'a> {
    args: &'a JoinArgs,
    announcer: &'a mut Announcer,
    door: Door,
    application: Application,
    stop: Stop,
    statistics: Statistics,
    clock: Clock,
}

/// How a stay in the room ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Stopped,
    Renew,
    Lost,
}

/// Which way a datagram is waiting.
enum Waiting {
    FromRoom,
    FromApplication,
    Nothing,
    Stop,
}

impl<'a> Sidecar<'a> {
    pub(super) async fn new(
        args: &'a JoinArgs,
        announcer: &'a mut Announcer,
    ) -> Result<Self, Failure> {
        Ok(Self {
            args,
            door: Door::new(args)?,
            application: Application::bind(args).await?,
            stop: Stop::new(args.duration.map(Duration::from_secs))?,
            statistics: Statistics::default(),
            clock: Clock::start(),
            announcer,
        })
    }

    /// Carries until it is told to stop. Whatever ends it, its place is given back.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        self.warn_of_strangers();
        let ticket = self.door.enter().await?;
        let carried = self.carry(ticket).await;
        if let Err(failure) = self.door.leave().await {
            let text = format!("the place in the room was not given back: {failure}");
            self.announcer.tell(&News::Warning(&text));
        }
        self.announcer.tell(&News::Left(&self.statistics));
        carried
    }

    /// Stays in the room, and comes back each time that it is lost.
    async fn carry(&mut self, mut ticket: Ticket) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            let latches = self.statistics.latches;
            let path = Path::begin(&ticket, self.args.from, attempt, self.clock).await?;
            match self.stay(path, ticket.renew_after).await {
                Ended::Stopped => return Ok(()),
                Ended::Renew => self.announcer.tell(&News::Renewing),
                Ended::Lost if self.statistics.latches == 0 => return Err(self.never_let_in()),
                Ended::Lost => attempt += 1,
            }
            let had_begun = self.statistics.latches > latches;
            match self.come_back(had_begun).await? {
                Some(again) => ticket = again,
                None => return Ok(()),
            }
        }
    }

    /// Asks to be let in again until that works; `None` if told to stop meanwhile. Where the last
    /// stay did not even begin there is no hurry.
    async fn come_back(&mut self, had_begun: bool) -> Result<Option<Ticket>, Failure> {
        if !had_begun && !self.pause("no answer from the relay", BACKOFF_MAX).await {
            return Ok(None);
        }
        let mut wait = BACKOFF_MIN;
        loop {
            let entered = tokio::select! {
                () = self.stop.wanted() => return Ok(None),
                entered = self.door.enter() => entered,
            };
            match entered {
                Ok(ticket) => return Ok(Some(ticket)),
                Err(failure) if failure.may_pass() => {
                    if !self.pause(&first_line(&failure), wait).await {
                        return Ok(None);
                    }
                }
                Err(failure) => return Err(failure),
            }
            wait = (wait * 2).min(BACKOFF_MAX);
        }
    }

    /// Waits; false if told to stop meanwhile.
    async fn pause(&mut self, why: &str, after: Duration) -> bool {
        self.announcer.tell(&News::Retrying { why, after });
        tokio::select! {
            () = self.stop.wanted() => false,
            () = sleep(after) => true,
        }
    }

    /// Carries over one path, as long as it holds.
    async fn stay(&mut self, mut path: Path, renew_after: Option<Duration>) -> Ended {
        let (relay, from) = (path.relay, path.local);
        self.announcer.tell(&News::Checking { relay, from });
        let begun = Instant::now();
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        let mut suspicious = false;
        let mut before = State::Checking;
        loop {
            let state = path.tend();
            if state == State::Lost {
                return Ended::Lost;
            }
            if state != before {
                self.let_in(&path);
                before = state;
            }
            if state == State::Checking && !suspicious && begun.elapsed() >= SUSPICION {
                suspicious = true;
                self.ask_why(&path).await;
            }
            if renew_after.is_some_and(|life| begun.elapsed() >= life) {
                return Ended::Renew;
            }
            self.announcer.show(&self.statistics, self.application.senders());
            match self.wait(&path).await {
                Waiting::Stop => return Ended::Stopped,
                Waiting::FromRoom => self.take_from_room(&mut path, &mut buffer),
                Waiting::FromApplication => self.take_from_application(&mut path, &mut buffer),
                Waiting::Nothing => {}
            }
        }
    }

    /// Waits for a datagram, a timer or the end.
    async fn wait(&mut self, path: &Path) -> Waiting {
        let next = path.endpoint.next_timeout();
        let patience = next.map_or(Duration::ZERO, |due| self.clock.until(due));
        let patience = patience.min(self.announcer.patience()).min(SUSPICION);
        let (rtp, rtcp) = (&self.application.rtp, &self.application.rtcp);
        tokio::select! {
            () = self.stop.wanted() => Waiting::Stop,
            Ok(()) = path.socket.readable() => Waiting::FromRoom,
            Ok(()) = rtp.readable() => Waiting::FromApplication,
            Ok(()) = rtcp.readable() => Waiting::FromApplication,
            () = sleep_until(Instant::now() + patience) => Waiting::Nothing,
        }
    }

    fn take_from_room(&mut self, path: &mut Path, buffer: &mut [u8]) {
        for _ in 0..TURN_MAX {
            let Some((bytes, received)) = path.receive(buffer) else {
                return;
            };
            let datagram = buffer.get(..bytes).unwrap_or_default();
            match received {
                Received::Stun => {}
                Received::Stray => self.statistics.dropped.stray += 1,
                Received::Media(kind) => self.deliver(kind, datagram),
            }
        }
    }

    fn deliver(&mut self, kind: Kind, packet: &[u8]) {
        let statistics = &mut self.statistics;
        match self.application.deliver(self.clock.now(), kind, packet) {
            Delivery::Done => statistics.received.count(packet.len()),
            Delivery::First { ssrc, to, rtcp_port } => {
                statistics.received.count(packet.len());
                self.announcer.tell(&News::Mapped { ssrc, to, rtcp_port });
            }
            Delivery::NoPort => statistics.dropped.no_port += 1,
            Delivery::NotSent => statistics.dropped.not_sent += 1,
            Delivery::Stray => statistics.dropped.stray += 1,
        }
    }

    fn take_from_application(&mut self, path: &mut Path, buffer: &mut [u8]) {
        for at in 0..2 * TURN_MAX {
            let socket = match at % 2 {
                0 => &self.application.rtp,
                _ => &self.application.rtcp,
            };
            if let Ok((bytes, _)) = socket.try_recv_from(buffer) {
                self.send(path, buffer.get(..bytes).unwrap_or_default());
            }
        }
    }

    /// Whatever is no media stays here: the application does not speak to the relay itself.
    fn send(&mut self, path: &mut Path, packet: &[u8]) {
        let statistics = &mut self.statistics;
        if !matches!(Kind::of(packet), Kind::Rtp | Kind::Rtcp) {
            statistics.dropped.not_media += 1;
        } else if path.endpoint.state() != State::Latched {
            statistics.dropped.not_in_room += 1;
        } else if path.send(packet) {
            statistics.sent.count(packet.len());
        } else {
            statistics.dropped.not_sent += 1;
        }
    }

    fn let_in(&mut self, path: &Path) {
        self.statistics.latches += 1;
        let mapped = path.endpoint.mapped_address();
        let relay = path.relay;
        self.door.heard_from(mapped);
        self.announcer.tell(&News::Latched { relay, mapped });
    }

    /// A relay is silent to whom it refuses; its API tells us why.
    async fn ask_why(&mut self, path: &Path) {
        if let Some(why) = self.door.why_not(path.local).await {
            let text = format!("{why}\nTo call from another address, say --from.");
            self.announcer.tell(&News::Warning(&text));
        }
    }

    fn never_let_in(&self) -> Failure {
        Failure::refused(
            "the relay did not answer our checks. It is silent to an address that its fence \
             refuses and to credentials that it does not know.\nAsk `ringfence why ADDRESS \
             --live`, call from another address with --from, or look whether UDP gets there.",
        )
    }

    fn warn_of_strangers(&mut self) {
        if !self.args.listen.ip().is_loopback() {
            let text = format!("whoever can reach {} speaks as this participant", self.args.listen);
            self.announcer.tell(&News::Warning(&text));
        }
    }
}

fn first_line(failure: &Failure) -> String {
    let text = failure.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
