//! The same for a TURN client's packets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringfence_core::{
    Engine, EngineSetup, Family, Instant, Limits, Registry, RegistrySetup, RelayPorts, ShardId,
    TurnSetup,
};
use ringfence_fence::{Epoch, Policy};
use ringfence_tests::turn_world::world::UNIX_START;
use ringfence_tests::turn_world::{Client, Reply, client, codec, turn_world};
use ringfence_wire::datagram::{Datagram, Frame, LocalSocket, OpenError, Outbox, Transmit};

use super::{Sink, allocations_of};

/// Keeps what it is told to send and opens whatever it is asked to.
#[derive(Default)]
struct Host {
    last: Vec<u8>,
    opened: u32,
}

impl<'rx> Outbox<'rx> for Host {
    fn forward(&mut self, _: Transmit<'rx>) {}

    fn frame(&mut self, _: Frame<'_>, _: Transmit<'rx>) {}

    fn send_own(&mut self, bytes: &[u8], _: SocketAddr, _: LocalSocket) {
        self.last = bytes.to_vec();
    }

    fn open(&mut self, _: SocketAddr) -> Result<LocalSocket, OpenError> {
        self.opened += 1;
        Ok(LocalSocket::Relayed(self.opened))
    }
}

/// One shard with a TURN door.
struct Door {
    engine: Engine,
    registry: Registry,
    host: Host,
    now: Instant,
}

impl Door {
    fn new() -> Self {
        let policy = Arc::new(Policy::compile(&turn_world(), Epoch(1)).unwrap());
        let limits = Limits::default();
        let addresses = vec!["127.1.0.1".parse().unwrap()];
        let registry = Registry::new(RegistrySetup {
            shards: 1,
            limits,
            quotas: Default::default(),
            policy: Arc::clone(&policy),
            relay_ports: RelayPorts { addresses, ports: 50_000..=50_099 },
            seed: [1; 32],
        });
        let turn = Some(TurnSetup {
            channel_numbers: ringfence_wire::channel_data::ChannelNumbers::Rfc8656,
            realm: client::REALM_TEXT.into(),
            accounts: client::accounts(),
            families: vec![Family::Ipv4],
            alternates: Vec::new(),
            nonce_secret: [3; 32].into(),
            unix_start: UNIX_START,
        });
        let engine =
            Engine::new(EngineSetup { shard: ShardId(0), limits, policy, turn, seed: [2; 32] });
        Self { engine, registry, host: Host::default(), now: Instant::START }
    }

    fn exchange(&mut self, from: SocketAddr, bytes: &[u8]) -> Reply {
        let datagram = Datagram::single(bytes, from, LocalSocket::Listen(0));
        self.engine.handle_batch(self.now, [datagram].into_iter(), &mut self.host);
        while let Some(effect) = self.engine.poll_effect() {
            self.registry.on_effect(self.now, ShardId(0), &effect);
        }
        while let Some((_, command)) = self.registry.poll_command() {
            self.engine.apply(self.now, command);
        }
        self.engine.handle_timeout(self.now, &mut self.host);
        Reply(std::mem::take(&mut self.host.last))
    }

    fn request(&mut self, client: &mut Client, method: u16, wish: &[codec::Attribute]) -> Reply {
        let id = client.transaction();
        let asked = client.signed(method, id, wish);
        let reply = self.exchange(client.address, &asked);
        assert_eq!(reply.code(), 0);
        reply
    }

    /// A client with an allocation, its relayed address, and the socket there.
    fn client(&mut self, address: &str) -> (Client, SocketAddr, LocalSocket) {
        let mut client = Client::new(address);
        let id = client.transaction();
        let asked = client.unsigned(codec::ALLOCATE, id, &[]);
        client.nonce = self.exchange(client.address, &asked).nonce();
        let relayed = self.request(&mut client, codec::ALLOCATE, &[codec::udp()]).relayed()[0];
        (client, relayed, LocalSocket::Relayed(self.host.opened))
    }

    fn permit(&mut self, client: &mut Client, peer: SocketAddr) {
        // An IPv4 address is masked by the cookie alone.
        self.request(client, codec::CREATE_PERMISSION, &[codec::peer(peer, &[0; 12])]);
    }

