//! What the streams of a shard sent, in one buffer that the step reads in place.

use std::net::SocketAddr;

use ringfence_wire::datagram::{Datagram, LocalSocket};
use ringfence_wire::framing;

use super::partial::BYTES_MAX;

/// One read: about a dozen media packets, and a whole TLS record.
pub(super) const READ_BYTES: usize = 16 << 10;

/// Room for a few reads next to the longest message.
const BATCH_BYTES: usize = BYTES_MAX + 4 * READ_BYTES;

/// No more is read once the batch has so many messages: in 16 KiB there may be thousands.
const MESSAGES_ENOUGH: u64 = 1024;

/// Messages of several streams, those of each in order.
pub(in crate::sockets) struct StreamBatch {
    bytes: Vec<u8>,
    used: usize,
    messages: u64,
    chunks: Vec<Chunk>,
}

/// Whole messages of one stream, back to back.
struct Chunk {
    end: usize,
    stream: u32,
    remote: SocketAddr,
}

impl StreamBatch {
    /// Takes 128 KiB; none when no stream is ever accepted.
    pub(in crate::sockets) fn new(any_streams: bool) -> Self {
        let bytes = if any_streams { BATCH_BYTES } else { 0 };
        Self { bytes: vec![0; bytes], used: 0, messages: 0, chunks: Vec::new() }
    }

    pub(super) fn begin(&mut self) {
        self.used = 0;
        self.messages = 0;
        self.chunks.clear();
    }

    pub(in crate::sockets) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    /// Bytes of all messages with their padding.
    pub(super) fn bytes(&self) -> u64 {
        self.used as u64
    }

    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.messages < MESSAGES_ENOUGH && self.bytes.len() - self.used >= bytes
    }

    /// What is still free.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.used..]
    }

    /// Makes the first bytes of the room part of the batch: whole messages of that stream.
    pub(super) fn commit(&mut self, bytes: usize, messages: u64, stream: u32, remote: SocketAddr) {
        if messages > 0 {
            self.used += bytes;
            self.messages += messages;
            self.chunks.push(Chunk { end: self.used, stream, remote });
        }
    }

    /// The messages without their padding.
    pub(in crate::sockets) fn messages_in_order(&self) -> impl Iterator<Item = Datagram<'_>> {
        let begins = [0].into_iter().chain(self.chunks.iter().map(|chunk| chunk.end));
        self.chunks.iter().zip(begins).flat_map(|(chunk, begin)| {
            let local = LocalSocket::Stream(chunk.stream);
            let bytes = self.bytes.get(begin..chunk.end).unwrap_or_default();
            whole(bytes).map(move |message| Datagram::single(message, chunk.remote, local))
        })
    }
}

/// Whole messages that lie back to back, one by one.
fn whole(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let framed = framing::first(bytes).ok()??;
        let (message, rest) = bytes.split_at_checked(framed.stream_bytes)?;
        bytes = rest;
        message.get(..framed.message_bytes)
    })
}
