//! Flows through a TURN server: each a client with an allocation and a channel to its peer.

mod ends;
mod lanes;
mod life;
mod road;
mod stream;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use ringfence_tests::turn::{Client, Credentials, Family, Refused};
use ringfence_wire::channel_data::{ChannelData, ChannelNumber, ChannelNumbers};
use serde::Serialize;

use self::ends::{End, Ends};
use self::lanes::Lane;
use self::road::{Kept, LoadedRoad};
use super::Work;
use super::sockets::Sinks;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Plan {
    /// Clients with a peer each; pairs of clients where these talk to each other.
    pub flows: usize,
    /// Who sends.
    pub direction: Direction,
    /// How clients reach the server.
    pub transport: Transport,
}

impl Plan {
    /// How many lanes it comes to.
    pub fn lanes(&self) -> usize {
        match self.direction {
            Direction::Up | Direction::Down => self.flows,
            Direction::Both | Direction::Pair => 2 * self.flows,
        }
    }
}

/// Who sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Clients, to their peers.
    Up,
    /// Peers, to their clients.
    Down,
    /// Both: half of the packets each way.
    Both,
    /// Clients, each to another client's relayed address of the same server.
    Pair,
}

/// How clients reach the server; peers always use UDP.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// Flows that are ready. Dropping them gives the allocations up.
pub struct Turn {
    ends: Ends,
    lanes: Vec<Lane>,
    guests: Vec<Guest>,
    /// Media that came while an answer was waited for.
    kept: Vec<Kept>,
    /// Who is kept alive next.
    tended: usize,
}

/// A client of the server.
struct Guest {
    client: Client,
    end: End,
    peer: SocketAddr,
    refreshed: Instant,
}

/// Where they are on loopback; see [`super::party_address`].
const CLIENTS_HALL: u8 = 32;
const PEERS_HALL: u8 = 128;

/// All clients use the same channel: each has a five-tuple of its own.
const CHANNEL: u16 = 0x4000;

/// A permission lasts 300 s (RFC 8656 section 9), an allocation and a channel 600 s.
const REFRESH_AFTER: Duration = Duration::from_secs(120);

/// A server that was overloaded may have missed that an earlier trial gave its allocations up; if the
/// kernel then gives us such a port again, other ports will do.
const OPEN_ATTEMPTS: usize = 5;

/// Between them: a server that was overloaded takes nobody new until it has seen that it has room.
const OPEN_REST: Duration = Duration::from_millis(500);

impl Turn {
    /// Allocates, and binds the channels. The credentials are made by the servers' secret unless given.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub fn open(
        server: SocketAddr,
        plan: &Plan,
        sinks: Sinks,
        credentials: Option<&Credentials>,
    ) -> anyhow::Result<Self> {
        let open = || Self::open_once(server, plan, sinks, credentials);
        let mut opened = open();
        for _ in 1..OPEN_ATTEMPTS {
            if opened.is_err() {
                thread::sleep(OPEN_REST);
                opened = open();
            }
        }
        opened.with_context(|| format!("{} flows through {server}", plan.flows))
    }

    fn open_once(
        server: SocketAddr,
        plan: &Plan,
        sinks: Sinks,
        credentials: Option<&Credentials>,
    ) -> anyhow::Result<Self> {
        let ends = Ends::open(server, plan, sinks)?;
        let (kept, lanes, guests) = (Vec::new(), Vec::new(), Vec::new());
        let mut turn = Self { ends, lanes, guests, kept, tended: 0 };
        let relayed = turn.allocate(credentials)?;
        turn.lanes = lanes::introduce(&mut turn.ends, plan, &relayed)?;
        for number in 0..turn.guests.len() {
            turn.guests[number].peer = turn.ends.peer_of(plan, number, &relayed)?;
            turn.bind(number)?;
        }
        Ok(turn)
    }

    /// The relayed address of each client.
    fn allocate(&mut self, credentials: Option<&Credentials>) -> anyhow::Result<Vec<SocketAddr>> {
        let mut all = Vec::new();
        for number in 0..self.ends.clients() {
            let own = || Credentials::of(&format!("flow-{number}"));
            let mut client = Client::new(credentials.cloned().unwrap_or_else(own));
            let end = self.ends.client(number);
            let mut road = LoadedRoad { ends: &mut self.ends, end, kept: &mut self.kept };
            let relayed = client.allocate(&mut road, Family::Default).map_err(refused)?;
            let &relayed = relayed.first().context("no relayed address")?;
            let peer = relayed;
            self.guests.push(Guest { client, end, peer, refreshed: Instant::now() });
            all.push(relayed);
        }
        Ok(all)
    }

    fn bind(&mut self, number: usize) -> anyhow::Result<()> {
        let Self { ends, guests, kept, .. } = self;
        let guest = &mut guests[number];
        let mut road = LoadedRoad { ends, end: guest.end, kept };
        guest.client.bind(&mut road, channel()?, guest.peer).map_err(refused)
    }

    fn refresh(&mut self, number: usize) -> anyhow::Result<()> {
        let Self { ends, guests, kept, .. } = self;
        let guest = &mut guests[number];
        let mut road = LoadedRoad { ends, end: guest.end, kept };
        guest.client.refresh(&mut road).map_err(refused)?;
        guest.refreshed = Instant::now();
        self.bind(number)
    }
}

