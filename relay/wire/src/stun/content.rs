//! One pass over the attributes of a message.

use super::attribute::{Attribute, AttributeType};
use super::covered::{Closing, Covered};
use super::message::{ATTRIBUTES_MAX, ParseError, UNKNOWN_MAX};
use super::shape::Shape;

/// Everything that the attributes said, as views into the datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    /// The attributes that are read: all up to MESSAGE-INTEGRITY.
    readable: &'a [u8],
    values: [Option<&'a [u8]>; Attribute::ALL.len()],
    unknown: [AttributeType; UNKNOWN_MAX],
    unknown_count: usize,
    pub(super) integrity: Option<Closing<'a>>,
    pub(super) integrity_sha256: Option<Closing<'a>>,
    pub(super) fingerprint: Option<Closing<'a>>,
}

impl<'a> Content<'a> {
    /// Walks `attributes`, which are the tail of `datagram`.
    pub(super) fn walk(datagram: &'a [u8], attributes: &'a [u8]) -> Result<Self, ParseError> {
        let mut content = Self::empty(attributes);
        let mut rest = attributes;
        let mut left = ATTRIBUTES_MAX;
        while !rest.is_empty() {
            left = left.checked_sub(1).ok_or(ParseError::TooManyAttributes)?;
            let received = Received::first(datagram, rest)?;
            content.take(&received)?;
            rest = received.after;
            if !content.is_closed() {
                let read = attributes.len().saturating_sub(rest.len());
                content.readable = attributes.get(..read).unwrap_or_default();
            }
        }
        Ok(content)
    }

    /// Walks once more; the first walk has found every attribute whole.
    pub(super) fn values(&self, attribute: Attribute) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.readable;
        let each = core::iter::from_fn(move || {
            let received = Received::first(rest, rest).ok()?;
            rest = received.after;
            Some(received)
        });
        each.filter(move |received| received.kind == attribute.kind())
            .map(|received| received.value)
    }

    pub(super) fn value(&self, attribute: Attribute) -> Option<&'a [u8]> {
        self.values.get(attribute as usize).copied().flatten()
    }

    pub(super) fn unknown(&self) -> &[AttributeType] {
        self.unknown.get(..self.unknown_count).unwrap_or(&self.unknown)
    }

    /// Whether what follows is not covered by the integrity any more.
    fn is_closed(&self) -> bool {
        self.integrity.is_some() || self.integrity_sha256.is_some() || self.fingerprint.is_some()
    }

    fn empty(attributes: &'a [u8]) -> Self {
        Self {
            readable: attributes.get(..0).unwrap_or_default(),
            values: [None; Attribute::ALL.len()],
            unknown: [AttributeType(0); UNKNOWN_MAX],
            unknown_count: 0,
            integrity: None,
            integrity_sha256: None,
            fingerprint: None,
        }
    }

    fn take(&mut self, received: &Received<'a>) -> Result<(), ParseError> {
        if self.fingerprint.is_some() {
            return Err(ParseError::AfterFingerprint);
        }
        let signed = self.integrity.is_some() || self.integrity_sha256.is_some();
        match received.kind {
            AttributeType::FINGERPRINT => self.fingerprint = Some(received.closing(4..=4)?),
            AttributeType::MESSAGE_INTEGRITY_SHA256 if self.integrity_sha256.is_none() => {
                self.integrity_sha256 = Some(received.closing(16..=32)?);
            }
            // "Agents MUST ignore all attributes that follow" (RFC 8489 section 9).
            _ if signed => {}
            AttributeType::MESSAGE_INTEGRITY => self.integrity = Some(received.closing(20..=20)?),
            kind => match Attribute::of(kind) {
                Some(attribute) => self.index(attribute, received)?,
                None => self.note_unknown(kind),
            },
        }
        Ok(())
    }

    /// "Any attribute type MAY appear more than once [...] only the first occurrence needs to be
    /// processed" (RFC 8489 section 14).
    fn index(&mut self, attribute: Attribute, received: &Received<'a>) -> Result<(), ParseError> {
        let Some(slot @ None) = self.values.get_mut(attribute as usize) else {
            return Ok(());
        };
        if !attribute.shape().fits(received.value) {
            return Err(ParseError::Value(received.kind));
        }
        *slot = Some(received.value);
        Ok(())
    }

    fn note_unknown(&mut self, kind: AttributeType) {
        if !kind.is_comprehension_required() || self.unknown().contains(&kind) {
            return;
        }
        if let Some(slot) = self.unknown.get_mut(self.unknown_count) {
            *slot = kind;
            self.unknown_count = self.unknown_count.saturating_add(1);
        }
    }
}

/// One attribute and where it stands.
struct Received<'a> {
    kind: AttributeType,
    value: &'a [u8],
    /// The datagram up to this attribute.
    before: &'a [u8],
    /// The attributes that follow it.
    after: &'a [u8],
    /// Header, value and padding.
    bytes: usize,
}

impl<'a> Received<'a> {
    /// The first attribute of `rest`, which is the tail of `datagram`. What the padding holds is
    /// ignored, as RFC 8489 section 14 asks.
    fn first(datagram: &'a [u8], rest: &'a [u8]) -> Result<Self, ParseError> {
        let (&[t0, t1, l0, l1], body) = rest.split_first_chunk().ok_or(ParseError::Attribute)?;
        let value_bytes = usize::from(u16::from_be_bytes([l0, l1]));
        let value = body.get(..value_bytes).ok_or(ParseError::Attribute)?;
        let after = body.get(value_bytes.next_multiple_of(4)..).ok_or(ParseError::Attribute)?;
        let at = datagram.len().saturating_sub(rest.len());
        Ok(Self {
            kind: AttributeType(u16::from_be_bytes([t0, t1])),
            value,
            before: datagram.get(..at).unwrap_or_default(),
            after,
            bytes: rest.len().saturating_sub(after.len()),
        })
    }

    /// Tags are whole words: "a multiple of 4 bytes" (RFC 8489 section 14.6).
    fn closing(
        &self,
        value_bytes: core::ops::RangeInclusive<usize>,
    ) -> Result<Closing<'a>, ParseError> {
        let refusal = ParseError::Value(self.kind);
        if !Shape::Bytes(value_bytes).fits(self.value) || !self.value.len().is_multiple_of(4) {
            return Err(refusal);
        }
        let covered = Covered::new(self.before, self.bytes).ok_or(refusal)?;
        Ok(Closing { covered, value: self.value })
    }
}
