//! The generator: an open loop that sends when it is time, whatever the server does.
//!
//! Each packet has a time at which it is meant to leave, and nothing that happens later moves it. What
//! leaves late, or not at all, is counted. Latency is the time of arrival less the time that was meant,
//! so a generator that was held up makes its own figures worse, never better.

mod flood;
mod latency;
mod pace;
mod processor;
mod schedule;
mod search;
mod shape;
mod speaker;
mod srtp;
mod tally;
mod trial;

pub use flood::{FLOOD_PER_S_MAX, Flood, Poured, Stranger, junk};
pub use latency::latency_at_rate;
pub use pace::Manner;
pub use processor::cpu_time;
pub use schedule::Schedule;
pub use search::{Found, search};
pub use shape::{Mix, Shape};
pub use srtp::TAG_BYTES;
pub use trial::{Glance, Load, Trial, run};
