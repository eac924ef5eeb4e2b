//! What a relay holds for whoever is there: nothing once they are gone.

use serde::Serialize;

/// All that must be as before when nobody is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Holdings {
    /// Open file descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Relayed ports in use.
    pub ports_used: u64,
    /// Relayed ports kept for someone with a token.
    pub ports_reserved: u64,
    /// TURN allocations.
    pub allocations: u64,
    /// TCP and TLS connections of TURN clients.
    pub streams: u64,
    /// Rooms.
    pub rooms: u64,
    /// Participants.
    pub participants: u64,
    /// Deadlines that shards watch.
    pub shard_timers: u64,
    /// Deadlines that the registry watches.
    pub registry_timers: u64,
}

impl Holdings {
    /// What is not as it was, in words.
    pub fn kept_by(&self, after: &Self) -> Vec<String> {
        let pairs = self.named().into_iter().zip(after.named());
        let changed = pairs.filter(|((_, before), (_, after))| before != after);
        changed
            .map(|((name, before), (_, after))| format!("{name}: {before} before, {after} after"))
            .collect()
    }

    /// Each with its name.
    pub fn named(&self) -> [(&'static str, u64); 10] {
        [
            ("file descriptors", self.descriptors),
            ("threads", self.threads),
            ("relayed ports in use", self.ports_used),
            ("relayed ports reserved", self.ports_reserved),
            ("allocations", self.allocations),
            ("streams", self.streams),
            ("rooms", self.rooms),
            ("participants", self.participants),
            ("timers of shards", self.shard_timers),
            ("timers of the registry", self.registry_timers),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_named_and_what_is_as_before_is_not() {
        let before = Holdings { descriptors: 30, shard_timers: 0, ..Holdings::default() };
        assert!(before.kept_by(&before).is_empty());
        let after = Holdings { descriptors: 31, shard_timers: 2, ..before };
        let kept = before.kept_by(&after);
        assert_eq!(
            kept,
            ["file descriptors: 30 before, 31 after", "timers of shards: 0 before, 2 after"]
        );
    }
}
