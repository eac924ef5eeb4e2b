//! What a client does in its life beside carrying media: it asks again, and it goes without a word.

use super::road::LoadedRoad;
use super::{Turn, refused};

impl Turn {
    /// Has each client ask for a permission for its peer (RFC 8656 section 9), beside its channel.
    ///
    /// # Errors
    /// The server refuses, or does not answer.
    pub fn permit(&mut self) -> anyhow::Result<()> {
        let Self { ends, guests, kept, .. } = self;
        guests.iter_mut().try_for_each(|guest| {
            let mut road = LoadedRoad { ends, end: guest.end, kept };
            guest.client.permit(&mut road, guest.peer).map_err(refused)
        })
    }

    /// Has each client refresh its allocation and its channel now.
    ///
    /// # Errors
    /// As [`Turn::permit`].
    pub fn refresh_all(&mut self) -> anyhow::Result<()> {
        (0..self.guests.len()).try_for_each(|number| self.refresh(number))
    }

    /// Goes without giving anything up, as a client whose battery is empty.
    pub fn abandon(mut self) {
        self.guests.clear();
    }
}
