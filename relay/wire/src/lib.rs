//! Bytes to types and back: STUN, TURN, RTP and RTCP headers, and the datagram contract between the
//! engine and the packet backends. No allocation, no I/O, no unsafe, no panic on any input.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "every byte here was written by a stranger"
)]

pub mod channel_data;
pub mod data_indication;
pub mod datagram;
pub mod demux;
pub mod framing;
pub mod rtcp;
pub mod rtp;
pub mod stun;
