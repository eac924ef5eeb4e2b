//! The relay on real sockets, with software that is not ours at both ends.

mod bit_exact;
mod canary_keys;
mod ffmpeg;
mod gstreamer;
mod on_sockets;
mod party;
mod processes;
