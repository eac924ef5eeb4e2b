//! What happened, in words, for whoever looks into a failure.

use ringfence_core::Instant;

use super::media::MediaId;
use super::stun::Heard;

/// Lines that are kept: the last ones.
const LINES_MAX: usize = 20_000;

/// A trace, or none.
pub struct Trace(Option<Vec<String>>);

impl Trace {
    /// Written down or not.
    pub fn new(wanted: bool) -> Self {
        Self(wanted.then(Vec::new))
    }

    /// Notes what happens now; the words are made only if they are wanted.
    pub fn note(&mut self, now: Instant, words: impl FnOnce() -> String) {
        if let Some(lines) = self.0.as_mut().filter(|lines| lines.len() < LINES_MAX) {
            lines.push(format!("{:>9.3} s  {}", now.since_start().as_secs_f64(), words()));
        }
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.0.as_ref().map_or_else(String::new, |lines| lines.join("\n"))
    }
}

/// A datagram in a few words.
pub fn brief(bytes: &[u8]) -> String {
    match (Heard::read(bytes), MediaId::of(bytes)) {
        (Some(message), _) => {
            let id = message.transaction;
            format!("stun {:04x} {:02x}{:02x}{:02x}", message.message_type, id[0], id[1], id[2])
        }
        (None, Some(MediaId(id))) => {
            format!("{} bytes {:02x?}.. #{id:016x}", bytes.len(), &bytes[..2])
        }
        (None, None) => format!("{bytes:02x?}"),
    }
}
