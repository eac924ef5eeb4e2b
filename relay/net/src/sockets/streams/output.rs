//! What a stream's remote has not taken yet.

/// Bytes that may wait for a remote: a second of 2 Mbit/s. What comes on top is lost, as it would
/// be in a router.
pub(super) const BYTES_MAX: usize = 256 << 10;

/// Messages waiting to be written, of which the first may be partly written already. It takes memory
/// only while there are any.
#[derive(Default)]
pub(super) struct Output(Vec<u8>);

impl Output {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends a message that is in several parts; `false` and nothing at all if there is no room.
    pub(super) fn append(&mut self, parts: [&[u8]; 3], spares: &mut Spares) -> bool {
        let message_bytes: usize = parts.iter().map(|part| part.len()).sum();
        let bytes = self.0.len().saturating_add(message_bytes);
        if bytes > BYTES_MAX {
            return false;
        }
        if self.0.capacity() == 0 {
            self.0 = spares.0.pop().unwrap_or_default();
        }
        if bytes > self.0.capacity() {
            let to = (2 * self.0.capacity()).clamp(bytes, BYTES_MAX);
            self.0.reserve_exact(to - self.0.len());
        }
        parts.into_iter().for_each(|part| self.0.extend_from_slice(part));
        true
    }

    /// Forgets the bytes at the front that have been written.
    pub(super) fn consume(&mut self, written: usize) {
        self.0.drain(..written.min(self.0.len()));
    }

    pub(super) fn give_back_if_empty(&mut self, spares: &mut Spares) {
        if self.0.is_empty() {
            spares.keep(std::mem::take(&mut self.0));
        }
    }

    pub(super) fn clear(&mut self, spares: &mut Spares) {
        self.0.clear();
        self.give_back_if_empty(spares);
    }
}

/// Buffers for the next streams that are written to, so that not every batch allocates.
#[derive(Default)]
pub(super) struct Spares(Vec<Vec<u8>>);

/// As many streams as a batch is likely to write to.
const SPARES_MAX: usize = 64;

/// Longer ones are rare and go back to the allocator.
const SPARE_BYTES_MAX: usize = 32 << 10;

impl Spares {
    fn keep(&mut self, buffer: Vec<u8>) {
        if (1..=SPARE_BYTES_MAX).contains(&buffer.capacity()) && self.0.len() < SPARES_MAX {
            self.0.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_appended_whole_or_not_at_all() {
        let (mut output, mut spares) = (Output::default(), Spares::default());
        let long = vec![1; BYTES_MAX - 10];
        assert!(output.append([b"head", &long, b"tail"], &mut spares));
        assert!(!output.append([b"one", b"", b""], &mut spares));
        assert_eq!(output.bytes().len(), BYTES_MAX - 2);
        output.consume(1);
        assert!(output.append([b"o", b"n", b"e"], &mut spares));
        assert_eq!(output.bytes().len(), output.0.capacity());
        assert!(output.bytes().starts_with(b"ead") && output.bytes().ends_with(b"tailone"));
    }

    #[test]
    fn an_empty_buffer_serves_the_next_stream_and_a_long_one_does_not() {
        let (mut output, mut spares) = (Output::default(), Spares::default());
        for (bytes, kept) in [(100, 1), (SPARE_BYTES_MAX + 1, 0)] {
            assert!(output.append([&vec![1; bytes], b"", b""], &mut spares));
            output.clear(&mut spares);
            assert_eq!((spares.0.len(), output.0.capacity()), (kept, 0));
        }
    }
}
