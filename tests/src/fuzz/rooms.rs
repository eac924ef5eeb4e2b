//! Rooms: the bytes direct a whole scenario of the simulator, weather, attackers, operator and all. Its
//! judge looks at every datagram that leaves, and the reference model says who must hear whom.

use crate::sim::chaos;

/// One scenario.
pub(super) fn run(bytes: &[u8]) {
    let violations = chaos::told(bytes).violations;
    assert!(violations.is_empty(), "{violations:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::chaos::Summary;
    use crate::sim::dice::Dice;

    /// Without this the target could hold by never trying anything.
    #[test]
    fn random_bytes_make_scenarios_in_which_media_flows_and_is_refused() {
        let mut summary = Summary::new();
        for seed in 0..240 {
            summary.merge(&chaos::told(&Dice::new(seed).some_bytes(400)).summary);
        }
        assert!(summary.deliveries > 100 && summary.packets_in_forbidden > 100, "{summary:?}");
        assert!(summary.reloads > 5 && summary.path_checks > 100, "{summary:?}");
    }
}
