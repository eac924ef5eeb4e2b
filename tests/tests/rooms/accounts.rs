//! Every datagram ends in exactly one counted way. The simulator checks the sum after every turn of
//! every shard; here each way is taken once.

use ringfence_core::{DropReason, Fault};
use ringfence_fence::Rule;
use ringfence_tests::sim::endpoint::connectivity_check;
use ringfence_tests::sim::stun::{self, Forge};
use ringfence_tests::sim::{Media, Setup};
use ringfence_wire::datagram::LocalSocket;

use crate::{at, room_of};

#[test]
fn each_datagram_counts_once_under_the_reason_it_ended_for() {
    let (mut sim, everyone) = room_of(Setup { shards: 1, ..Setup::small_world(1) }, 3);
    let stay = sim.at(everyone[0]).stay.clone().unwrap();
    sim.heard_by(everyone[1], Media::rtp(2, 1));
    let media = Media::rtp(2, 2).packet(ringfence_tests::sim::MediaId(1), &[]);
    let check = connectivity_check(&stay, [1; 12]);
    let alien = Forge::new(stun::REQUEST, [1; 12]).attribute(stun::USERNAME, b"whoknows:x");
    let cases = [
        (at(0), vec![5, 0], DropReason::UnknownProtocol),
        (at(0), vec![0x40, 0, 0, 0], DropReason::NoDoor),
        (at(0), vec![0, 1, 0, 0], DropReason::MalformedStun),
        (at(0), Forge::new(stun::INDICATION, [1; 12]).finish(), DropReason::UnexpectedStun),
        (at(0), alien.finish(), DropReason::UnknownUsername),
        (at(9), media.clone(), DropReason::NotLatched),
        (at(0), vec![0x80, 96, 0], DropReason::MalformedMedia),
        (at(0), media, DropReason::SsrcOfAnother),
        (at(0), vec![22, 254, 253], DropReason::HandshakeNeedsTwo),
        (at(1), check.clone(), DropReason::AddressTaken),
        ("127.3.1.1:1".parse().unwrap(), check, DropReason::Refused),
    ];
    for (from, bytes, reason) in cases {
        let before: Vec<u64> = DropReason::ALL.iter().map(|one| sim.drops(*one)).collect();
        sim.send(from, LocalSocket::Listen(0), bytes);
        sim.settle();
        for (one, before) in DropReason::ALL.iter().zip(before) {
            assert_eq!(
                sim.drops(*one),
                before + u64::from(*one == reason),
                "{one:?} of {reason:?}"
            );
        }
    }
    assert_eq!(sim.refusals(Rule::RegionNotInClients), 1);
}

#[test]
fn a_datagram_that_many_hear_is_forwarded_once_and_copied_often() {
    let (mut sim, everyone) = room_of(Setup { shards: 1, ..Setup::small_world(2) }, 5);
    sim.heard_by(everyone[0], Media::rtp(1, 1));
    let (before, _) = sim.relay().counters().next().unwrap();
    let before = *before;
    sim.heard_by(everyone[0], Media::rtp(1, 2));
    let bytes = sim.at(everyone[1]).inbox[1].bytes.len() as u64;
    let (after, _) = sim.relay().counters().next().unwrap();
    assert_eq!((after.received - before.received, after.forwarded - before.forwarded), (1, 1));
    assert_eq!(after.copies - before.copies, 4);
    assert_eq!(after.copied_bytes - before.copied_bytes, 4 * bytes);
    assert_eq!(after.received_bytes - before.received_bytes, bytes);
}

#[test]
fn an_empty_datagram_counts_too() {
    let (mut sim, _) = room_of(Setup { shards: 1, ..Setup::small_world(3) }, 1);
    let before = sim.relay().counters().next().unwrap().0.received;
    sim.send(at(0), LocalSocket::Listen(0), Vec::new());
    sim.settle();
    assert_eq!(sim.relay().counters().next().unwrap().0.received, before + 1);
    assert_eq!(sim.drops(DropReason::UnknownProtocol), 1);
}

#[test]
fn reasons_have_names_of_their_own_and_somebody_s_fault() {
    let codes: std::collections::BTreeSet<_> =
        DropReason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), DropReason::ALL.len());
    assert_eq!(DropReason::Refused.fault(), Fault::Policy);
    assert_eq!(DropReason::ParkingFull.fault(), Fault::Relay);
    assert_eq!(DropReason::NotLatched.fault(), Fault::Sender);
}
