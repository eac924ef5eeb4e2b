//! Which sockets may have packets waiting.

/// A set of sockets that is served in turn, so that a flooded one cannot hold up the others.
///
/// Edge-triggered polling tells of new packets only once (epoll(7), EPOLLET): a socket stays in
/// here until a receive call has found it empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Ready {
    bits: u64,
    /// The socket after the one last served.
    next: u32,
}

impl Ready {
    pub(super) fn any(self) -> bool {
        self.bits != 0
    }

    pub(super) fn insert(&mut self, socket: usize) {
        self.bits |= bit(socket);
    }

    pub(super) fn remove(&mut self, socket: usize) {
        self.bits &= !bit(socket);
    }

    /// The next socket in turn; it stays in the set.
    pub(super) fn take_turn(&mut self) -> Option<usize> {
        let turned = self.bits.rotate_right(self.next);
        let socket = (self.any()).then(|| (turned.trailing_zeros() + self.next) % u64::BITS)?;
        self.next = (socket + 1) % u64::BITS;
        Some(socket as usize)
    }
}

fn bit(socket: usize) -> u64 {
    u32::try_from(socket).ok().and_then(|socket| 1_u64.checked_shl(socket)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_take_turns_and_wrap_around() {
        let mut ready = Ready::default();
        assert_eq!(ready.take_turn(), None);
        [0, 5, 63].into_iter().for_each(|socket| ready.insert(socket));
        let served: Vec<_> = (0..5).filter_map(|_| ready.take_turn()).collect();
        assert_eq!(served, [0, 5, 63, 0, 5]);
        ready.remove(63);
        assert_eq!(ready.take_turn(), Some(0));
    }

    #[test]
    fn what_is_out_of_range_is_never_ready() {
        let mut ready = Ready::default();
        [64, usize::MAX].into_iter().for_each(|socket| ready.insert(socket));
        assert!(!ready.any());
    }
}
