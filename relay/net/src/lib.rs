//! Packet I/O: the contract of a backend, the sockets that implement it, and the few other system
//! calls a relay needs. The only crate of the workspace that may use `unsafe`.
#![deny(unsafe_op_in_unsafe_fn)]

mod address;
mod counters;
mod syscall;
mod waker;

pub mod affinity;
pub mod backend;
pub mod cputime;
pub mod floor;
pub mod inherited;
pub mod interfaces;
pub mod receive_queue;
pub mod sleep;
pub mod sockets;
pub mod timekeeping;

pub use counters::{
    IoCounters, ReceiveCounters, RelayedCounters, SendCounters, SendRefusal, StreamCounters,
};
pub use waker::Waker;
