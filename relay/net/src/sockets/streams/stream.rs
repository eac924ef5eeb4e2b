//! One stream.

use std::net::SocketAddr;
use std::time::Instant;

use super::super::receive::Left;
use super::batch::{READ_BYTES, StreamBatch};
use super::output::{Output, Spares};
use super::partial::{Partial, Scan};
use super::transport::{Stop, Transport};

/// Reads of one stream in a row, before it is the next one's turn.
const READS_MAX: usize = 4;

pub(super) struct Stream {
    pub(super) transport: Transport,
    pub(super) remote: SocketAddr,
    pub(super) phase: Phase,
    /// When it ends unless something happens before.
    pub(super) deadline: Option<Instant>,
    pub(super) output: Output,
    partial: Partial,
    /// The kernel took less than it was given and has not asked for more since.
    pub(super) blocked: bool,
    /// The remote has sent its last byte, read or not.
    pub(super) hung_up: bool,
    /// It is in the list of those to be flushed.
    pub(super) is_written: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    Open,
    /// The remote sends no more; it may still get answers to what it has sent.
    RemoteDone,
    /// The step wants it closed: only what is queued is still written.
    Closing,
}

/// Why a stream ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The remote sends no more.
    RemoteDone,
    /// All was written that had to be.
    Closed,
    /// It did not take what was queued in time.
    Overdue,
    /// An error of the connection.
    Broken,
    /// What it sent is not TURN, or is too long.
    Unframed,
    /// What it sent is not TLS as we speak it.
    Tls,
    /// Nobody authenticated in time.
    Unauthenticated,
}

pub(super) enum Progress {
    Done,
    Blocked,
}

impl Stream {
    pub(super) fn new(transport: Transport, remote: SocketAddr) -> Self {
        Self {
            transport,
            remote,
            phase: Phase::Open,
            deadline: None,
            output: Output::default(),
            partial: Partial::default(),
            blocked: false,
            hung_up: false,
            is_written: false,
        }
    }

    /// Whether what the next read can complete fits into the batch.
    pub(super) fn has_room(&self, batch: &StreamBatch) -> bool {
        batch.has_room(self.partial.whole_bytes().max(READ_BYTES))
    }

    /// Reads whole messages into the batch; keeps the beginning of the one after them.
    pub(super) fn read(&mut self, id: u32, batch: &mut StreamBatch) -> Result<Left, End> {
        for _ in 0..READS_MAX {
            if !self.has_room(batch) {
                return Ok(Left::Maybe);
            }
            let wanted = self.partial.missing_bytes().unwrap_or(READ_BYTES).min(READ_BYTES);
            let room = batch.room().get_mut(..wanted).unwrap_or_default();
            let bytes = match self.transport.read(room) {
                Ok(bytes) => bytes,
                Err(Stop::Empty) => return Ok(Left::Nothing),
                Err(Stop::Busy) => return Ok(Left::Maybe),
                Err(Stop::End(end)) => return Err(end),
            };
            self.take_in(bytes, id, batch)?;
            // epoll(7), question 9: a short read of a stream has seen its buffer empty, and what
            // comes later raises a new edge. The end of the stream may have come before.
            if bytes < wanted && self.transport.short_read_is_empty() && !self.hung_up {
                return Ok(Left::Nothing);
            }
        }
        Ok(Left::Maybe)
    }

    /// Makes messages of what was just read into the batch's room.
    fn take_in(&mut self, bytes: usize, id: u32, batch: &mut StreamBatch) -> Result<(), End> {
        let room = batch.room();
        let read = room.get(..bytes).unwrap_or_default();
        if self.partial.missing_bytes().is_none() {
            let Scan { whole_bytes, messages, framed } = Scan::of(read);
            let rest = read.get(whole_bytes..).unwrap_or_default();
            let kept = framed.and_then(|()| self.partial.extend(rest));
            batch.commit(whole_bytes, messages, id, self.remote);
            return kept;
        }
        self.partial.extend(read)?;
        if let Some(message) = self.partial.take_whole()
            && let Some(room) = room.get_mut(..message.len())
        {
            room.copy_from_slice(&message);
            batch.commit(message.len(), 1, id, self.remote);
        }
        Ok(())
    }

    /// Writes what is queued, and on the way out the end of TLS.
    pub(super) fn write(&mut self, spares: &mut Spares, count: &mut u64) -> Result<Progress, End> {
        if self.blocked {
            return Ok(Progress::Blocked);
        }
        let closing = self.phase != Phase::Open;
        let before = self.output.bytes().len();
        let progress = self.transport.write(&mut self.output, closing);
        *count += (before - self.output.bytes().len()) as u64;
        self.output.give_back_if_empty(spares);
        self.blocked = matches!(progress, Ok(Progress::Blocked));
        progress
    }

    /// Tells the remote that nothing more comes.
    pub(super) fn shut_down(&mut self) {
        self.transport.shut_down();
    }

    /// Frees what it holds. Who is being thrown out gets a reset, so that the kernel holds nothing
    /// for it either.
    pub(super) fn let_go(&mut self, end: End, spares: &mut Spares) {
        if matches!(end, End::Unauthenticated | End::Overdue) {
            self.transport.reset_on_close();
        }
        self.output.clear(spares);
    }
}
