//! Whom the next relay's policy forbids: a TURN client and two participants of a room, new ones for each end. All
//! go on talking; nothing may come to them any more.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::Context;
use ringfence_tests::turn::{Client, Credentials, Family, Road, UdpRoad, channel_data};
use ringfence_wire::channel_data::ChannelNumber;

use super::world::World;
use crate::rtp;
use crate::work::rooms::{Layout, Rooms};
use crate::work::{Sinks, Work};

const ROOM: Layout = Layout { rooms: 1, participants: 2, speakers: 2 };

/// The TURN clients' part of loopback: each is at an address of its own.
const HALL: [u8; 3] = [127, 1, 250];
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 1, 249, 1));
const CHANNEL: u16 = 0x4000;
const SPEECH_INTERVAL: Duration = Duration::from_millis(5);
const WORDS: &[u8] = &[0x5a; 160];

#[derive(Default)]
pub(super) struct Guests {
    there: Option<Present>,
    /// Packets that came although they were forbidden.
    pub(super) astray: u64,
    /// How many were forbidden so far.
    pub(super) forbidden: u64,
    invited: u8,
}

struct Present {
    rooms: Rooms,
    road: UdpRoad,
    relayed: SocketAddr,
    peer: UdpSocket,
    packet: Vec<u8>,
    spoke: Instant,
    are_forbidden: bool,
}

impl Guests {
    /// Lets some in, whom the policy in force still admits.
    pub(super) fn invite(&mut self, world: &World) -> anyhow::Result<()> {
        self.invited = self.invited % 250 + 1;
        let [a, b, c] = HALL;
        let ip = IpAddr::from([a, b, c, self.invited]);
        let mut road = UdpRoad::open(ip, world.media)?;
        let mut client = Client::new(Credentials::of("guest"));
        let relayed = client.allocate(&mut road, Family::Default);
        let relayed = relayed.ok().and_then(|all| all.first().copied());
        let relayed = relayed.context("a guest's allocation")?;
        let peer = UdpSocket::bind((PEER, 0))?;
        let channel = ChannelNumber::new(CHANNEL).context("a channel's number")?;
        let bound = client.bind(&mut road, channel, peer.local_addr()?);
        bound.ok().context("a guest's channel")?;
        road.socket.set_nonblocking(true)?;
        peer.set_nonblocking(true)?;
        let rooms = Rooms::open(&world.door(), ROOM, Sinks { trains: false, stamps: false })?;
        let mut packet = vec![0x5a; 172];
        rtp::begin(&mut packet, 0, 1);
        self.there = Some(Present {
            rooms,
            road,
            relayed,
            peer,
            packet,
            spoke: Instant::now(),
            are_forbidden: false,
        });
        Ok(())
    }

    /// Whom the next policy is to forbid.
    pub(super) fn addresses(&self) -> anyhow::Result<Vec<IpAddr>> {
        let there = self.there.as_ref().context("nobody is there")?;
        let mut addresses = there.rooms.addresses();
        addresses.push(there.road.socket.local_addr()?.ip());
        Ok(addresses)
    }

    /// The relay that admitted them has ended: what waits now is the last that may come.
    pub(super) fn forbid(&mut self) -> anyhow::Result<()> {
        let Some(there) = &mut self.there else { return Ok(()) };
        there.listen()?;
        there.are_forbidden = true;
        self.forbidden += u64::from(ROOMERS) + 1;
        Ok(())
    }

    /// Everybody says something, to the relay or by it.
    pub(super) fn speak(&mut self) -> anyhow::Result<()> {
        let Some(there) = &mut self.there else { return Ok(()) };
        if there.spoke.elapsed() >= SPEECH_INTERVAL {
            there.spoke = Instant::now();
            there.speak()?;
        }
        let heard = there.listen()?;
        self.astray += if there.are_forbidden { heard } else { 0 };
        Ok(())
    }

    /// Those who are there go; their allocations and rooms are gone already.
    pub(super) fn leave(&mut self) -> anyhow::Result<()> {
        self.speak()?;
        self.there = None;
        Ok(())
    }
}

/// Participants of a room.
const ROOMERS: u8 = 2;

impl Present {
    fn speak(&mut self) -> anyhow::Result<()> {
        let channel = ChannelNumber::new(CHANNEL).context("a channel's number")?;
        for lane in 0..self.rooms.lanes() {
            rtp::begin(&mut self.packet, lane, 1);
            self.rooms.send(lane, &self.packet, self.packet.len())?;
        }
        self.rooms.flush()?;
        // To a relayed address that is closed, the kernel says so; and so be it.
        let _ = self.road.send(&channel_data(channel, WORDS));
        let _ = self.peer.send_to(WORDS, self.relayed);
        Ok(())
    }

    /// How much came: to the client, to its peer from it, to the participants.
    fn listen(&mut self) -> anyhow::Result<u64> {
        let mut heard = 0;
        while self.rooms.receive(&mut |_, _| heard += 1)? {}
        let mut buffer = [0; 2048];
        while let Ok(bytes) = self.road.socket.recv(&mut buffer) {
            heard += u64::from(is_media(&buffer[..bytes]));
        }
        while self.peer.recv(&mut buffer).is_ok() {
            heard += 1;
        }
        Ok(heard)
    }
}

/// An error answer is no media; the client's own address gets it because it asked.
fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (0x40..0x50).contains(first))
}
