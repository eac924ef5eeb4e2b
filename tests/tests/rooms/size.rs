//! Large rooms.

use ringfence_core::JoinError;
use ringfence_tests::sim::guests::request;
use ringfence_tests::sim::{Media, Setup};

use crate::{at, room_of};

#[test]
fn a_room_of_a_thousand_hears_every_speaker_and_takes_no_one_more() {
    let (mut sim, everyone) = room_of(Setup::small_world(1), 1000);
    for &who in &everyone {
        sim.check(who);
    }
    sim.settle();
    for (speaker, ssrc) in [(0, 1), (500, 2), (999, 3)] {
        let heard = sim.heard_by(everyone[speaker], Media::rtp(ssrc, 1));
        let speaker = u16::try_from(speaker).unwrap();
        let others: Vec<_> = (0..1000).filter(|&other| other != speaker).map(at).collect();
        assert_eq!(heard.len(), 999);
        assert!(others.iter().all(|other| heard.contains(other)));
    }
    let outside = sim.endpoint("127.1.9.9:9".parse().unwrap());
    let refused = sim.join(outside, &request("standup", "one-too-many")).unwrap_err();
    assert_eq!(refused, JoinError::RoomFull);
}
