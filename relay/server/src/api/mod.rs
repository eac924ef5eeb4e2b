//! The control API. It runs on the control thread, never on a shard.

mod problem;

pub use problem::Problem;
