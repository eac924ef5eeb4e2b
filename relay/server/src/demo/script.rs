//! What each participant says and when: an audio-like stream of 50 packets a second and a
//! video-like one of 30 frames a second, each frame a burst. Written in full before the curtain
//! rises, so that nothing but sending happens at the intended times.

use std::time::Duration;

use ringfence_wire::rtp::Ssrc;

use super::cast::Character;

/// 20 ms of sound a packet (RFC 7587 section 4.2: clock of 48 kHz).
const AUDIO_PER_S: u32 = 50;
const AUDIO_TICKS: u32 = 960;
const AUDIO_PAYLOAD_BYTES: usize = 80;
const AUDIO_TYPE: u8 = 111;

/// 30 frames a second (RFC 3551 section 5: clock of 90 kHz).
const FRAMES_PER_S: u32 = 30;
const FRAME_TICKS: u32 = 3000;
const FRAME_PAYLOAD_BYTES: usize = 1000;
const FRAME_PACKETS: u32 = 4;
const VIDEO_TYPE: u8 = 96;

/// A whole picture once a second.
const KEY_FRAME_EVERY: u32 = 30;
const KEY_FRAME_PACKETS: u32 = 12;

/// Cameras are not in step: two key frames that meet measure the receiver's socket buffer.
const STAGGER: Duration = Duration::from_millis(7);

const HEADER_BYTES: usize = 12;
const STAMP_BYTES: usize = 8;

/// One plain RTP packet and when it is to leave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Since the start.
    pub(super) due: Duration,
    pub(super) rtp: Vec<u8>,
}

/// All lines of one participant, in the order of their times.
pub(super) fn script(character: &Character, number: u32, length: Duration) -> Vec<Line> {
    let [audio, video] = character.streams;
    let offset = STAGGER * number;
    let mut lines = sound(audio, offset, length);
    lines.extend(pictures(video, offset, length));
    lines.sort_by_key(|line| line.due);
    lines
}

/// The intended time of sending that a plain packet carries, if it is one of a script, whole and
/// unchanged in every bit.
pub(super) fn intended(rtp: &[u8]) -> Option<Duration> {
    let (header, payload) = rtp.split_at_checked(HEADER_BYTES)?;
    let (stamp, noise) = payload.split_at_checked(STAMP_BYTES)?;
    let stamp = u64::from_be_bytes(stamp.try_into().ok()?);
    let genuine = noise.iter().copied().eq(noise_of(header, noise.len()));
    genuine.then(|| Duration::from_nanos(stamp))
}

fn sound(ssrc: Ssrc, offset: Duration, length: Duration) -> Vec<Line> {
    let packets = times(offset, AUDIO_PER_S, length).zip(0..);
    let line = |(due, number): (Duration, u32)| {
        let header = header(AUDIO_TYPE, number, number * AUDIO_TICKS, ssrc);
        line(due, header, AUDIO_PAYLOAD_BYTES)
    };
    packets.map(line).collect()
}

fn pictures(ssrc: Ssrc, offset: Duration, length: Duration) -> Vec<Line> {
    let mut lines = Vec::new();
    for (due, frame) in times(offset, FRAMES_PER_S, length).zip(0..) {
        let packets = match frame % KEY_FRAME_EVERY {
            0 => KEY_FRAME_PACKETS,
            _ => FRAME_PACKETS,
        };
        for packet in 1..=packets {
            let marker = u8::from(packet == packets) << 7;
            let number = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            let header = header(VIDEO_TYPE | marker, number, frame * FRAME_TICKS, ssrc);
            lines.push(line(due, header, FRAME_PAYLOAD_BYTES));
        }
    }
    lines
}

fn times(offset: Duration, per_s: u32, length: Duration) -> impl Iterator<Item = Duration> {
    let at = move |number| offset + Duration::from_secs(number) / per_s;
    (0..).map(at).take_while(move |due| *due < length)
}

/// A fixed header (RFC 3550 section 5.1). Sequence numbers start in the upper half, so that a long
/// run crosses 2^16.
fn header(kind: u8, number: u32, timestamp: u32, ssrc: Ssrc) -> [u8; HEADER_BYTES] {
    let [_, _, q0, q1] = (number + 65_000).to_be_bytes();
    let [t0, t1, t2, t3] = timestamp.to_be_bytes();
    let [s0, s1, s2, s3] = ssrc.0.to_be_bytes();
    [0x80, kind, q0, q1, t0, t1, t2, t3, s0, s1, s2, s3]
}

fn line(due: Duration, header: [u8; HEADER_BYTES], payload_bytes: usize) -> Line {
    let stamp = u64::try_from(due.as_nanos()).unwrap_or(u64::MAX);
    let mut rtp = header.to_vec();
    rtp.extend(stamp.to_be_bytes());
    rtp.extend(noise_of(&header, payload_bytes - STAMP_BYTES));
    Line { due, rtp }
}

/// Bytes that differ from packet to packet and can be told again from the header alone (xorshift64).
fn noise_of(header: &[u8], bytes: usize) -> impl Iterator<Item = u8> + use<> {
    let seed = header.iter().fold(0xcbf2_9ce4_8422_2325_u64, |seed, &byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let next = |state: &u64| {
        let state = state ^ (state << 13);
        let state = state ^ (state >> 7);
        Some(state ^ (state << 17))
    };
    std::iter::successors(Some(seed | 1), next).map(|state| state.to_be_bytes()[0]).take(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::cast::CAST;
    use super::*;

    #[test]
    fn a_script_has_both_streams_at_their_pace() {
        let lines = script(&CAST[0], 0, Duration::from_secs(2));
        let audio = lines.iter().filter(|line| line.rtp[1] == AUDIO_TYPE).count();
        assert_eq!(audio, 100);
        assert_eq!(lines.len() - audio, 2 * (29 * 4 + 12));
        assert!(lines.is_sorted_by_key(|line| line.due));
    }

    #[test]
    fn a_packet_gives_its_time_back_only_if_no_bit_changed() {
        let lines = script(&CAST[1], 1, Duration::from_millis(100));
        for line in lines {
            assert_eq!(intended(&line.rtp), Some(line.due));
            for at in (0..HEADER_BYTES).chain([HEADER_BYTES + STAMP_BYTES, line.rtp.len() - 1]) {
                let mut altered = line.rtp.clone();
                altered[at] ^= 1;
                assert_eq!(intended(&altered), None, "byte {at}");
            }
        }
    }
}
