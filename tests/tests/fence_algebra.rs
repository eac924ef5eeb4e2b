//! `plan`, `prove` and `select` agree with what is found by looking at every address and every state.

use ringfence_tests::fence_algebra::case;

const CASES: u64 = 100_000;

#[test]
fn the_algebra_of_fences_agrees_with_looking_at_everything() {
    let met = case::run_all(0..CASES).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(met.cases, CASES);
    for often in [met.widening, met.narrowing, met.behind_nat64, met.proved, met.broken] {
        assert!(often > CASES / 50, "the cases look where it matters: {met:?}");
    }
}
