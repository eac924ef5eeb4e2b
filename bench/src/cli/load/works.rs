//! The kinds of work that can be asked for.

use anyhow::Context;
use clap::{Args, Subcommand};
use ringfence_bench::servers::{self, NAMES, Processors, Trade, Wish};
use ringfence_bench::work::Task;
use ringfence_bench::work::rooms::Layout;
use ringfence_bench::work::turn::{Direction, Plan, Transport};
use ringfence_tests::turn::Credentials;

use super::Offer;
use super::measure::Loading;

#[derive(Subcommand)]
pub(super) enum Work {
    /// Flows through a TURN server (RFC 8656).
    Turn(Turn),
    /// UDP to a reflector and back.
    Echo(Echo),
    /// Rooms of a relay that this starts: each packet goes to all others of its room.
    Rooms(Rooms),
    /// Calls of two who both speak: rtpengine, or rooms of two.
    Calls(Calls),
}

#[derive(Args)]
pub(super) struct Turn {
    /// Who is loaded.
    #[arg(long, default_value = "ringfence", help = NAMES)]
    server: String,
    /// Clients with a peer each, or pairs of clients.
    #[arg(long, default_value_t = 8)]
    flows: usize,
    /// Who sends.
    #[arg(long, value_enum, default_value = "both")]
    direction: Direction,
    /// How clients reach the server.
    #[arg(long, value_enum, default_value = "udp")]
    transport: Transport,
    /// Name and password for a server that somebody else runs.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Option<String>,
    #[command(flatten)]
    offer: Offer,
}

#[derive(Args)]
pub(super) struct Echo {
    /// Who is loaded.
    #[arg(long, default_value = "reflector", help = NAMES)]
    server: String,
    /// Sockets that send, two for each of so many flows.
    #[arg(long, default_value_t = 8)]
    flows: usize,
    #[command(flatten)]
    offer: Offer,
}

#[derive(Args)]
pub(super) struct Rooms {
    /// Who is loaded.
    #[arg(long, default_value = "ringfence", help = NAMES)]
    server: String,
    /// How many rooms.
    #[arg(long, default_value_t = 10)]
    rooms: usize,
    /// Participants of each room.
    #[arg(long, default_value_t = 4)]
    participants: usize,
    /// How many of them speak; the rate is shared by all speakers of all rooms.
    #[arg(long, default_value_t = 1)]
    speakers: usize,
    #[command(flatten)]
    offer: Offer,
}

#[derive(Args)]
pub(super) struct Calls {
    /// Who is loaded.
    #[arg(long, default_value = "rtpengine", help = NAMES)]
    server: String,
    /// How many calls.
    #[arg(long, default_value_t = 64)]
    calls: usize,
    #[command(flatten)]
    offer: Offer,
}

/// A server and what it is to carry.
pub(super) struct Asked<'w> {
    server: &'w str,
    task: Task,
    /// What a server that somebody else runs is taken for.
    trade: Trade,
    credentials: Option<Credentials>,
}

impl Work {
    /// What is asked for, and what is offered.
    pub(super) fn asked(&self) -> anyhow::Result<(Asked<'_>, &Offer)> {
        let plain = |server, task, trade| Asked { server, task, trade, credentials: None };
        Ok(match self {
            Self::Turn(turn) => (turn.asked()?, &turn.offer),
            Self::Echo(Echo { server, flows, offer }) => {
                let (direction, transport) = (Direction::Both, Transport::Udp);
                let plan = Plan { flows: *flows, direction, transport };
                (plain(server, Task::Turn(plan), Trade::Echo), offer)
            }
            Self::Rooms(Rooms { server, rooms, participants, speakers, offer }) => {
                let (rooms, participants, speakers) = (*rooms, *participants, *speakers);
                let task = Task::Rooms(Layout { rooms, participants, speakers });
                (plain(server, task, Trade::Relay), offer)
            }
            Self::Calls(Calls { server, calls, offer }) => {
                (plain(server, Task::Calls(*calls), Trade::Calls), offer)
            }
        })
    }
}

impl Turn {
    fn asked(&self) -> anyhow::Result<Asked<'_>> {
        let Self { flows, direction, transport, .. } = *self;
        Ok(Asked {
            server: &self.server,
            task: Task::Turn(Plan { flows, direction, transport }),
            trade: Trade::Turn,
            credentials: self.user.as_deref().map(credentials).transpose()?,
        })
    }
}

impl Asked<'_> {
    /// Starts the server, unless somebody else runs it.
    pub(super) fn start(self) -> anyhow::Result<Loading> {
        let Self { server: name, task, trade, credentials } = self;
        let processors = Processors::of_this_machine()?;
        let wish = Wish { tls: task.needs_tls(), flows: task.flows(), processors };
        let mut server = servers::start(name, 0, &wish)?;
        if server.process.is_none() {
            server.trade = trade;
        }
        server.credentials = credentials;
        Ok(Loading { task, server })
    }
}

fn credentials(user: &str) -> anyhow::Result<Credentials> {
    let (username, password) = user.rsplit_once(':').context("write --user NAME:PASSWORD")?;
    Ok(Credentials { username: username.to_owned(), password: password.to_owned() })
}
