//! The participants' encryption (RFC 3711): keys that they share among themselves and nobody else
//! is given. The relay's own code never sees this module.
//!
//! `webrtc-srtp` does it, with AES_CM_128_HMAC_SHA1_80: of the crates that build without system
//! packages it is the lightest that is SRTP as a whole (19 crates that are not here anyway; the
//! sans-io `rtc-srtp` takes 46, and libsrtp's bindings a C compiler and OpenSSL).

use std::collections::HashMap;

use ringfence_core::Seed;
use ringfence_wire::rtp::{RtpHeader, Ssrc};
use webrtc_srtp::context::Context;
use webrtc_srtp::option::srtp_replay_protection;
use webrtc_srtp::protection_profile::ProtectionProfile;

use super::cast::CAST;

const PROFILE: ProtectionProfile = ProtectionProfile::Aes128CmHmacSha1_80;
const KEY_BYTES: usize = 16;
const SALT_BYTES: usize = 14;

/// Packets that may overtake each other and still count as no replay.
const REPLAY_WINDOW: usize = 1024;

/// The key of one sender, which every participant knows, the forbidden one too: what keeps it from
/// hearing is the fence alone.
#[derive(Clone, Copy)]
pub(super) struct SenderKey {
    key: [u8; KEY_BYTES],
    salt: [u8; SALT_BYTES],
}

/// Keys of all four senders.
pub(super) type GroupKeys = [SenderKey; CAST.len()];

/// Decrypts what the others sent.
pub(super) struct Ears(HashMap<Ssrc, Context>);

impl SenderKey {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            key: std::array::from_fn(|at| seed[at]),
            salt: std::array::from_fn(|at| seed[KEY_BYTES + at]),
        }
    }

    /// Encrypts packets of one sender, in the order they will be sent.
    pub(super) fn encrypt_all<'p>(
        &self,
        packets: impl Iterator<Item = &'p [u8]>,
    ) -> Result<Vec<Vec<u8>>, webrtc_srtp::Error> {
        let mut context = Context::new(&self.key, &self.salt, PROFILE, None, None)?;
        packets.map(|packet| context.encrypt_rtp(packet).map(Vec::from)).collect()
    }

    fn ear(&self) -> Result<Context, webrtc_srtp::Error> {
        let replays = srtp_replay_protection(REPLAY_WINDOW);
        Context::new(&self.key, &self.salt, PROFILE, Some(replays), None)
    }
}

impl Ears {
    pub(super) fn new(keys: &GroupKeys) -> Result<Self, webrtc_srtp::Error> {
        let mut ears = HashMap::new();
        for (character, key) in CAST.iter().zip(keys) {
            for ssrc in character.streams {
                ears.insert(ssrc, key.ear()?);
            }
        }
        Ok(Self(ears))
    }

    /// The plain packet and its stream; `None` if it is nobody's here, not authentic or a replay.
    pub(super) fn decrypt(&mut self, packet: &[u8]) -> Option<(Ssrc, Vec<u8>)> {
        let ssrc = RtpHeader::peek(packet).ok()?.ssrc;
        let plain = self.0.get_mut(&ssrc)?.decrypt_rtp(packet).ok()?;
        Some((ssrc, plain.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::script::script;
    use super::*;

    fn keys() -> GroupKeys {
        [1, 2, 3, 4].map(|byte| SenderKey::new([byte; 32]))
    }

    fn encrypted() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let lines = script(&CAST[0], 0, Duration::from_secs(6));
        let plain: Vec<_> = lines.into_iter().map(|line| line.rtp).collect();
        let packets = plain.iter().map(Vec::as_slice);
        let secret = keys()[0].encrypt_all(packets).unwrap();
        (plain, secret)
    }

    #[test]
    fn a_stream_that_crosses_a_rollover_comes_back() {
        let (plain, secret) = encrypted();
        let mut ears = Ears::new(&keys()).unwrap();
        for (plain, secret) in plain.iter().zip(&secret) {
            assert_ne!(plain[12..], secret[12..plain.len()]);
            let (_, heard) = ears.decrypt(secret).unwrap();
            assert_eq!(heard, *plain);
        }
    }

    #[test]
    fn an_altered_packet_and_a_replay_are_not_heard() {
        let (_, mut secret) = encrypted();
        let mut ears = Ears::new(&keys()).unwrap();
        assert!(ears.decrypt(&secret[0]).is_some());
        assert_eq!(ears.decrypt(&secret[0]), None, "replay");
        secret[1][20] ^= 1;
        assert_eq!(ears.decrypt(&secret[1]), None, "altered");
    }

    #[test]
    fn another_key_does_not_open_it() {
        let (_, secret) = encrypted();
        let mut ears = Ears::new(&[9, 2, 3, 4].map(|byte| SenderKey::new([byte; 32]))).unwrap();
        assert_eq!(ears.decrypt(&secret[0]), None);
    }
}
