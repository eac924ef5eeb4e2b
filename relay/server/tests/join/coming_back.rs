//! After the relay has gone and come back, so do its sidecars.

use std::time::Instant;

use crate::lab::{Application, Lab, PATIENCE, hear, mouth, rtp};

#[test]
fn sidecars_come_back_after_the_relay_was_restarted() {
    let mut lab = Lab::new();
    let (here, there) = (Application::new(), Application::new());
    let ear = there.ear(0);
    let alice = lab.join("alice", "127.1.0.11", &here, &[]);
    let bob =
        lab.join("bob", "127.1.0.12", &there, &["--ssrc", &format!("7={}", there.deliver.port())]);
    alice.wait_for("latched");
    bob.wait_for("latched");
    let mouth = mouth();
    here.say(&mouth, 0, &rtp(7, 1, 20));
    assert_eq!(hear(&ear), rtp(7, 1, 20));

    lab.stop_relay();
    // Each learns that nobody listens from what it sends, and then tries in vain.
    let begun = Instant::now();
    while !(alice.said("retrying") && bob.said("retrying")) {
        here.say(&mouth, 0, &rtp(7, 2, 20));
        there.say(&mouth, 0, &rtp(8, 2, 20));
        assert!(begun.elapsed() < PATIENCE, "neither missed the relay");
        std::thread::yield_now();
    }

    lab.start_relay();
    alice.wait_for("latched");
    bob.wait_for("latched");
    here.say(&mouth, 0, &rtp(7, 3, 20));
    assert_eq!(hear(&ear), rtp(7, 3, 20));
}
