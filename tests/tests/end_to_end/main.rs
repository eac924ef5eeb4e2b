//! The relay on real sockets, with software that is not ours at both ends.
#![expect(clippy::cast_possible_truncation, reason = "the numbers are the tests' own, and small")]

mod bit_exact;
mod canary_keys;
mod encryption;
mod ffmpeg;
mod gstreamer;
mod on_sockets;
mod party;
mod processes;
