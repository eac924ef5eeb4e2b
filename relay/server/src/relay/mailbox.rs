//! Bounded ways between the control thread and a shard. Full is an answer, never a wait.

use std::sync::Arc;

use crossbeam::queue::ArrayQueue;
use ringfence_core::{Command, Effect, Sample};
use ringfence_net::Waker;

/// Commands a shard has not applied yet. A shard empties its mailbox each turn, so this is how far
/// the control thread may run ahead of a shard that is busy with one batch.
const COMMANDS_MAX: usize = 4096;

/// Reports the control thread has not taken in yet; beyond it they wait in the shard's engine,
/// which has a limit of its own.
const REPORTS_MAX: usize = 4096;

/// Samples that the control thread has not judged yet. It looks four times a second, so this is also
/// what bounds that work: some milliseconds a second for each shard. What does not fit is lost.
const SAMPLES_MAX: usize = 512;

/// Both directions of one shard, and what it shows of packets.
pub(super) struct Mailbox {
    commands: ArrayQueue<Command>,
    pub(super) reports: ArrayQueue<Effect>,
    pub(super) samples: ArrayQueue<Sample>,
    waker: Arc<Waker>,
}

impl Mailbox {
    pub(super) fn new(waker: Arc<Waker>) -> Self {
        let (commands, reports) = (ArrayQueue::new(COMMANDS_MAX), ArrayQueue::new(REPORTS_MAX));
        let samples = ArrayQueue::new(SAMPLES_MAX);
        Self { commands, reports, samples, waker }
    }

    pub(super) fn has_room(&self) -> bool {
        !self.commands.is_full()
    }

    /// Puts a command in; the caller is the only one who does, and has asked for room.
    pub(super) fn send(&self, command: Command) {
        let sent = self.commands.push(command);
        debug_assert!(sent.is_ok(), "room was asked for, and nobody else writes");
    }

    /// Makes the shard look. A failure means the shard is gone, which its thread reports.
    pub(super) fn wake(&self) {
        let _ = self.waker.wake();
    }

    pub(super) fn receive(&self) -> Option<Command> {
        self.commands.pop()
    }
}
