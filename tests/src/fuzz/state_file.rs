//! What outlives a relay: any bytes are read as what they say or refused, what was read can be written
//! again, and what comes back of it moves nothing that the policy in force does not admit.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ringfence::continuity::{FORMAT, NonceSecret, State, decode, encode};
use ringfence_core::{
    AllocationId, AllocationState, ChannelState, Command, IdentityState, Instant, KeyState, Limits,
    ReservationState, Restored, RoomsState, RouteState, Seat, ShardId, TurnCommand, TurnState,
};
use ringfence_core::{Registry, RegistrySetup, RelayPorts, Seed};
use ringfence_fence::{Epoch, Policy, PolicyDraft, Role};
use sha2::{Digest, Sha256};

use crate::fence_oracle::Oracle;
use crate::sim::addresses;
use crate::sim::dice::Dice;
use crate::sim::guests::request;
use crate::turn_world::turn_world;

const MARK: &[u8] = b"RINGFNCE";
const HEAD_BYTES: usize = 8 + 4 + 32;

/// When the next relay begins.
const NOW: Duration = Duration::from_secs(600);

/// Of the relay that was and the one that is.
const SHARDS: u16 = 2;

/// Bytes as they came, bytes that claim to be whole, or a state of the relay with changes in it.
pub(super) fn run(bytes: &[u8]) {
    let mut dice = Dice::told(bytes);
    match dice.below(8) {
        0 => received(&dice.take_told()),
        1 => received(&whole(&dice.take_told())),
        _ => written(&mut dice),
    }
}

fn received(bytes: &[u8]) {
    let Ok(state) = decode(bytes) else { return };
    let (head, body) = bytes.split_at(HEAD_BYTES);
    let digest = Sha256::digest(body);
    assert_eq!(head, [MARK, &FORMAT.to_be_bytes(), &digest[..]].concat());
    assert_eq!(decode(&encode(&state)).as_ref(), Ok(&state));
    NEXT.with(|next| next.iter().for_each(|next| next.takes_over(&state)));
}

fn written(dice: &mut Dice) {
    let state = state(dice);
    let good = encode(&state);
    assert_eq!(decode(&good).as_ref(), Ok(&state));
    let mut spoilt = good.to_vec();
    let at = dice.below(spoilt.len());
    spoilt[at] ^= 1 << dice.below(8);
    assert!(decode(&spoilt).is_err(), "a changed bit of byte {at} is not noticed");
    let mut body = good[HEAD_BYTES..].to_vec();
    for _ in 0..dice.below(4) {
        let at = dice.below(body.len());
        body[at] = dice.bytes::<1>()[0];
    }
    received(&whole(&body));
}

/// With a head that is right.
fn whole(body: &[u8]) -> Vec<u8> {
    [MARK, &FORMAT.to_be_bytes(), &Sha256::digest(body)[..], body].concat()
}

thread_local! {
    /// Under the policy that was in force, and under one that lets nobody in from europe.
    static NEXT: [Next; 2] = {
        let mut tighter = turn_world();
        tighter.fences[0].clients.value.clear();
        [turn_world(), tighter].map(|draft| Next::new(&draft))
    };
}

/// The relay that takes over.
struct Next {
    policy: Arc<Policy>,
    oracle: Oracle,
}

impl Next {
    fn new(draft: &PolicyDraft) -> Self {
        let policy = Policy::compile(draft, Epoch(1)).expect("a policy");
        Self { policy: Arc::new(policy), oracle: Oracle::new(draft) }
    }

    fn takes_over(&self, state: &State) {
        let (mut first, came) = self.restored(state);
        self.admits_what_flows(&mut first);
        let again = State { rooms: first.rooms_state(), turn: first.turn_state(), ..state.clone() };
        let again = decode(&encode(&again)).expect("what is written is read");
        let (second, came_again) = self.restored(&again);
        assert_eq!(second.rooms_state(), again.rooms, "what came back does not come back again");
        assert_eq!(came_again.rooms_gone + came_again.allocations_gone, 0, "{came_again:?}");
        assert_eq!(came_again.allocations, came.allocations);
    }

    /// A registry that has it, with its books in order.
    fn restored(&self, state: &State) -> (Registry, Restored) {
        let mut registry = registry(&self.policy);
        let ports = registry.ports().free;
        let mut came = registry.restore_rooms(now(), &state.rooms);
        registry.restore_turn(now(), &state.turn, &mut came);
        let after = registry.ports();
        assert_eq!(after.free + after.used + after.reserved, ports, "ports are not conserved");
        let mut there = 0;
        for room in registry.rooms() {
            there += registry.participants(&room.room).count();
        }
        assert_eq!((registry.rooms().count(), there), (came.rooms, came.participants), "{came:?}");
        assert!(came.routed + came.unrouted <= there, "{came:?}");
        assert_eq!(registry.allocations().count(), came.allocations);
        (registry, came)
    }

