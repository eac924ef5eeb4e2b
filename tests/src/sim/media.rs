//! Media as the endpoints send it: a clear header where the protocol has one, then noise that ends
//! in a number of its own, by which a delivery is recognised.

/// The number at the end of a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MediaId(pub u64);

impl MediaId {
    /// The number that a packet ends in.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.last_chunk().map(|last| Self(u64::from_be_bytes(*last)))
    }
}

/// A packet to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// SRTP.
    Rtp {
        /// Whose stream.
        ssrc: u32,
        /// Place in it.
        sequence: u16,
        /// Sampling instant.
        timestamp: u32,
    },
    /// SRTCP.
    Rtcp {
        /// Who reports.
        ssrc: u32,
    },
    /// A DTLS handshake record.
    Dtls,
    /// A ZRTP message.
    Zrtp,
}

impl Media {
    /// An SRTP packet of a stream, its timestamp that of 20 ms at 48 kHz each.
    pub fn rtp(ssrc: u32, sequence: u16) -> Self {
        let timestamp = u32::from(sequence) * 960;
        Self::Rtp { ssrc, sequence, timestamp }
    }

    /// The SSRC it names.
    pub fn ssrc(self) -> Option<u32> {
        match self {
            Self::Rtp { ssrc, .. } | Self::Rtcp { ssrc } => Some(ssrc),
            Self::Dtls | Self::Zrtp => None,
        }
    }

    /// Whether it has exactly two ends.
    pub fn is_handshake(self) -> bool {
        self.ssrc().is_none()
    }

    /// The packet, with `noise` before its number.
    pub fn packet(self, id: MediaId, noise: &[u8]) -> Vec<u8> {
        let mut bytes = self.header();
        bytes.extend(noise);
        bytes.extend(id.0.to_be_bytes());
        bytes
    }

    fn header(self) -> Vec<u8> {
        match self {
            Self::Rtp { ssrc, sequence, timestamp } => {
                let mut bytes = vec![0x80, 96];
                bytes.extend(sequence.to_be_bytes());
                bytes.extend(timestamp.to_be_bytes());
                bytes.extend(ssrc.to_be_bytes());
                bytes
            }
            Self::Rtcp { ssrc } => {
                let mut bytes = vec![0x80, 201, 0, 1];
                bytes.extend(ssrc.to_be_bytes());
                bytes
            }
            Self::Dtls => vec![22, 254, 253],
            Self::Zrtp => vec![16, 0],
        }
    }
}
