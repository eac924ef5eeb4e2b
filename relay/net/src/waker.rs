//! Waking a shard's backend from another thread.

use std::io;

/// Wakes the backend it came from. Wakes that arrive before the shard looks count as one.
#[derive(Debug)]
pub struct Waker(mio::Waker);

impl Waker {
    pub(crate) fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<Self> {
        mio::Waker::new(registry, token).map(Self)
    }

    /// Makes the current or the next wait return at once.
    ///
    /// # Errors
    /// What write(2) to an eventfd gives; the wake may then be lost.
    pub fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }
}
