//! Which sockets may have something waiting.

/// A queue of sockets that are served in turn, so that a flooded one cannot hold up the others. Each
/// is in it at most once, and all that is done with it takes the same time for one and for 16,000.
///
/// Edge-triggered polling tells of new packets only once (epoll(7), EPOLLET): a socket that was
/// taken out has to be put back unless it was found empty.
///
/// A ring of links, one a socket and one, at the front, that is nobody's: after it comes the socket
/// that is next, before it the one that is last. Who is not in the queue is linked to itself.
pub(super) struct Ready {
    links: Vec<Link>,
    waiting: usize,
}

#[derive(Clone, Copy)]
struct Link {
    before: usize,
    after: usize,
}

impl Ready {
    pub(super) fn new() -> Self {
        Self { links: vec![Link { before: 0, after: 0 }], waiting: 0 }
    }

    /// Makes room for the sockets up to this one, so that inserting them takes no memory.
    pub(super) fn reserve(&mut self, place: usize) {
        while self.links.len() <= place + 1 {
            let alone = self.links.len();
            self.links.push(Link { before: alone, after: alone });
        }
    }

    pub(super) fn any(&self) -> bool {
        self.waiting > 0
    }

    /// How many sockets are waiting.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Puts a socket at the end, unless it is already waiting.
    pub(super) fn insert(&mut self, place: usize) {
        self.reserve(place);
        let own = place + 1;
        if self.links[own].after != own {
            return;
        }
        let last = self.links[0].before;
        self.links[own] = Link { before: last, after: 0 };
        self.links[last].after = own;
        self.links[0].before = own;
        self.waiting += 1;
    }

    /// Takes a socket out, wherever it is.
    pub(super) fn remove(&mut self, place: usize) {
        let own = place + 1;
        let Some(&Link { before, after }) = self.links.get(own) else { return };
        if after == own {
            return;
        }
        self.links[before].after = after;
        self.links[after].before = before;
        self.links[own] = Link { before: own, after: own };
        self.waiting -= 1;
    }

    /// The socket that has waited longest; it stays where it is.
    pub(super) fn first(&self) -> Option<usize> {
        self.links[0].after.checked_sub(1)
    }

    /// Takes out the socket that has waited longest.
    pub(super) fn take(&mut self) -> Option<usize> {
        let place = self.first()?;
        self.remove(place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(ready: &mut Ready) -> Vec<usize> {
        std::iter::from_fn(|| ready.take()).collect()
    }

    #[test]
    fn sockets_take_turns_in_the_order_they_came() {
        let mut ready = Ready::new();
        assert_eq!(ready.take(), None);
        [5, 0, 40_000].into_iter().for_each(|place| ready.insert(place));
        let first = ready.take().unwrap();
        ready.insert(first);
        assert_eq!(taken(&mut ready), [0, 40_000, 5]);
        assert!(!ready.any());
    }

    #[test]
    fn a_socket_is_in_it_once_and_keeps_its_place() {
        let mut ready = Ready::new();
        [1, 2, 1, 1, 3].into_iter().for_each(|place| ready.insert(place));
        assert_eq!(ready.waiting(), 3);
        assert_eq!(taken(&mut ready), [1, 2, 3]);
    }

    #[test]
    fn any_place_can_be_removed_and_comes_back_at_the_end() {
        for gone in 0..4 {
            let mut ready = Ready::new();
            (0..4).for_each(|place| ready.insert(place));
            [gone, gone, 99].into_iter().for_each(|place| ready.remove(place));
            assert_eq!(ready.waiting(), 3);
            ready.insert(gone);
            let others = (0..4).filter(|&place| place != gone);
            assert_eq!(taken(&mut ready), others.chain([gone]).collect::<Vec<_>>());
        }
    }
}
