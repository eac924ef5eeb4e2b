//! Randomness comes in as a seed: from the operating system in the relay, from the test in a test.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// 32 bytes that an attacker cannot guess.
pub type Seed = [u8; 32];

/// A cryptographically secure generator (ChaCha12).
pub(crate) struct Csprng(ChaCha12Rng);

impl Csprng {
    pub(crate) fn new(seed: Seed) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// Keys for a hash table whose keys strangers choose.
    pub(crate) fn table_keys(&mut self) -> ahash::RandomState {
        let mut key = || self.0.next_u64();
        ahash::RandomState::with_seeds(key(), key(), key(), key())
    }
}
