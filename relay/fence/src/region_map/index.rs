//! Where in a long sorted list to look.
//!
//! A tree over the bits of the numbers. Each node takes about as many bits as it has entries to
//! tell apart, so that one to three steps lead from millions of entries to a few that lie side by
//! side; only those are compared.

use std::ops::Range;

use super::number::Number;

/// Tables over the leading bits of the entries of a sorted list.
#[derive(Clone, Debug)]
pub(super) struct Index {
    slots: Vec<Slot>,
    root: Table,
}

/// Where the last entry is that is not above a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Among the [`NEAR`] entries from here on, unless the very first is above it.
    Near(u32),
    /// Among `count` entries from `from` on.
    Far { from: u32, count: u16 },
}

/// Of the numbers that begin with the bits of this slot.
#[derive(Clone, Copy, Debug)]
enum Slot {
    /// See [`Place`].
    Near(u32),
    /// See [`Place`].
    Far { from: u32, count: u16 },
    /// The next bits tell: a [`Table`].
    Table { first: u32, skipped: u8, bits: u8 },
}

/// What is compared is in few cache lines; so is the way there.
const _: () = assert!(size_of::<Slot>() == 8);

/// `1 << bits` slots from `first` on, told apart by the bits behind those skipped.
#[derive(Clone, Copy, Debug)]
struct Table {
    first: u32,
    skipped: u8,
    bits: u8,
}

/// Entries that are compared rather than told apart by bits: all of them at a time, since a processor
/// has them on its way together, and waits for no comparison.
pub(super) const NEAR: usize = 8;

/// The first table of a long list is half a megabyte, which a processor keeps at hand.
const ROOT_BITS: u32 = 16;
/// Bits of the first table beyond those that count the entries.
const ROOT_SPARE_BITS: u32 = 2;
/// Bits that a table has less than those that count its entries, so that most slots have few, and
/// some none, and hardly any more than are compared.
const SAVED_BITS: u32 = 2;
/// Tables on the way to an entry, so that entries that differ late cost no more memory than others.
const DEPTH_MAX: u8 = 6;

impl Index {
    pub(super) fn new<N: Number, V>(entries: &[(N, V)]) -> Self {
        let bits = entries.len().max(1).ilog2() + ROOT_SPARE_BITS;
        let root = Table { first: 0, skipped: 0, bits: narrow(bits.min(ROOT_BITS)) };
        let mut index = Self { slots: Vec::new(), root };
        index.table(entries, 0..entries.len(), root, DEPTH_MAX);
        index.slots.shrink_to_fit();
        index
    }

    /// Where to look for a number.
    #[inline]
    pub(super) fn find<N: Number>(&self, number: N) -> Option<Place> {
        let mut table = self.root;
        loop {
            let slot = number.bits(table.skipped.into(), table.bits.into());
            match *self.slots.get(table.first as usize + slot)? {
                Slot::Near(from) => return Some(Place::Near(from)),
                Slot::Far { from, count } => return Some(Place::Far { from, count }),
                Slot::Table { first, skipped, bits } => table = Table { first, skipped, bits },
            }
        }
    }

    /// Makes the slots of a table at the end of all slots, and the tables behind them. `within` are
    /// the entries that are the same in the bits that it skips.
    fn table<N: Number, V>(
        &mut self,
        entries: &[(N, V)],
        within: Range<usize>,
        table: Table,
        depth: u8,
    ) {
        let size = 1_usize << table.bits;
        self.slots.resize(self.slots.len() + size, Slot::Near(0));
        let mut from = within.start;
        for slot in 0..size {
            let to = from + count_in(&entries[from..within.end], slot, table);
            let slot = table.first as usize + slot;
            self.slots[slot] = self.slot(entries, from..to, table, depth);
            from = to;
        }
    }

