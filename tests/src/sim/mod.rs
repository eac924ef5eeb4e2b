//! A relay, a network and its endpoints in one process, under virtual time, from one seed.
//!
//! The engines and the registry are the real ones; mailboxes, sockets, clock and kernel are not.
//! [`judge::Judge`] looks at every datagram that leaves.

pub mod addresses;
pub mod batch;
pub mod chaos;
pub mod dice;
pub mod drafts;
pub mod endpoint;
pub mod guests;
pub mod judge;
pub mod mailbox;
pub mod media;
pub mod network;
pub mod policy_book;
pub mod relay;
pub mod simulation;
pub mod stun;
pub mod trace;

pub use endpoint::{Answers, EndpointId};
pub use media::{Media, MediaId};
pub use network::Weather;
pub use simulation::{Setup, Simulation};