    fn bind(&mut self, client: &mut Client, number: u16, peer: SocketAddr) {
        let wish = [codec::channel_number(number), codec::peer(peer, &[0; 12])];
        self.request(client, codec::CHANNEL_BIND, &wish);
    }

    /// Each of these is forwarded, a thousand times, and nothing is allocated.
    fn allocates_nothing_for(&mut self, from: SocketAddr, local: LocalSocket, bytes: &[u8]) {
        let mut sink = Sink::default();
        for _ in 0..200 {
            self.round(from, local, bytes, &mut sink);
        }
        let before = sink.datagrams;
        let allocations = allocations_of(|| {
            for _ in 0..1000 {
                self.round(from, local, bytes, &mut sink);
            }
        });
        assert_eq!((allocations, sink.datagrams - before), (0, 3000));
    }

    /// A train of three.
    fn round(&mut self, from: SocketAddr, local: LocalSocket, bytes: &[u8], sink: &mut Sink) {
        self.now = self.now + Duration::from_millis(5);
        let one = Datagram::single(bytes, from, local);
        self.engine.handle_batch(self.now, [one, one, one].into_iter(), sink);
    }
}

#[test]
fn nothing_is_allocated_for_what_a_client_and_its_peer_send() {
    let mut door = Door::new();
    let (mut alice, _, relayed) = door.client("127.1.2.1:4000");
    let peer: SocketAddr = "127.1.9.9:9000".parse().unwrap();
    door.permit(&mut alice, peer);
    let (payload, listen) = ([7; 160], LocalSocket::Listen(0));
    let said = alice.indication(peer, &payload, &[]);
    door.allocates_nothing_for(alice.address, listen, &said);
    door.allocates_nothing_for(peer, relayed, &payload);
    door.bind(&mut alice, 0x4000, peer);
    door.allocates_nothing_for(alice.address, listen, &codec::channel_data(0x4000, &payload));
    door.allocates_nothing_for(peer, relayed, &payload);
}

#[test]
fn nothing_is_allocated_for_what_two_allocations_send_each_other() {
    let mut door = Door::new();
    let (mut alice, at_alice, _) = door.client("127.1.2.1:4000");
    let (mut bob, at_bob, _) = door.client("127.1.2.2:4000");
    door.permit(&mut alice, at_bob);
    door.permit(&mut bob, at_alice);
    let (payload, listen) = ([7; 160], LocalSocket::Listen(0));
    let said = alice.indication(at_bob, &payload, &[]);
    door.allocates_nothing_for(alice.address, listen, &said);
    door.bind(&mut alice, 0x4001, at_bob);
    door.bind(&mut bob, 0x4002, at_alice);
    door.allocates_nothing_for(alice.address, listen, &codec::channel_data(0x4001, &payload));
    door.allocates_nothing_for(bob.address, listen, &codec::channel_data(0x4002, &payload));
}

#[test]
fn nothing_is_allocated_for_what_is_dropped() {
    let mut door = Door::new();
    let (mut alice, _, relayed) = door.client("127.1.2.1:4000");
    let stranger: SocketAddr = "127.1.9.9:9000".parse().unwrap();
    let (payload, listen) = ([7; 160], LocalSocket::Listen(0));
    let said = alice.indication(stranger, &payload, &[]);
    let channel = codec::channel_data(0x4000, &payload);
    let request = Client::new("127.1.2.9:4000").unsigned(codec::ALLOCATE, [1; 12], &[]);
    let mut sink = Sink::default();
    for (from, local, bytes) in [
        (alice.address, listen, &said[..]),
        (alice.address, listen, &channel),
        (stranger, relayed, &payload),
        (stranger, listen, &request),
    ] {
        let round = |door: &mut Door, sink: &mut Sink| door.round(from, local, bytes, sink);
        (0..200).for_each(|_| round(&mut door, &mut sink));
        let allocations = allocations_of(|| (0..1000).for_each(|_| round(&mut door, &mut sink)));
        assert_eq!(allocations, 0);
    }
}
