//! Rollover counters: whoever joins late is told them, wherever the sender has been meanwhile.

use ringfence_tests::sim::guests::{name, request};
use ringfence_tests::sim::{EndpointId, Media, Setup, Simulation};

use crate::{europe, on_shard};

/// A sender whose packets are numbered without end.
struct Sender {
    endpoint: EndpointId,
    index: u64,
}

impl Sender {
    /// Sends on, in steps that real senders do not exceed, until so many packets have been sent.
    fn send_to(&mut self, sim: &mut Simulation, index: u64) {
        while self.index < index {
            let sequence = u16::try_from(self.index % 65_536).unwrap();
            sim.heard_by(self.endpoint, Media::rtp(7, sequence));
            self.index = index.min(self.index + 5_000);
        }
    }

    fn moves_to_shard(&self, sim: &mut Simulation, shard: usize) {
        let address = on_shard(sim, shard);
        sim.rebind(self.endpoint, address);
        sim.latch(self.endpoint);
    }
}

fn room() -> (Simulation, Sender) {
    let mut sim = Simulation::new(Setup::small_world(1));
    let address = on_shard(&sim, 0);
    let endpoint = sim.latched("standup", "sender", &address.to_string());
    sim.latched("standup", "listener", &europe(0));
    (sim, Sender { endpoint, index: 60_000 })
}

/// What someone who joins now is told.
fn told(sim: &mut Simulation) -> u32 {
    let late = sim.endpoint("127.1.77.7:7".parse().unwrap());
    let joined = sim.join(late, &request("standup", "late")).unwrap();
    sim.leave(&name("standup"), &name("late"));
    let [owned] = joined.ssrcs.as_slice() else { panic!("one SSRC: {:?}", joined.ssrcs) };
    assert_eq!((owned.ssrc.0, owned.participant.as_str()), (7, "sender"));
    owned.rollover_counter
}

#[test]
fn a_late_joiner_is_told_the_rollover_counter() {
    let (mut sim, mut sender) = room();
    sender.send_to(&mut sim, 65_000);
    assert_eq!(told(&mut sim), 0);
    sender.send_to(&mut sim, 3 * 65_536 + 10_000);
    assert_eq!(told(&mut sim), 3);
}

#[test]
fn the_count_goes_on_when_the_sender_moves_to_another_shard() {
    let (mut sim, mut sender) = room();
    sender.send_to(&mut sim, 2 * 65_536 + 10_000);
    sender.moves_to_shard(&mut sim, 1);
    sender.send_to(&mut sim, 5 * 65_536 + 10_000);
    assert_eq!(told(&mut sim), 5);
}

#[test]
fn the_count_goes_on_when_the_sender_comes_back_to_a_shard() {
    let (mut sim, mut sender) = room();
    sender.send_to(&mut sim, 65_000);
    sender.moves_to_shard(&mut sim, 1);
    sender.send_to(&mut sim, 3 * 65_536 + 10_000);
    sender.moves_to_shard(&mut sim, 0);
    sender.send_to(&mut sim, 6 * 65_536 + 10_000);
    assert_eq!(told(&mut sim), 6);
}

#[test]
fn the_count_goes_on_when_the_sender_was_away_and_returns_on_another_shard() {
    let (mut sim, mut sender) = room();
    sender.send_to(&mut sim, 2 * 65_536 + 10_000);
    sim.pass(std::time::Duration::from_secs(31));
    assert_eq!(sim.whereabouts("standup", "sender"), None, "consent has ended");
    sender.moves_to_shard(&mut sim, 1);
    sender.send_to(&mut sim, 4 * 65_536 + 10_000);
    assert_eq!(told(&mut sim), 4);
}

#[test]
fn the_count_goes_on_when_the_sender_left_and_joins_again_on_another_shard() {
    let (mut sim, mut sender) = room();
    sender.send_to(&mut sim, 2 * 65_536 + 10_000);
    sim.leave(&name("standup"), &name("sender"));
    sim.settle();
    sim.join(sender.endpoint, &request("standup", "sender")).unwrap();
    sim.settle();
    sender.moves_to_shard(&mut sim, 1);
    sender.send_to(&mut sim, 4 * 65_536 + 10_000);
    assert_eq!(told(&mut sim), 4);
}

/// The other shard last heard of the numbering up to half a round ago.
#[test]
fn the_count_goes_on_when_the_sender_moves_just_before_its_sequence_wraps() {
    let (mut sim, mut sender) = room();
    sender.send_to(&mut sim, 65_536 + 65_000);
    sender.moves_to_shard(&mut sim, 1);
    sender.index = 2 * 65_536 + 3_000;
    sender.send_to(&mut sim, 2 * 65_536 + 20_000);
    assert_eq!(told(&mut sim), 2);
}
