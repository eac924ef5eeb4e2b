//! Work whose instructions are counted: the same for the same binary, so a change shows that a wall clock
//! would not. `scripts/instructions` runs each step under callgrind and compares.
//!
//! Everything here starts from fixed seeds, and the tables are small: instructions do not depend on
//! what is in which cache.

mod steps;

pub use steps::{STEPS, Step, Work};

/// Runs a step again and again. Callgrind counts what happens in here, and nothing else.
#[inline(never)]
pub fn measured_repetitions(work: &mut dyn FnMut(), repetitions: usize) {
    for _ in 0..repetitions {
        work();
    }
}
