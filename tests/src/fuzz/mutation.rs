//! What a fuzzer without eyes makes of inputs that others found: the same for the same seed.

use crate::sim::dice::Dice;

/// Changes to one input.
const CHANGES_MAX: usize = 4;

/// A variation on one of these inputs, or something new where there are none; at most `bytes_max` long.
pub fn mutated(inputs: &[Vec<u8>], bytes_max: usize, seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut bytes = match dice.percent(90) {
        true => dice.pick_from(inputs.iter()).cloned().unwrap_or_default(),
        false => Vec::new(),
    };
    for _ in 0..=dice.below(CHANGES_MAX) {
        change(&mut bytes, inputs, bytes_max, &mut dice);
    }
    bytes.truncate(bytes_max);
    bytes
}

fn change(bytes: &mut Vec<u8>, inputs: &[Vec<u8>], bytes_max: usize, dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(8) {
        0 | 1 => replace(bytes, at, dice),
        2 => flip(bytes, at, dice),
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..end(bytes, at, dice))),
        5 => {
            let again = bytes[at..end(bytes, at, dice)].to_vec();
            bytes.splice(at..at, again);
        }
        6 => {
            let other = dice.pick_from(inputs.iter()).cloned().unwrap_or_default();
            let from = dice.below(other.len() + 1);
            bytes.splice(at.., other[from..].iter().copied());
        }
        _ => {
            let count = dice.below(bytes_max.min(64)) + 1;
            bytes.splice(at..at, dice.some_bytes(count));
        }
    }
}

fn replace(bytes: &mut [u8], at: usize, dice: &mut Dice) {
    const TELLING: [u8; 8] = [0, 1, 4, 0x20, 0x40, 0x7f, 0x80, 0xff];
    if let Some(byte) = bytes.get_mut(at) {
        *byte = if dice.percent(30) { *dice.pick(&TELLING) } else { dice.bytes::<1>()[0] };
    }
}

fn flip(bytes: &mut [u8], at: usize, dice: &mut Dice) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
}

/// The end of a stretch that begins there.
fn end(bytes: &[u8], at: usize, dice: &mut Dice) -> usize {
    at + dice.below((bytes.len() - at).min(32) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_what_is_made_of_the_inputs_and_it_is_never_too_long() {
        let inputs = [b"first input".to_vec(), vec![0xA5; 90]];
        let all: Vec<_> = (0..500).map(|seed| mutated(&inputs, 100, seed)).collect();
        let again: Vec<_> = (0..500).map(|seed| mutated(&inputs, 100, seed)).collect();
        assert_eq!(all, again);
        assert!(all.iter().all(|bytes| bytes.len() <= 100));
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert!(distinct.len() > 300, "{}", distinct.len());
        assert!(all.iter().any(|bytes| bytes.starts_with(b"first")));
        assert!(mutated(&[], 100, 1).len() <= 100);
    }
}
