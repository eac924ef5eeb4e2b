//! How large packets are, and how many leave together.

use std::fmt;
use std::str::FromStr;

use anyhow::Context;
use serde::Serialize;

/// Sizes of packets, RTP header included.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mix {
    /// All the same.
    Bytes(usize),
    /// Speech: 100 to 172 bytes, up and down.
    Opus,
    /// Pictures: frames of full packets, the last of each shorter; now and then a large one.
    Video,
}

/// What leaves at once, and what next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Shape {
    /// Sizes.
    pub mix: Mix,
    /// Packets of one lane that leave together; video has its frames instead.
    pub burst: u16,
}

/// Packets of one lane that leave together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Turn {
    pub(super) packets: u64,
    /// Of all but the last.
    pub(super) packet_bytes: usize,
    pub(super) last_bytes: usize,
}

const OPUS_BYTES: [usize; 8] = [100, 120, 141, 165, 172, 158, 133, 111];

const VIDEO_BYTES: usize = 1200;

/// Packets of each frame of a second: one that stands alone, then those that build on it.
const VIDEO_FRAMES: [u64; 30] =
    [16, 3, 2, 4, 3, 3, 2, 5, 3, 4, 2, 3, 3, 6, 2, 3, 4, 3, 2, 3, 5, 3, 2, 4, 3, 3, 2, 3, 4, 3];

impl Shape {
    /// One packet after the other.
    pub fn single(bytes: usize) -> Self {
        Self { mix: Mix::Bytes(bytes), burst: 1 }
    }

    /// So many of the same size together.
    pub fn burst(bytes: usize, packets: u16) -> Self {
        Self { mix: Mix::Bytes(bytes), burst: packets }
    }

    /// What each lane sends, over and over.
    pub(super) fn cycle(&self) -> Vec<Turn> {
        let packets = u64::from(self.burst.max(1));
        let even = |bytes| Turn { packets, packet_bytes: bytes, last_bytes: bytes };
        match self.mix {
            Mix::Bytes(bytes) => vec![even(bytes)],
            Mix::Opus => OPUS_BYTES.into_iter().map(even).collect(),
            Mix::Video => VIDEO_FRAMES.into_iter().map(frame).collect(),
        }
    }
}

fn frame(packets: u64) -> Turn {
    // Anything between a fifth of a packet and all of it.
    let last_bytes = 240 + usize::try_from(packets * 397 % 960).unwrap_or(0);
    Turn { packets, packet_bytes: VIDEO_BYTES, last_bytes }
}

impl Turn {
    pub(super) fn bytes_total(&self) -> usize {
        let before = usize::try_from(self.packets - 1).unwrap_or(0);
        before * self.packet_bytes + self.last_bytes
    }
}

impl FromStr for Mix {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "opus" => Ok(Self::Opus),
            "video" => Ok(Self::Video),
            number => {
                let bytes =
                    number.parse().with_context(|| format!("{number}: a length or a name"))?;
                let fits = (BYTES_MIN..=BYTES_MAX).contains(&bytes);
                anyhow::ensure!(fits, "{bytes}: packets have {BYTES_MIN} to {BYTES_MAX} bytes");
                Ok(Self::Bytes(bytes))
            }
        }
    }
}

/// An RTP header and what SRTP adds.
const BYTES_MIN: usize = 32;

/// What fits into the receive buffers behind a ChannelData header.
const BYTES_MAX: usize = 2000;

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::Opus => f.write_str("opus"),
            Self::Video => f.write_str("video"),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.mix, self.burst) {
            (Mix::Video, _) => f.write_str("video"),
            (mix, ..=1) => write!(f, "single, {mix}"),
            (mix, packets) => write!(f, "bursts of {packets}, {mix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixes_are_lengths_or_names() {
        assert_eq!("172".parse::<Mix>().unwrap(), Mix::Bytes(172));
        assert_eq!("video".parse::<Mix>().unwrap(), Mix::Video);
        for wrong in ["31", "2001", "opuss", ""] {
            assert!(wrong.parse::<Mix>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_frame_is_full_packets_and_a_shorter_one() {
        for turn in (Shape { mix: Mix::Video, burst: 1 }).cycle() {
            assert!((32..=VIDEO_BYTES).contains(&turn.last_bytes), "{turn:?}");
            assert!(turn.bytes_total() as u64 > (turn.packets - 1) * VIDEO_BYTES as u64);
        }
        assert_eq!(Shape::burst(172, 16).cycle()[0].bytes_total(), 16 * 172);
    }
}
