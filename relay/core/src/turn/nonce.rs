//! Nonces that need no memory: each says when it was made, and a MAC ties it to the address that it
//! was made for (RFC 8489 section 9.2 leaves their form to the server).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::limits::NONCE_LIFETIME;
use crate::time::Instant;

/// Characters of a nonce: 4 bytes of time and 8 of MAC in base64. A longer one would make the 401
/// answer longer than it may be; 64 bits cannot be guessed at the rate that answers are given.
pub(crate) const NONCE_CHARS: usize = 16;

const TIME_BYTES: usize = 4;
const MAC_BYTES: usize = 8;

type Keyed = Hmac<Sha256>;

/// A shard's nonces. Two keys are alive at a time: a nonce outlives the change of the key that made
/// it, and no key lives longer than two nonces do. All are made of one secret, so that every shard, and the
/// relay after this one, knows the nonces of the others.
pub(crate) struct Nonces {
    secret: Keyed,
    /// Which lifetime since the start the first key is of.
    period: u64,
    current: Keyed,
    previous: Keyed,
}

impl Nonces {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let secret = keyed(secret);
        let (current, previous) = (key_of_period(&secret, 0), key_of_period(&secret, 0));
        Self { secret, period: 0, current, previous }
    }

    /// Changes the keys when their time has come.
    pub(crate) fn rotate(&mut self, now: Instant) {
        let period = period(now);
        if period > self.period {
            self.current = key_of_period(&self.secret, period);
            self.previous = key_of_period(&self.secret, period - 1);
            self.period = period;
        }
    }

    /// A nonce for that address.
    pub(crate) fn issue(&self, now: Instant, remote: SocketAddr) -> [u8; NONCE_CHARS] {
        let time = seconds(now).to_be_bytes();
        let mac = mac(&self.current, time, remote);
        let mut bytes = [0; TIME_BYTES + MAC_BYTES];
        bytes[..TIME_BYTES].copy_from_slice(&time);
        bytes[TIME_BYTES..].copy_from_slice(&mac);
        let mut nonce = [0; NONCE_CHARS];
        // 12 bytes are 16 characters, so this always fits.
        let _ = BASE64_STANDARD_NO_PAD.encode_slice(bytes, &mut nonce);
        nonce
    }

    /// Whether we made this nonce for that address, and not too long ago.
    pub(crate) fn is_valid(&self, now: Instant, remote: SocketAddr, nonce: &[u8]) -> bool {
        let mut bytes = [0; TIME_BYTES + MAC_BYTES];
        // The decoder asks for room for a whole last group.
        if nonce.len() != NONCE_CHARS
            || BASE64_STANDARD_NO_PAD.decode_slice(nonce, &mut bytes) != Ok(bytes.len())
        {
            return false;
        }
        let Some((&time, sent)) = bytes.split_first_chunk::<TIME_BYTES>() else {
            return false;
        };
        let made = Instant::from_start(Duration::from_secs(u32::from_be_bytes(time).into()));
        if made > now || now.since(made) >= NONCE_LIFETIME {
            return false;
        }
        let Some(key) = self.key_of(made) else {
            return false;
        };
        mac(key, time, remote).ct_eq(sent).into()
    }

    fn key_of(&self, made: Instant) -> Option<&Keyed> {
        match self.period.checked_sub(period(made)) {
            Some(0) => Some(&self.current),
            Some(1) => Some(&self.previous),
            _ => None,
        }
    }
}

fn keyed(key: &[u8; 32]) -> Keyed {
    let mut block = hmac::digest::Key::<Keyed>::default();
    block[..32].copy_from_slice(key);
    Keyed::new(&block)
}

fn key_of_period(secret: &Keyed, period: u64) -> Keyed {
    let mut mac = secret.clone();
    mac.update(&period.to_be_bytes());
    keyed(&mac.finalize().into_bytes().into())
}

fn period(at: Instant) -> u64 {
    u64::from(seconds(at)) / NONCE_LIFETIME.as_secs()
}

fn seconds(at: Instant) -> u32 {
    u32::try_from(at.since_start().as_secs()).unwrap_or(u32::MAX)
}

fn mac(key: &Keyed, time: [u8; TIME_BYTES], remote: SocketAddr) -> [u8; MAC_BYTES] {
    let mut mac = key.clone();
    mac.update(&time);
    mac.update(&remote.port().to_be_bytes());
    match remote.ip() {
        IpAddr::V4(ip) => mac.update(&ip.octets()),
        IpAddr::V6(ip) => mac.update(&ip.octets()),
    }
    let tag: [u8; 32] = mac.finalize().into_bytes().into();
    std::array::from_fn(|at| tag[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "127.1.0.9:4000";

    fn at(s: u64) -> Instant {
        Instant::from_start(Duration::from_secs(s))
    }

    fn nonces(now: Instant) -> Nonces {
        let mut nonces = Nonces::new(&[5; 32]);
        nonces.rotate(now);
        nonces
    }

    #[test]
    fn a_nonce_lives_ten_minutes_over_a_change_of_keys() {
        for made in [0, 1, 599, 600, 1234] {
            let mut nonces = nonces(at(made));
            let here = HERE.parse().unwrap();
            let nonce = nonces.issue(at(made), here);
            for (age, lives) in [(0, true), (599, true), (600, false), (100_000, false)] {
                nonces.rotate(at(made + age));
                assert_eq!(nonces.is_valid(at(made + age), here, &nonce), lives, "{made} + {age}");
            }
        }
    }

    #[test]
    fn a_nonce_is_good_for_one_address_and_port() {
        let nonces = nonces(at(7));
        let nonce = nonces.issue(at(7), HERE.parse().unwrap());
        for elsewhere in ["127.1.0.9:4001", "127.1.0.8:4000", "[::1]:4000"] {
            assert!(!nonces.is_valid(at(7), elsewhere.parse().unwrap(), &nonce), "{elsewhere}");
        }
    }

    #[test]
    fn no_bit_of_a_nonce_can_be_changed() {
        let nonces = nonces(at(7));
        let here = HERE.parse().unwrap();
        let nonce = nonces.issue(at(7), here);
        for bit in 0..nonce.len() * 8 {
            let mut forged = nonce;
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(!nonces.is_valid(at(7), here, &forged), "bit {bit}");
        }
        for length in 0..nonce.len() {
            assert!(!nonces.is_valid(at(7), here, &nonce[..length]));
        }
        assert!(!nonces.is_valid(at(7), here, &[nonce.as_slice(), b"A"].concat()));
    }

    #[test]
    fn a_nonce_of_another_relay_or_of_the_future_is_worth_nothing() {
        let ours = nonces(at(7));
        let theirs = Nonces::new(&[6; 32]);
        let here = HERE.parse().unwrap();
        assert!(!ours.is_valid(at(7), here, &theirs.issue(at(7), here)));
        assert!(!ours.is_valid(at(7), here, &ours.issue(at(9), here)));
    }
}
