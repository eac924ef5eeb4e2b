//! Floods, each thrown at a relay of its own, `ringfence serve`: what it answers, and that it never takes
//! more than 256 MB.
//!
//! The relay is alone in a network namespace, joined by a cable to that of the test. Neither has a
//! way out.

mod colliding;
mod flow;
mod lab;
mod log_lines;
mod overload;
mod quotas;
mod sieve;
mod slow_streams;
mod spoof;
mod strangers;
