//! The floors that a relay's cost is measured against: system calls and nothing else.
//!
//! They share the receive arena and the calls with the product's sockets, so that what differs is what
//! the product adds.

mod fan_out;
mod reflector;
mod sink;

pub use fan_out::FanOut;
pub use reflector::Reflector;
pub use sink::{Sink, send_in_trains};
