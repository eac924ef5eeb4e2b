//! Eight TURN clients, each with a channel to a peer of its own, on the sockets of the product.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use ringfence_net::backend::{Backend, Pending};
use ringfence_net::sockets::{Offload, Sockets, SocketsConfig};
use ringfence_tests::turn::{Client, Credentials, Family, Road};
use ringfence_wire::channel_data::ChannelNumber;
use ringfence_wire::datagram::{Datagram, LocalSocket, Outbox, Step};
use std::num::NonZeroU32;

/// How many.
pub(super) const FLOWS: u8 = 8;

/// Room for what comes while the generator sends, before the kernel doubles it.
const BUFFER_BYTES: u32 = 8 << 20;

/// How long one answer is waited for.
const ANSWER_WAIT: Duration = Duration::from_millis(500);

const CHANNEL: u16 = 0x4000;

/// Flows that are ready to be loaded.
pub(super) struct Flows {
    pub(super) sockets: Sockets,
    /// Each flow once from its client and once from its peer, in turn.
    pub(super) lanes: Vec<Lane>,
    clients: Vec<Client>,
    server: SocketAddr,
}

/// One direction of a flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    /// Where it leaves.
    pub(super) from: LocalSocket,
    /// The server's listening or relayed address.
    pub(super) to: SocketAddr,
    /// Set where a client sends.
    pub(super) channel: Option<ChannelNumber>,
}

/// What the sinks are like, as far as it changes what a delivery costs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sinks {
    /// Like most endpoints: a train is taken apart within the server's call.
    Plain,
    /// They take trains whole (UDP_GRO), which spares the generator most of the receiving.
    Trains,
}

const OPEN_ATTEMPTS: usize = 5;

impl Flows {
    /// Allocates, and binds the channels. Datagrams that are put out one by one leave one by one
    /// either way.
    ///
    /// A server that was overloaded may have missed that an earlier trial gave its allocations up; if
    /// the kernel then gives us such a port again, other ports will do.
    pub(super) fn open(server: SocketAddr, sinks: Sinks) -> anyhow::Result<Self> {
        let mut opened = Self::open_once(server, sinks);
        for _ in 1..OPEN_ATTEMPTS {
            if opened.is_err() {
                opened = Self::open_once(server, sinks);
            }
        }
        opened
    }

    fn open_once(server: SocketAddr, sinks: Sinks) -> anyhow::Result<Self> {
        let flows = (0..FLOWS).flat_map(|flow| [client_address(flow), peer_address(flow)]);
        let sockets = Sockets::open(&SocketsConfig {
            receive_buffer_bytes: BUFFER_BYTES,
            send_buffer_bytes: BUFFER_BYTES,
            offload: match sinks {
                Sinks::Plain => Offload::Off,
                Sinks::Trains => Offload::Auto,
            },
            ..SocketsConfig::listening(flows.collect())
        })?;
        let mut flows = Self { sockets, lanes: Vec::new(), clients: Vec::new(), server };
        for flow in 0..FLOWS {
            flows.connect(flow).with_context(|| format!("flow {flow} at {server}"))?;
        }
        Ok(flows)
    }

    /// Gives the allocations up.
    pub(super) fn close(mut self) -> anyhow::Result<()> {
        for (flow, mut client) in (0..FLOWS).zip(std::mem::take(&mut self.clients)) {
            let mut road = self.road(flow);
            client.release(&mut road).map_err(|refused| anyhow!("{refused:?}"))?;
        }
        Ok(())
    }

    fn connect(&mut self, flow: u8) -> anyhow::Result<()> {
        let peer = self.sockets.local_addresses()[usize::from(flow) * 2 + 1];
        let channel = ChannelNumber::new(CHANNEL + u16::from(flow)).context("a channel")?;
        let mut client = Client::new(Credentials::of(&format!("flow-{flow}")));
        let mut road = self.road(flow);
        let refused = |refused| anyhow!("{refused:?}");
        let relayed = client.allocate(&mut road, Family::Default).map_err(refused)?;
        client.bind(&mut road, channel, peer).map_err(refused)?;
        let relayed = *relayed.first().context("no relayed address")?;
        let (from_client, from_peer) = (road.client, LocalSocket::Listen(flow * 2 + 1));
        self.lanes.push(Lane { from: from_client, to: self.server, channel: Some(channel) });
        self.lanes.push(Lane { from: from_peer, to: relayed, channel: None });
        self.clients.push(client);
        Ok(())
    }

    fn road(&mut self, flow: u8) -> SocketsRoad<'_> {
        let client = LocalSocket::Listen(flow * 2);
        SocketsRoad { sockets: &mut self.sockets, client, server: self.server }
    }
}

/// What the `sockets` of a lane are for: peers have the odd numbers.
pub(super) fn is_peer(local: LocalSocket) -> bool {
    matches!(local, LocalSocket::Listen(number) if number % 2 == 1)
}

/// Each client has an address of its own: the servers limit what one address may ask.
fn client_address(flow: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 1, 3, flow + 1), 0))
}

fn peer_address(flow: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 1, 2, flow + 1), 0))
}

struct SocketsRoad<'s> {
    sockets: &'s mut Sockets,
    client: LocalSocket,
    server: SocketAddr,
}

/// Keeps the last datagram for one socket.
struct Last {
    local: LocalSocket,
    message: Option<Vec<u8>>,
}

impl Road for SocketsRoad<'_> {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.sockets.emit(|outbox| outbox.send_own(message, self.server, self.client));
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let (began, mut last) = (Instant::now(), Last { local: self.client, message: None });
        while began.elapsed() < ANSWER_WAIT {
            self.sockets.wait(Some(Duration::from_millis(1)))?;
            while self.sockets.turn(&mut last, NonZeroU32::MIN)? == Pending::Maybe {}
            if let Some(message) = last.message.take() {
                return Ok(message);
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Step for Last {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        _: &mut impl Outbox<'rx>,
    ) {
        for datagram in received.filter(|datagram| datagram.local == self.local) {
            self.message = Some(datagram.payload.to_vec());
        }
    }
}
