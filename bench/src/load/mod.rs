//! The generator.

mod flood;

pub use flood::{FLOOD_PER_S_MAX, Flood};
