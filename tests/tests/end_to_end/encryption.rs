//! From the sockets through samples and scrutiny to the end of a stay.

use std::path::Path;
use std::time::{Duration, Instant};

use ringfence::config;
use ringfence::relay::{Control, Relay};
use ringfence_core::Name;
use ringfence_tests::encryption::disguise::Disguise;
use ringfence_tests::sim::dice::Dice;
use ringfence_tests::sim::{Media, MediaId};

use crate::party::{Party, config_text, free_address};

const PATIENCE: Duration = Duration::from_secs(30);

/// A relay whose fence wants encryption.
fn start_relay() -> Relay {
    let fence = "[fences.eu-only]\n";
    let text = config_text(free_address("127.1.0.1"), Path::new("unused.sock"), 2);
    let text = text.replace(fence, &format!("{fence}require_encryption = true\n"));
    let loaded = config::parse("test", &text, Path::new("/"), []).expect("the text is right");
    Relay::start(loaded, ()).expect("the address is free")
}

/// Opus-like packets: a constant first byte, the rest at random.
fn plain(ssrc: u32, sequence: u16, dice: &mut Dice) -> Vec<u8> {
    let payload: [u8; 60] = dice.bytes();
    Media::rtp(ssrc, sequence).packet(MediaId(0), &[&[0x78][..], &payload].concat())
}

fn is_there(control: &Control, who: &str) -> bool {
    let who = Name::new(who).unwrap();
    let everyone = control.participants(&Name::new("standup").unwrap());
    everyone.iter().any(|view| view.participant == who)
}

#[test]
fn who_sends_plain_media_is_gone_and_who_encrypts_the_same_stays() {
    let relay = start_relay();
    let control = relay.control();
    let join = |name, ip| Party::join(control, "standup", name, ip);
    let (mut alice, mut bob) = (join("alice", "127.1.7.1"), join("bob", "127.1.7.2"));
    alice.latch();
    bob.latch();
    let mut dice = Dice::new(1);
    let same: Vec<_> = (0..u16::MAX).map(|number| plain(2, number, &mut dice)).collect();
    let mut encrypted = Disguise::SrtpCounterMode.put_on(&same, &mut dice).into_iter();
    let started = Instant::now();
    for sequence in 0.. {
        assert!(started.elapsed() < PATIENCE, "alice is still there");
        alice.send(&plain(1, sequence, &mut dice));
        bob.send(&encrypted.next().expect("more packets than it takes"));
        bob.receive();
        if !is_there(control, "alice") {
            break;
        }
    }
    assert!(is_there(control, "bob"));
    assert_eq!(control.unencrypted_flows().plain, 1);
}
