//! What happened, as lines that cannot be changed unnoticed.
//!
//! A trail is one JSON object a line. Each holds the SHA-256 of the whole line before it, so
//! `sed -n 7p audit.jsonl | sha256sum` gives the `prev` of line 8. A small file beside it, the head,
//! says how far the trail had come when it last reached the disk, so that a tail that was cut off
//! is missed too. Whoever can write to both can still make up a new trail; that is what anchors are
//! for, lines signed with a key.
//!
//! `record` is what is written, `line` its form, `chain` what writes, `walk` what checks, `trail`
//! the files, `writer` the thread.

mod anchor;
mod chain;
mod digest;
mod flood;
mod head;
mod line;
mod record;
mod resume;
mod trail;
mod verify;
mod walk;
mod writer;

pub use self::anchor::{NoKey, PublicKey, SigningKey};
pub use self::chain::{Chain, ChainError, ChainSettings};
pub use self::digest::Digest;
pub use self::head::Head;
pub use self::line::{LINE_BYTES_MAX, Line, Link, Malformed};
pub use self::record::{
    Carried, Ended, OfferedAs, PolicyChange, Record, RefusedBy, Traffic, Who, words,
};
pub use self::trail::{NoTrail, Reading, Trail};
pub use self::verify::{Verdict, verify, verify_with};
pub use self::walk::{Fault, Finding, Place, Walk};
pub use self::writer::{Audit, AuditStatus, AuditThread};
