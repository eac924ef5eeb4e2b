//! What can be done to plain packets before they leave.

use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};
use webrtc_srtp::context::Context;
use webrtc_srtp::protection_profile::ProtectionProfile;

use super::Packet;
use crate::sim::dice::Dice;

const BLOCK_BYTES: usize = 16;
const RTP_HEADER_BYTES: usize = 12;

/// What turns plain packets into those that are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disguise {
    /// Nothing does.
    None,
    /// SRTP with AES_CM_128_HMAC_SHA1_80 (RFC 3711).
    SrtpCounterMode,
    /// SRTP with AEAD_AES_128_GCM (RFC 7714).
    SrtpGcm,
    /// AES-128 on the payload, block by block, padded as in RFC 5652 section 6.3.
    BlockByBlock,
}

impl Disguise {
    /// Whether it is worth the name.
    pub fn encrypts(self) -> bool {
        matches!(self, Self::SrtpCounterMode | Self::SrtpGcm)
    }

    /// All packets of one flow, under a key of its own.
    ///
    /// # Panics
    /// If a packet is none.
    pub fn put_on(self, packets: &[Packet], dice: &mut Dice) -> Vec<Packet> {
        match self {
            Self::None => packets.to_vec(),
            Self::SrtpCounterMode | Self::SrtpGcm => {
                let mut context = self.context(dice);
                let encrypt = |packet: &Packet| context.encrypt_rtp(packet).expect("RTP").to_vec();
                packets.iter().map(encrypt).collect()
            }
            Self::BlockByBlock => {
                let cipher = Aes128::new(&dice.bytes::<16>().into());
                packets.iter().map(|packet| block_by_block(&cipher, packet)).collect()
            }
        }
    }

    /// The same for RTCP, which is sent plain or by SRTCP.
    ///
    /// # Panics
    /// If a packet is none.
    pub fn put_on_reports(self, reports: &[Packet], dice: &mut Dice) -> Vec<Packet> {
        if self == Self::None {
            return reports.to_vec();
        }
        let mut context = self.context(dice);
        let encrypt = |report: &Packet| context.encrypt_rtcp(report).expect("RTCP").to_vec();
        reports.iter().map(encrypt).collect()
    }

    fn context(self, dice: &mut Dice) -> Context {
        let (profile, salt_bytes) = match self {
            Self::SrtpGcm => (ProtectionProfile::AeadAes128Gcm, 12),
            _ => (ProtectionProfile::Aes128CmHmacSha1_80, 14),
        };
        let (key, salt): ([u8; 16], [u8; 14]) = (dice.bytes(), dice.bytes());
        Context::new(&key, &salt[..salt_bytes], profile, None, None).expect("a context")
    }
}

/// What a network does that delivers some packets twice, the copy up to three packets late.
pub fn with_duplicates(packets: &[Packet], percent: usize, dice: &mut Dice) -> Vec<Packet> {
    let mut sent: Vec<Packet> = Vec::new();
    let mut late: Vec<(usize, Packet)> = Vec::new();
    for packet in packets {
        sent.push(packet.clone());
        if dice.percent(percent) {
            late.push((sent.len() + dice.below(4), packet.clone()));
        }
        let due = late.extract_if(.., |(at, _)| *at <= sent.len()).map(|(_, packet)| packet);
        let due: Vec<Packet> = due.collect();
        sent.extend(due);
    }
    sent
}

fn block_by_block(cipher: &Aes128, packet: &[u8]) -> Packet {
    let (header, payload) = packet.split_at(RTP_HEADER_BYTES);
    let padding = BLOCK_BYTES - payload.len() % BLOCK_BYTES;
    let mut payload = payload.to_vec();
    payload.resize(payload.len() + padding, u8::try_from(padding).expect("at most a block"));
    for block in payload.chunks_exact_mut(BLOCK_BYTES) {
        cipher.encrypt_block(block.into());
    }
    [header, &payload].concat()
}
