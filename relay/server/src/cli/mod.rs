//! The command line.

mod output;

pub use output::OutputMode;
