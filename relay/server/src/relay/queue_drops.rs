//! What the kernel dropped before a shard could read it: because a queue was full, or by the shard's sieve.

use std::net::SocketAddr;

use ringfence_net::receive_queue::ReceiveQueue;

use super::strangers::Sieved;

/// The drops of a shard's queues, since the relay started.
#[derive(Debug)]
pub(super) struct QueueDrops {
    queues: Vec<Counted>,
    /// Of all of them, those that no sieve has dropped.
    full: u64,
}

#[derive(Debug)]
struct Counted {
    queue: ReceiveQueue,
    total: u64,
    /// As the kernel counts, when `total` was: for longer than this relay, and up to 2^32.
    last: u32,
}

impl Counted {
    fn read(&self) -> u32 {
        self.queue.read().map_or(self.last, |level| level.dropped)
    }

    fn total(&self) -> u64 {
        self.total + u64::from(self.read().wrapping_sub(self.last))
    }
}

impl QueueDrops {
    pub(super) fn of(queues: Vec<ReceiveQueue>) -> Self {
        let counted = |queue: ReceiveQueue| {
            let last = queue.read().map_or(0, |level| level.dropped);
            Counted { queue, total: 0, last }
        };
        Self { queues: queues.into_iter().map(counted).collect(), full: 0 }
    }

    /// To be called more often than a kernel's count goes round: within hours, at a million a second.
    pub(super) fn look(&mut self, sieved: impl FnOnce() -> Sieved) {
        for one in &mut self.queues {
            let now = one.read();
            one.total += u64::from(now.wrapping_sub(one.last));
            one.last = now;
        }
        self.full = self.full(sieved);
    }

    /// By the address that the socket is bound to.
    pub(super) fn by_address(&self) -> impl Iterator<Item = (SocketAddr, u64)> {
        self.queues.iter().map(|one| (one.queue.address(), one.total()))
    }

    /// Those of full queues. While there is a sieve, what is dropped counts as its doing; how much that was, the
    /// shard says some time later.
    pub(super) fn full(&self, sieved: impl FnOnce() -> Sieved) -> u64 {
        let all: u64 = self.queues.iter().map(Counted::total).sum();
        // Asked after the queues: none of `all` is a later sieve's.
        let sieved = sieved();
        match sieved.in_place {
            true => self.full,
            false => self.full.max(all.saturating_sub(sieved.dropped)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use ringfence_net::backend::Backend;
    use ringfence_net::sockets::{Sockets, SocketsConfig};

    use super::*;

    #[test]
    fn drops_are_the_queue_s_or_the_sieve_s_and_never_fall() {
        let config = SocketsConfig {
            receive_buffer_bytes: 4096,
            ..SocketsConfig::listening(vec!["127.0.0.1:0".parse().unwrap()])
        };
        let sockets = Sockets::open(&config).unwrap();
        let to = sockets.local_addresses()[0];
        let flood = || {
            let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
            (0..100).for_each(|_| assert_eq!(sender.send_to(&[7; 1000], to).unwrap(), 1000));
        };
        flood();
        let mut drops = QueueDrops::of(sockets.receive_queues());
        assert_eq!(drops.full(Sieved::default), 0, "what was before does not count");
        flood();
        assert_eq!(drops.full(Sieved::default), 100);
        drops.look(Sieved::default);
        flood();
        let sieving = || Sieved { in_place: true, ..Sieved::default() };
        assert_eq!(drops.full(sieving), 100);
        drops.look(sieving);
        assert_eq!(drops.by_address().map(|(_, count)| count).sum::<u64>(), 200);
        let over = || Sieved { dropped: 100, ..Sieved::default() };
        assert_eq!(drops.full(over), 100);
        drops.look(over);
        flood();
        assert_eq!(drops.full(over), 200);
    }
}
