//! A relay with a TURN door, its clients and their peers in one process, under virtual time.
//!
//! The engines and the registry are the real ones; mailboxes, sockets, clock and kernel are not.
//! [`judge::Judge`] looks at every datagram that leaves, and [`world::World`] at every book that is
//! kept, after every step.

pub mod client;
pub mod codec;
pub mod crowd;
pub mod drafts;
pub mod judge;
mod shard;
pub mod sockets;
pub mod storm;
pub mod world;

pub use client::Client;
pub use codec::Reply;
pub use drafts::turn_world;
pub use world::{Setup, World};
