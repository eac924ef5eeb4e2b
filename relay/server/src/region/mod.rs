//! Region data: which addresses are where, made from other people's lists and kept in a file of
//! our own.
//!
//! `input` reads the lists, `build` makes one table of them, `file` writes and reads that table with
//! its header. `diff` and `coverage` tell what two tables differ in, and what one leaves open.

pub mod build;
pub mod coverage;
pub mod date;
pub mod diff;
pub mod digest;
pub mod file;
pub mod input;
pub mod share;

/// Prefixes of one file: four times all routes of the Internet.
pub const PREFIXES_MAX: usize = 4_000_000;
/// Characters of a label.
pub const LABEL_CHARS_MAX: usize = 64;

/// Whether a text can be a label: letters, digits, hyphens, dots and underscores, the first no
/// sign.
pub fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.len() <= LABEL_CHARS_MAX
        && text.bytes().all(plain)
        && text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
}
