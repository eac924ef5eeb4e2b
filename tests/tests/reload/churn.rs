//! Reload after reload while people speak: those that stay hear everything, those that are cut
//! nothing more. `bench/src/bin/reload.rs` does the same at full size.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::lab::{Lab, drain, rtp, wait_until};

/// Every other one tightens.
const RELOADS: usize = 40;

/// Packets that must have gone by before it is believed that none goes astray.
const PACKETS_BETWEEN: u64 = 10;

#[test]
fn nothing_is_lost_on_what_stays_and_nothing_sent_to_what_is_cut() {
    let lab = Lab::start_with(|text| text + "[guard]\nwidening = \"allow\"\n");
    let mut alice = lab.latched("r", "alice", "127.1.5.1");
    let mut bob = lab.latched("r", "bob", "127.1.5.2");
    let (spoken, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let [open, tight] = [
        lab.text(),
        lab.text().replace("clients = [\"europe\", \"america\"]", "clients = [\"europe\"]"),
    ];

    thread::scope(|scope| {
        scope.spawn(|| {
            for sequence in (0..u16::MAX).cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
                alice.send(&rtp(1, sequence));
                assert_eq!(bob.expect_media(), rtp(1, sequence), "lost, or out of order");
                drain(&mut alice);
                spoken.fetch_add(1, Ordering::Relaxed);
            }
        });
        for round in 1..=RELOADS / 2 {
            let (name, ip) = (format!("american{round}"), format!("127.2.5.{round}"));
            let mut american = lab.latched("r", &name, &ip);
            lab.write(&tight);
            let cuts = lab.reload().expect("it narrows")["cuts"]["participants_total"].clone();
            assert_eq!(cuts, 1, "round {round}");
            drain(&mut american);
            let then = spoken.load(Ordering::Relaxed);
            wait_until("more was spoken", || {
                spoken.load(Ordering::Relaxed) >= then + PACKETS_BETWEEN
            });
            assert_eq!(drain(&mut american), 0, "round {round}: packets to a forbidden address");
            lab.write(&open);
            lab.reload().expect("the guard allows it");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(lab.relay.control().policy().epoch().0 as usize, 1 + RELOADS);
}
