//! What is offered to a server: streams of RTP packets through it, each from one socket to one or more.
//!
//! Every packet of the generator is an RTP packet (RFC 3550 section 5.1) whose clear header says all that
//! an arrival has to tell: the SSRC names the lane, the timestamp the packet's number in it. So payloads
//! may be encrypted, and when a packet was meant to be sent follows from its number.

pub mod calls;
#[cfg(test)]
mod check;
mod echo;
mod kernel_drops;
mod receiver;
pub mod rooms;
mod sockets;
mod stamps;
mod task;
pub mod turn;

use std::io;
use std::time::Instant;

pub use echo::Echo;
pub use sockets::{Sinks, Sockets, party_address};
pub use task::Task;

/// Streams that are ready to be loaded.
pub trait Work {
    /// How many lanes; their SSRCs are `0..lanes`.
    fn lanes(&self) -> usize;

    /// How many copies of each packet of a lane should arrive: one, but for rooms.
    fn copies(&self, _lane: usize) -> u64 {
        1
    }

    /// Queues RTP packets of one lane that belong together, back to back in `packets` and all of
    /// `packet_bytes` (the last may be shorter): one train where the sockets can.
    ///
    /// # Errors
    /// The lane's connection is gone.
    fn send(&mut self, lane: usize, packets: &[u8], packet_bytes: usize) -> io::Result<()>;

    /// Hands what is queued to the kernel; nothing to do where sending does so at once.
    ///
    /// # Errors
    /// A socket fails for another reason than being full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Takes in a bounded part of what has arrived and gives each RTP packet with its time of arrival
    /// (the kernel's, where the socket has it) to `heard`. Whether there may be more.
    ///
    /// # Errors
    /// A socket fails.
    fn receive(&mut self, heard: &mut dyn FnMut(&[u8], Instant)) -> io::Result<bool>;

    /// Keeps allocations, permissions and consent alive, where there are any; called once a second.
    ///
    /// # Errors
    /// The server refuses, or is gone.
    fn keep_alive(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    /// Datagrams that the kernel dropped at the generator's own sockets so far.
    fn own_drops(&self) -> u64;
}
