//! What the tests of several crates share.

pub mod broken_policies;
pub mod crowd;
pub mod encryption;
pub mod fence_algebra;
pub mod fence_oracle;
pub mod fuzz;
pub mod model;
pub mod program;
pub mod scenario;
pub mod scrape;
pub mod sim;
pub mod stopped_thread;
pub mod supervisor;
pub mod turn;
pub mod turn_world;
