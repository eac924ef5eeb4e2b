//! The send queues of a shard. There are few, as a queue is 60 kB and a shard can have thousands of
//! sockets: a line has one only while it is being written to.

use std::collections::VecDeque;

use super::queue::Queue;

/// Sockets that can be written to in turn before one of them has to be flushed. Where the
/// datagrams of a batch go to more sockets than that, they hardly share a send call anyway.
const QUEUES: u8 = 32;

/// Names a queue of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct QueueNumber(u8);

/// Queues that are lent to lines and those that are not. All memory is taken at the start.
pub(super) struct Pool {
    queues: Vec<Queue>,
    free: Vec<QueueNumber>,
    /// To which line, the longest lent first.
    lent: VecDeque<(QueueNumber, usize)>,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self {
            queues: (0..QUEUES).map(|_| Queue::new()).collect(),
            free: (0..QUEUES).rev().map(QueueNumber).collect(),
            lent: VecDeque::with_capacity(usize::from(QUEUES)),
        }
    }

    pub(super) fn queue(&mut self, number: QueueNumber) -> &mut Queue {
        &mut self.queues[usize::from(number.0)]
    }

    /// An empty queue for the line at `place`; none when all are lent.
    pub(super) fn lend(&mut self, place: usize) -> Option<QueueNumber> {
        let number = self.free.pop()?;
        self.lent.push_back((number, place));
        Some(number)
    }

    /// Takes a queue back that has been sent or is to be forgotten.
    pub(super) fn take_back(&mut self, number: QueueNumber) {
        let Some(at) = self.lent.iter().position(|&(lent, _)| lent == number) else { return };
        self.lent.remove(at);
        self.queue(number).clear();
        self.free.push(number);
    }

    /// Takes the queue back that was lent before all others; the line that has to forget it.
    pub(super) fn take_first_back(&mut self) -> Option<usize> {
        let (number, place) = self.lent.front().copied()?;
        self.take_back(number);
        Some(place)
    }

    /// Whether nothing is left to lend.
    pub(super) fn is_out(&self) -> bool {
        self.free.is_empty()
    }

    /// The line that was lent a queue before all others.
    pub(super) fn first_lent(&self) -> Option<usize> {
        self.lent.front().map(|&(_, place)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_runs_out_and_gets_its_queues_back() {
        let mut pool = Pool::new();
        let all: Vec<_> = (0..).map_while(|place| pool.lend(place)).collect();
        assert_eq!(all.len(), usize::from(QUEUES));
        assert!(pool.is_out() && pool.first_lent() == Some(0));
        pool.take_back(all[7]);
        pool.take_back(all[7]);
        assert_eq!(pool.lend(99), Some(all[7]));
        assert!(pool.is_out());
        pool.take_back(all[0]);
        assert_eq!(pool.take_first_back(), Some(1));
        assert_eq!(pool.first_lent(), Some(2));
    }
}