    /// Of all that its shards are told, an independent fence admits each address.
    fn admits_what_flows(&self, registry: &mut Registry) {
        let mut fences = BTreeMap::new();
        let admits = |fence: &str, address| self.oracle.admits(Role::Client, fence, address);
        while let Some((_, command)) = registry.poll_command() {
            match command {
                Command::Admit(who) => {
                    drop(fences.insert(who.participant, who.terms.fence.clone()));
                }
                Command::Route(route) => {
                    let fence = &fences[&route.participant];
                    assert!(admits(fence, route.pass.addr()), "{fence} does not admit {route:?}");
                }
                Command::Turn(TurnCommand::Restored(one)) => {
                    assert!(admits(&one.fence, one.client), "not to be admitted: {one:?}");
                }
                _ => {}
            }
        }
    }
}

fn now() -> Instant {
    Instant::from_start(NOW)
}

fn registry(policy: &Arc<Policy>) -> Registry {
    Registry::new(RegistrySetup {
        shards: SHARDS,
        limits: Limits::default(),
        quotas: BTreeMap::new(),
        policy: Arc::clone(policy),
        relay_ports: RelayPorts { addresses: vec![[127, 1, 0, 1].into()], ports: 50_000..=50_007 },
        seed: Seed::from([7; 32]),
    })
}

/// A few rooms and allocations, in places that a fence may not like.
fn state(dice: &mut Dice) -> State {
    State {
        clock_origin: Duration::from_secs(dice.number() >> 32),
        shards: SHARDS,
        listen: Vec::new(),
        nonce_secret: NonceSecret([9; 32]),
        rooms: rooms(dice),
        turn: TurnState {
            begun: vec![(ShardId(0), 9), (ShardId(1), 9)],
            allocations: (0..dice.below(4)).map(|_| allocation(dice)).collect(),
            reservations: (0..dice.below(3)).map(|_| reservation(dice)).collect(),
        },
    }
}

fn rooms(dice: &mut Dice) -> RoomsState {
    let mut registry = NEXT.with(|next| registry(&next[0].policy));
    for _ in 0..dice.below(5) {
        let room = *dice.pick(&["standup", "board"]);
        let who = *dice.pick(&["alice", "bob", "carol", "dave"]);
        let _ = registry.join(Instant::START, &request(room, who));
    }
    let mut rooms = registry.rooms_state();
    for who in rooms.rooms.iter_mut().flat_map(|room| &mut room.participants) {
        if dice.percent(75) {
            let shard = ShardId(u16::try_from(dice.below(3)).expect("small"));
            who.route = Some(RouteState { address: client(dice), listen: 0, shard });
        }
        who.expires = moment(dice);
        if dice.percent(10) {
            who.seat = Seat::new(dice.below(3)).expect("small");
        }
    }
    if dice.percent(5) {
        rooms.last_id = dice.number();
    }
    rooms
}

fn allocation(dice: &mut Dice) -> AllocationState {
    let number = dice.number() % 12;
    let identity = IdentityState {
        username: b"1800000000:acme/standup/alice".to_vec(),
        tenant: (*dice.pick(&["acme", "nato", "nobody"])).to_owned(),
        meeting: Some("standup".to_owned()),
        party: "alice".to_owned(),
        fence: None,
        group: None,
        key: KeyState([3; 16]),
    };
    AllocationState {
        id: AllocationId { shard: ShardId(u16::try_from(dice.below(3)).expect("small")), number },
        client: client(dice),
        listen: 0,
        relayed: (0..dice.below(3)).map(|_| relayed(dice)).collect(),
        fence: (*dice.pick(&["eu-only", "not-china", "eu-to-us"])).to_owned(),
        identity,
        asked: [1; 12],
        expires: moment(dice),
        lifetime_s: 600,
        token: None,
        missing: None,
        permissions: vec![(client(dice).ip(), moment(dice))],
        invited: (0..dice.below(2)).map(|_| (relayed(dice), guest(dice), moment(dice))).collect(),
        channels: (0..dice.below(3)).map(|_| channel(dice)).collect(),
    }
}

fn channel(dice: &mut Dice) -> ChannelState {
    ChannelState {
        number: 0x4000 + u16::try_from(dice.below(2)).expect("small"),
        peer: if dice.percent(50) { relayed(dice) } else { client(dice) },
        inside: dice.percent(50).then(|| guest(dice)),
        expires: moment(dice),
    }
}

fn guest(dice: &mut Dice) -> AllocationId {
    AllocationId { shard: ShardId(0), number: dice.number() % 12 }
}

fn reservation(dice: &mut Dice) -> ReservationState {
    ReservationState {
        token: dice.number(),
        address: relayed(dice),
        tenant: "acme".to_owned(),
        meeting: None,
        party: "alice".to_owned(),
        until: moment(dice),
    }
}

/// Some of them are free, one is not the relay's.
fn relayed(dice: &mut Dice) -> SocketAddr {
    ([127, 1, 0, 1], 50_000 + u16::try_from(dice.below(9)).expect("small")).into()
}

fn client(dice: &mut Dice) -> SocketAddr {
    match dice.percent(50) {
        true => ([127, 1, 2, 1 + dice.bytes::<1>()[0] % 4], 4000).into(),
        // Without a zone, which no address that is admitted has, and no state keeps.
        false => {
            let address = addresses::random(dice);
            SocketAddr::new(address.ip(), address.port())
        }
    }
}

/// Before or after the next relay begins.
fn moment(dice: &mut Dice) -> Instant {
    Instant::from_start(Duration::from_secs(*dice.pick(&[1, 599, 600, 601, 700, 4_000])))
}
