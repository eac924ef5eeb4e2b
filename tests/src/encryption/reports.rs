//! RTCP as a sender of one stream makes it (RFC 3550 section 6): ffmpeg sends too few reports to
//! judge, and only its own.

use super::Packet;
use crate::sim::dice::Dice;

/// Compound packets: a sender report with one reception block, and a source description.
pub fn reports(count: u32, dice: &mut Dice) -> Vec<Packet> {
    let (ssrc, other) = (dice.word(), dice.word());
    let mut timestamp = dice.word();
    let mut sequence = dice.word() & 0xffff;
    let name = format!("{:016x}@example.org", dice.number());
    let report = |number: u32| {
        timestamp = timestamp.wrapping_add(90_000 * 5);
        sequence += 1000 + dice.word() % 500;
        let seconds = 3_900_000_000 + 5 * number;
        let words = [
            0x81c8_000c,
            ssrc,
            seconds,
            dice.word(),
            timestamp,
            number * 1300,
            number * 900_000,
            other,
            (dice.word() % 3) << 24,
            sequence,
            dice.word() % 900,
            seconds << 16,
            dice.word() % 65_536,
        ];
        let words = words.iter().flat_map(|word| word.to_be_bytes());
        words.chain(description(ssrc, &name)).collect()
    };
    (0..count).map(report).collect()
}

/// SDES with a CNAME (RFC 3550 section 6.5).
fn description(ssrc: u32, name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).expect("a short name");
    let mut chunk = [&ssrc.to_be_bytes()[..], &[1, length], name.as_bytes(), &[0]].concat();
    chunk.resize(chunk.len().next_multiple_of(4), 0);
    let words = u8::try_from(chunk.len() / 4).expect("a short chunk");
    [&[0x81, 202, 0, words][..], &chunk].concat()
}
