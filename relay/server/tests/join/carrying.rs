//! What goes in on one side comes out on the other, at its port, with every bit as it was.

use crate::lab::{Application, Lab, hear, mouth, rtcp, rtp};

#[test]
fn media_arrives_bit_exact_each_sender_at_its_own_port() {
    let lab = Lab::new();
    let (here, there) = (Application::new(), Application::new());
    let (first, reports, second) = (there.ear(0), there.ear(1), there.ear(2));
    let alice = lab.join("alice", "127.1.0.11", &here, &[]);
    let bob = lab.join("bob", "127.1.0.12", &there, &[]);
    alice.wait_for("latched");
    bob.wait_for("latched");
    let mouth = mouth();
    for sequence in 65_500..=u16::MAX {
        let (sound, picture) = (rtp(77, sequence, 80), rtp(5, sequence, 1188));
        here.say(&mouth, 0, &sound);
        assert_eq!(hear(&first), sound);
        here.say(&mouth, 0, &picture);
        assert_eq!(hear(&second), picture);
    }
    here.say(&mouth, 1, &rtcp(77));
    assert_eq!(hear(&reports), rtcp(77));
    for (ssrc, port) in [(77, there.deliver.port()), (5, there.deliver.port() + 2)] {
        let mapped = bob.wait_for("mapped");
        assert_eq!((&mapped["ssrc"], &mapped["rtcp_port"]), (&ssrc.into(), &(port + 1).into()));
    }
}

#[test]
fn both_sides_speak_and_a_muxed_stream_goes_to_its_fixed_port() {
    let lab = Lab::new();
    let (here, there) = (Application::new(), Application::new());
    let fixed = there.deliver.port() + 10;
    let (ear_there, ear_here) = (there.ear(10), here.ear(0));
    let alice = lab.join("alice", "127.1.0.11", &here, &[]);
    let more = ["--rtcp-mux", "--ssrc", &format!("0x4d={fixed}")];
    let bob = lab.join("bob", "127.1.0.12", &there, &more);
    alice.wait_for("latched");
    bob.wait_for("latched");
    let mouth = mouth();
    for packet in [rtp(77, 1, 30), rtcp(77)] {
        here.say(&mouth, 0, &packet);
        assert_eq!(hear(&ear_there), packet);
    }
    there.say(&mouth, 0, &rtp(9, 1, 30));
    assert_eq!(hear(&ear_here), rtp(9, 1, 30));
}

#[test]
fn what_is_no_media_stays_on_this_side_and_sigterm_gives_the_place_back() {
    let lab = Lab::new();
    let (here, there) = (Application::new(), Application::new());
    let ear = there.ear(0);
    let alice = lab.join("alice", "127.1.0.11", &here, &[]);
    let bob = lab.join("bob", "127.1.0.12", &there, &[]);
    alice.wait_for("latched");
    bob.wait_for("latched");
    let mouth = mouth();
    let strange = [vec![0; 40], vec![22; 40], vec![0x40; 40], vec![], vec![0xff; 9]];
    for packet in &strange {
        here.say(&mouth, 0, packet);
    }
    here.say(&mouth, 0, &rtp(1, 1, 20));
    assert_eq!(hear(&ear), rtp(1, 1, 20));
    assert_eq!(lab.participants(), ["alice", "bob"]);
    let (code, left) = alice.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(left["dropped"]["not_media"], strange.len());
    assert_eq!(left["sent"]["packets"], 1);
    assert_eq!(lab.participants(), ["bob"]);
    let (_, left) = bob.terminate();
    assert_eq!((&left["received"]["packets"], &left["received"]["bytes"]), (&1.into(), &32.into()));
    assert!(lab.participants().is_empty());
}

#[test]
fn ready_credentials_do_without_the_api() {
    let lab = Lab::new();
    let (here, there) = (Application::new(), Application::new());
    let ear = there.ear(0);
    let alice = lab.join_ready("alice", "127.1.0.11", &here);
    let bob = lab.join("bob", "127.1.0.12", &there, &[]);
    alice.wait_for("latched");
    bob.wait_for("latched");
    here.say(&mouth(), 0, &rtp(1, 1, 20));
    assert_eq!(hear(&ear), rtp(1, 1, 20));
}
