//! Who is where, and between which regions rooms carry.

use std::collections::BTreeMap;

use ringfence_core::{AllocationView, RoomView};

use super::{FlowsBetween, RegionLoad};
use crate::relay::Control;

/// Counts by region.
pub(super) fn count(
    control: &Control,
    rooms: &[RoomView],
    allocations: &[AllocationView],
) -> (Vec<RegionLoad>, Vec<FlowsBetween>) {
    let mut census = Census::default();
    for room in rooms.iter().filter(|room| room.latched > 0) {
        let participants = control.participants(&room.room).into_iter();
        census.room(participants.filter_map(|who| who.region));
    }
    for allocation in allocations {
        census.region(&allocation.region).allocations += 1;
    }
    let flow = |((from, to), flows)| FlowsBetween { from, to, flows };
    (census.regions.into_values().collect(), census.flows.into_iter().map(flow).collect())
}

#[derive(Default)]
struct Census {
    regions: BTreeMap<String, RegionLoad>,
    flows: BTreeMap<(String, String), u64>,
}

impl Census {
    /// Adds a room, of which it needs to know where each of those in it is.
    fn room(&mut self, whereabouts: impl Iterator<Item = String>) {
        let mut present: BTreeMap<String, u64> = BTreeMap::new();
        whereabouts.for_each(|region| *present.entry(region).or_default() += 1);
        for (from, senders) in &present {
            self.region(from).participants += senders;
            for (to, listeners) in &present {
                // Nobody hears themselves.
                let others = if from == to { senders - 1 } else { *listeners };
                if others > 0 {
                    *self.flows.entry((from.clone(), to.clone())).or_default() += senders * others;
                }
            }
        }
    }

    fn region(&mut self, name: &str) -> &mut RegionLoad {
        let new = || RegionLoad { region: name.to_owned(), ..RegionLoad::default() };
        self.regions.entry(name.to_owned()).or_insert_with(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(rooms: &[&[&str]]) -> Vec<(String, String, u64)> {
        let mut census = Census::default();
        for room in rooms {
            census.room(room.iter().map(|region| (*region).to_owned()));
        }
        census.flows.into_iter().map(|((from, to), flows)| (from, to, flows)).collect()
    }

    fn flow(from: &str, to: &str, flows: u64) -> (String, String, u64) {
        (from.to_owned(), to.to_owned(), flows)
    }

    #[test]
    fn each_hears_all_others_of_the_room_and_nobody_else() {
        let europe = &["europe", "europe", "europe"][..];
        assert_eq!(counted(&[europe]), [flow("europe", "europe", 6)]);
        assert!(counted(&[&["europe"], &["china"]]).is_empty());
        let mixed = &["europe", "china", "europe"][..];
        let flows =
            [flow("china", "europe", 2), flow("europe", "china", 2), flow("europe", "europe", 2)];
        assert_eq!(counted(&[mixed]), flows);
    }

    #[test]
    fn rooms_add_up() {
        let call = &["china", "china"][..];
        assert_eq!(counted(&[call, call]), [flow("china", "china", 4)]);
    }
}