    /// Entries that are few, or cannot be told apart any further, and else a table of their own.
    fn slot<N: Number, V>(
        &mut self,
        entries: &[(N, V)],
        within: Range<usize>,
        above: Table,
        depth: u8,
    ) -> Slot {
        // The entry before them has what lies before the first of them.
        let from = within.start.saturating_sub(1);
        if within.end - from <= NEAR {
            return Slot::Near(narrow_place(from));
        }
        let skipped = above.skipped + above.bits;
        let left = N::BITS.saturating_sub(skipped.into());
        if let Ok(count) = u16::try_from(within.end - from)
            && (depth <= 1 || left == 0)
        {
            return Slot::Far { from: narrow_place(from), count };
        }
        let bits = within.len().ilog2().saturating_sub(SAVED_BITS).clamp(1, ROOT_BITS).min(left);
        let first = narrow_place(self.slots.len());
        let bits = narrow(bits);
        self.table(entries, within, Table { first, skipped, bits }, depth.saturating_sub(1));
        Slot::Table { first, skipped, bits }
    }
}

/// How many of the leading entries have the bits of a slot.
fn count_in<N: Number, V>(entries: &[(N, V)], slot: usize, table: Table) -> usize {
    let has_bits = |entry: &(N, V)| entry.0.bits(table.skipped.into(), table.bits.into()) <= slot;
    // Most slots have few entries or none, so ask near the front first.
    let near = entries.iter().take(NEAR).take_while(|entry| has_bits(entry)).count();
    if near < NEAR { near } else { entries.partition_point(has_bits) }
}

/// Lists of 4 billion entries are not made: a policy is refused long before.
fn narrow_place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Of bits there are at most 64.
fn narrow(bits: u32) -> u8 {
    u8::try_from(bits).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// How many entries are at most `number`, by way of the index.
    fn found<N: Number>(index: &Index, entries: &[(N, ())], number: N) -> usize {
        let (from, count) = match index.find(number).unwrap() {
            Place::Near(from) => (from as usize, NEAR),
            Place::Far { from, count } => (from as usize, usize::from(count)),
        };
        let looked_at = &entries[from..entries.len().min(from + count)];
        from + looked_at.iter().filter(|(entry, ())| *entry <= number).count()
    }

    fn check<N: Number + std::fmt::Debug>(entries: &BTreeSet<N>, asked: impl Iterator<Item = N>) {
        let entries: Vec<_> = entries.iter().map(|&entry| (entry, ())).collect();
        let index = Index::new(&entries);
        for number in asked {
            let expected = entries.partition_point(|(entry, ())| *entry <= number);
            assert_eq!(found(&index, &entries, number), expected, "{number:?}");
        }
    }

    /// Numbers in clumps: what differs are a few bits somewhere.
    fn clumped() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..4_u32, 0..48_u32)
            .prop_map(|(bits, clump, shift)| (u64::from(clump) << 62) | ((bits & 0xffff) << shift))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn it_leads_to_the_place_that_a_search_of_all_finds(
            entries in prop::collection::btree_set(clumped(), 0..2_000),
            asked in prop::collection::vec(any::<u64>(), 32),
        ) {
            let edges = entries.iter().flat_map(|&n| [n.saturating_sub(1), n, n.saturating_add(1)]);
            let asked: Vec<u64> = edges.chain(asked).chain([0, u64::MAX]).collect();
            check(&entries, asked.iter().copied());
            let low = |number: u64| u32::try_from(number & 0xffff_ffff).unwrap();
            check(&entries.iter().copied().map(low).collect(), asked.into_iter().map(low));
        }
    }

    #[test]
    fn many_entries_are_told_apart_by_bits_and_few_are_left_to_compare() {
        let entries: Vec<_> = (0..100_000).map(|n| ((0x2a00_u64 << 48) + (n << 16), ())).collect();
        let index = Index::new(&entries);
        let far = |&&(entry, ()): &&_| matches!(index.find(entry), Some(Place::Far { .. }));
        assert_eq!(entries.iter().filter(far).count(), 0);
    }

    #[test]
    fn entries_that_differ_late_do_not_make_it_large() {
        let clumps = (0..3_000).flat_map(|n| (0..40).map(move |m| ((n << 50) + m, ())));
        let entries: Vec<(u64, ())> = clumps.collect();
        let index = Index::new(&entries);
        assert!(index.slots.len() < 4 * entries.len() + (1 << ROOT_BITS), "{}", index.slots.len());
    }

    #[test]
    fn more_entries_than_a_slot_can_count_are_told_apart_however_late_they_differ() {
        let entries: Vec<(u64, ())> = (0..70_000).map(|n| (n, ())).collect();
        check(&entries.iter().map(|entry| entry.0).collect(), (0..70_001).step_by(7));
    }
}
