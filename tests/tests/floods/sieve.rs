//! More of strangers in the queue than the relay reads in a turn: the kernel keeps them out until it is
//! calm.

use ringfence_tests::turn::{inside, run, wait_until};

use crate::lab::Lab;
use crate::spoof::Flood;

/// Half of what the queue holds.
const WAITING: u32 = 5_000;

/// Media of nobody.
const MEDIA: [u8; 172] = [0x80; 172];

#[test]
fn a_queue_full_of_strangers_brings_a_sieve_which_goes_when_it_is_calm() {
    inside("sieve::a_queue_full_of_strangers_brings_a_sieve_which_goes_when_it_is_calm", || {
        let lab = Lab::start();
        let process = lab.server.process.id();
        let sieves = || lab.count("ringfence_shard_sieves_total", "");
        let withheld = || lab.ratio("ringfence_shard_strangers_withheld_ratio");
        assert_eq!(sieves(), 0);
        // Nothing is read meanwhile.
        run(&format!("kill -STOP {process}"));
        Flood::new(lab.server.address, &MEDIA, 1).send(WAITING);
        run(&format!("kill -CONT {process}"));
        wait_until("there is a sieve", || sieves() > 0);
        wait_until("it is gone", || withheld() <= 0.0);
        assert_eq!(sieves(), 1);
    });
}