fn channel() -> anyhow::Result<ChannelNumber> {
    ChannelNumber::new(CHANNEL).context("a channel's number")
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(refused: Refused) -> anyhow::Error {
    anyhow!("the server refuses: {refused:?}")
}

impl Work for Turn {
    fn lanes(&self) -> usize {
        self.lanes.len()
    }

    fn send(&mut self, lane: usize, packets: &[u8], packet_bytes: usize) -> io::Result<()> {
        let Lane { from, channel } = self.lanes[lane];
        self.ends.send_media(from, channel, packets, packet_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.ends.flush()
    }

    fn receive(&mut self, heard: &mut dyn FnMut(&[u8], Instant)) -> io::Result<bool> {
        for kept in self.kept.drain(..) {
            hear(kept.at_client, &kept.message, kept.at, heard);
        }
        self.ends.receive(&mut |at_client, message, at| hear(at_client, message, at, heard))
    }

    /// Each client in its turn, so that the load is not held up for all of them at once.
    fn keep_alive(&mut self) -> anyhow::Result<()> {
        let a_second = usize::try_from(REFRESH_AFTER.as_secs()).unwrap_or(1) / 2;
        for _ in 0..self.guests.len().div_ceil(a_second) {
            self.tended = (self.tended + 1) % self.guests.len();
            if self.guests[self.tended].refreshed.elapsed() >= REFRESH_AFTER {
                self.refresh(self.tended)?;
            }
        }
        Ok(())
    }

    fn own_drops(&self) -> u64 {
        self.ends.own_drops()
    }
}

/// What a client gets is in ChannelData; answers of the server that nobody waited for are nothing.
fn hear(at_client: bool, message: &[u8], at: Instant, heard: &mut dyn FnMut(&[u8], Instant)) {
    if !at_client {
        return heard(message, at);
    }
    if let Ok(data) = ChannelData::parse(message, ChannelNumbers::Rfc8656) {
        heard(data.payload, at);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Self { ends, guests, kept, .. } = self;
        for guest in guests {
            let mut road = LoadedRoad { ends, end: guest.end, kept };
            if guest.client.release(&mut road).is_err() {
                // A server that is gone has no allocations; asking for each takes seconds.
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use ringfence_tests::turn::{Kind, Server, Setup};

    use super::*;

    const ROUNDS_MAX: u64 = 1000;

    fn overdue(turn: &mut Turn) {
        let long_ago = Instant::now().checked_sub(REFRESH_AFTER);
        turn.guests[0].refreshed = long_ago.expect("the machine has run for longer");
    }

    #[test]
    fn media_that_comes_while_an_allocation_is_refreshed_is_heard_all_the_same() {
        let [ip, client] = ["127.1.0.77", "127.1.15.7"].map(|ip| ip.parse::<IpAddr>().unwrap());
        let server = Server::start(&Setup::on_loopback(Kind::ringfence(), ip, client));
        let plan = Plan { flows: 1, direction: Direction::Both, transport: Transport::Udp };
        let mut turn = Turn::open(server.address, &plan, Sinks::default(), None).unwrap();

        let mut sent = 0_u64;
        while turn.kept.is_empty() {
            assert!(sent < ROUNDS_MAX, "nothing ever came in between");
            turn.send(1, &[0x80; 100], 100).unwrap();
            sent += 1;
            overdue(&mut turn);
            turn.keep_alive().unwrap();
            assert!(turn.guests[0].refreshed.elapsed() < REFRESH_AFTER);
        }
        let (mut heard, began) = (0, Instant::now());
        while heard < sent && began.elapsed() < ringfence_tests::turn::PATIENCE {
            turn.receive(&mut |packet, _| heard += u64::from(packet == [0x80; 100])).unwrap();
        }
        assert_eq!(heard, sent);
    }
}
