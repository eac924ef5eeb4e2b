//! Whether each shard has a processor of its own.

use super::Finding;
use crate::config::Workers;

const CHECK: &str = "shards";

/// How many shards a relay would run here.
pub(super) fn count(workers: Workers, cpus: usize) -> usize {
    match workers {
        Workers::PerCpu => cpus.max(1),
        Workers::Count(count) => usize::from(count.get()),
    }
}

/// Shards that share a processor wait for each other.
pub(super) fn check(shards: usize, cpus: usize) -> Finding {
    if shards <= cpus {
        return Finding::ok(CHECK, format!("{shards} shards on {cpus} processors"));
    }
    let message = format!("{shards} shards share {cpus} processors: each waits for the others");
    Finding::warning(CHECK, message, "[node]\nworkers = 0    # one for each processor")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::super::Grade;
    use super::*;

    #[test]
    fn there_are_as_many_as_configured_or_as_processors() {
        let five = Workers::Count(NonZeroU16::new(5).unwrap());
        assert_eq!(
            (count(five, 2), count(Workers::PerCpu, 2), count(Workers::PerCpu, 0)),
            (5, 2, 1)
        );
    }

    #[test]
    fn shards_without_a_processor_of_their_own_are_a_warning() {
        assert_eq!(check(2, 2).grade, Grade::Ok);
        assert_eq!(check(3, 2).grade, Grade::Warning);
    }
}
