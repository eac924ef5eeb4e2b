//! Everything at once on a small relay: `turn_world::storm` has what it consists of, and
//! `turn-storms` runs as many as one likes.

use ringfence_tests::turn_world::storm;

#[test]
fn nothing_is_lost_in_a_storm() {
    for seed in 0..12 {
        let came = storm::weather(seed, 30);
        assert!(came.most > 5 && came.operations > 1_000, "{came:?}");
    }
}
