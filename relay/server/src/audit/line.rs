//! The form of a line:
//! `{"seq":7,"time":"…","prev":"…","site":"fra1","epoch":1,"event":"joined",…}`, in this order.
//! What checks the chain reads no further than the event, and takes nothing that is written
//! otherwise.

use serde::{Deserialize, Serialize};

use super::{Digest, Record};
use crate::timestamp::Moment;

/// Longest line with its line break: four times what the longest names come to.
pub const LINE_BYTES_MAX: usize = 16 << 10;

/// A whole line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Its number; the first of a trail is 1.
    pub seq: u64,
    /// When it happened.
    pub time: Moment,
    /// Digest of the line before.
    pub prev: Digest,
    /// Of which site's relay.
    pub site: String,
    /// Version of the policy in force.
    pub epoch: u32,
    /// What happened.
    #[serde(flatten)]
    pub record: Record,
}

/// What the chain needs to know of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link<'a> {
    /// Its number.
    pub seq: u64,
    /// What it says of the line before.
    pub prev: Digest,
    /// Its own digest.
    pub sha256: Digest,
    /// Its event.
    pub event: &'a str,
}

/// A line that is not in the form, and its digest all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// Digest of its bytes.
    pub sha256: Digest,
}

impl Line {
    /// The line with its line break; `None` if that would be too long.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self).ok()?;
        bytes.push(b'\n');
        (bytes.len() <= LINE_BYTES_MAX).then_some(bytes)
    }
}

impl<'a> Link<'a> {
    /// Reads a line with its line break.
    ///
    /// # Errors
    /// [`Malformed`]: not as a relay writes it.
    pub fn read(line: &'a [u8]) -> Result<Self, Malformed> {
        let sha256 = Digest::of(line);
        let read = Front(line).link(sha256).filter(|_| line.ends_with(b"}\n"));
        read.ok_or(Malformed { sha256 })
    }
}

/// What is left of a line to read from the left.
struct Front<'a>(&'a [u8]);

impl<'a> Front<'a> {
    fn link(mut self, sha256: Digest) -> Option<Link<'a>> {
        self.skip(b"{\"seq\":")?;
        let seq = self.number()?;
        self.skip(b",\"time\":\"")?;
        self.take(27)?;
        self.skip(b"\",\"prev\":\"")?;
        let prev = Digest::from_hex(self.take(64)?)?;
        self.skip(b"\",\"site\":\"")?;
        self.text()?;
        self.skip(b",\"epoch\":")?;
        self.number()?;
        self.skip(b",\"event\":\"")?;
        let event = std::str::from_utf8(self.text()?).ok()?;
        Some(Link { seq, prev, sha256, event })
    }

    fn skip(&mut self, text: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(bytes)?;
        self.0 = left;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(self.take(digits)?).ok()?.parse().ok()
    }

    /// The rest of a JSON string and its closing quote.
    fn text(&mut self) -> Option<&'a [u8]> {
        let mut escaped = false;
        let end = self.0.iter().position(|&byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        })?;
        let text = self.take(end)?;
        self.skip(b"\"")?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line {
            seq: 7,
            time: Moment { unix_us: 1_795_291_380_000_001 },
            prev: Digest::of(b"before\n"),
            site: "fra\"1\\".to_owned(),
            epoch: 3,
            record: Record::Suppressed { count: 4 },
        }
    }

    #[test]
    fn a_line_has_the_form_that_is_promised() {
        let line = Line { site: "fra1".to_owned(), ..line() };
        let text = String::from_utf8(line.to_bytes().unwrap()).unwrap();
        let start = r#"{"seq":7,"time":"2026-11-21T20:03:00.000001Z","prev":""#;
        let end = r#"","site":"fra1","epoch":3,"event":"suppressed","count":4}"#;
        assert_eq!(text, format!("{start}{}{end}\n", line.prev));
    }

    #[test]
    fn the_front_of_a_line_is_read_with_any_site_s_name() {
        let bytes = line().to_bytes().unwrap();
        let link = Link::read(&bytes).unwrap();
        assert_eq!((link.seq, link.prev, link.event), (7, line().prev, "suppressed"));
        assert_eq!(link.sha256, Digest::of(&bytes));
        assert_eq!(serde_json::from_slice::<Line>(&bytes).unwrap(), line());
    }

    #[test]
    fn what_a_relay_would_not_write_is_malformed() {
        let good = String::from_utf8(line().to_bytes().unwrap()).unwrap();
        for bad in [
            good.replace("{\"seq\"", "{ \"seq\""),
            good.replace("\"seq\":7", "\"seq\":"),
            good.replace('\n', ""),
            good.replace('}', ""),
            good.replace("prev", "prew"),
            good.to_uppercase(),
            String::new(),
            "\n".to_owned(),
        ] {
            let read = Link::read(bad.as_bytes());
            assert_eq!(read, Err(Malformed { sha256: Digest::of(bad.as_bytes()) }), "{bad}");
        }
    }
}
