//! The bytes that MESSAGE-INTEGRITY and FINGERPRINT are computed over.

use super::header::HEADER_BYTES;

/// A message up to the closing attribute, with the header's length "adjusted to point to the end" of
/// that attribute (RFC 8489 sections 14.5 to 14.7), whatever follows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Covered<'a> {
    head: [u8; 4],
    body: &'a [u8],
}

impl<'a> Covered<'a> {
    /// `before` is the message up to the closing attribute, `closing_bytes` that attribute's size
    /// with its header. `None` if there is no whole header or the length would exceed 16 bits.
    pub(super) fn new(before: &'a [u8], closing_bytes: usize) -> Option<Self> {
        let length = before.len().checked_sub(HEADER_BYTES)?.checked_add(closing_bytes)?;
        let [l0, l1] = u16::try_from(length).ok()?.to_be_bytes();
        let (&[t0, t1, _, _], body) = before.split_first_chunk()?;
        Some(Self { head: [t0, t1, l0, l1], body })
    }

    /// The covered bytes in order.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        [&self.head, self.body]
    }
}

/// A closing attribute as it was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing<'a> {
    pub(super) covered: Covered<'a>,
    pub(super) value: &'a [u8],
}
