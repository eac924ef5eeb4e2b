//! What participants do beside speaking: they come from elsewhere, and they go without a word.

use super::Rooms;

impl Rooms {
    /// A participant goes on from another port, as behind a NAT that has forgotten it. Returns once it
    /// is latched there.
    ///
    /// # Errors
    /// The relay does not latch it.
    pub fn roam(&mut self, party: usize) -> anyhow::Result<()> {
        self.sockets.reopen(party)?;
        self.latch_wave(party..party + 1)
    }

    /// Everybody goes without leaving, as when a network breaks down.
    pub fn abandon(mut self) {
        self.admission.forget();
    }
}
