//! WebRTC clients that are not ours relay through `ringfence`: browsers, libwebrtc, aioice and a
//! Rust TURN client.

mod browsers;
mod chromium;
mod firefox;
mod programs;
mod python;
mod relay;
mod sans_io;
mod world;
