//! Where in a long sorted list to look.
//!
//! A tree over the bits of the numbers. Each node takes as many bits as it has entries to tell
//! apart, so that two or three steps lead from millions of entries to a handful; only the last of
//! them need comparing.

use std::ops::Range;

use super::number::Number;

/// Tables over the leading bits of the entries of a sorted list.
#[derive(Clone, Debug)]
pub(super) struct Index {
    slots: Vec<Slot>,
    root: Table,
}

/// Of the numbers that begin with the bits of this slot.
#[derive(Clone, Copy, Debug)]
enum Slot {
    /// Entries from `from` to `to` are at most the highest of them; those before `from` are at
    /// most the lowest.
    Near { from: u32, to: u32 },
    /// The next bits tell.
    Table(Table),
}

/// `1 << bits` slots from `first` on.
#[derive(Clone, Copy, Debug)]
struct Table {
    first: u32,
    skipped: u8,
    bits: u8,
}

/// The first table of a long list tells IPv4 networks and IPv6 registries apart, in half a megabyte.
const ROOT_BITS: u8 = 16;
/// Bits of the first table beyond those that count the entries.
const ROOT_SPARE_BITS: u32 = 2;
/// Entries that are compared rather than told apart by bits.
const NEAR_MAX: usize = 8;
/// Tables on the way to an entry, so that entries that differ late cost no more memory than others.
const DEPTH_MAX: u8 = 3;

impl Index {
    pub(super) fn new<N: Number>(entries: &[N]) -> Self {
        let bits = entries.len().max(1).ilog2() + ROOT_SPARE_BITS;
        let bits = u8::try_from(bits).map_or(ROOT_BITS, |bits| bits.min(ROOT_BITS));
        let root = Table { first: 0, skipped: 0, bits };
        let mut index = Self { slots: Vec::new(), root };
        index.root = index.table(entries, 0..entries.len(), 0, bits, DEPTH_MAX);
        index.slots.shrink_to_fit();
        index
    }

    /// Which entries may be the first that is above `number`; all before them are not.
    pub(super) fn find<N: Number>(&self, number: N) -> Option<Range<usize>> {
        let mut table = self.root;
        loop {
            let slot = number.bits(table.skipped.into(), table.bits.into());
            match *self.slots.get(table.first as usize + slot)? {
                Slot::Near { from, to } => return Some(from as usize..to as usize),
                Slot::Table(inner) => table = inner,
            }
        }
    }

    /// Makes the table of these entries, which are the same in the bits that are skipped.
    fn table<N: Number>(
        &mut self,
        entries: &[N],
        within: Range<usize>,
        skipped: u8,
        bits: u8,
        depth: u8,
    ) -> Table {
        let first = self.slots.len();
        let table = Table { first: index(first), skipped, bits };
        let mut from = within.start;
        for slot in 0..1_usize << bits {
            let rest = &entries[from..within.end];
            let to = from + count_in(rest, slot, table);
            self.slots.push(Slot::Near { from: index(from), to: index(to) });
            from = to;
        }
        if depth > 1 {
            self.refine(entries, table, depth - 1);
        }
        table
    }

    /// Gives each slot with many entries a table of its own.
    fn refine<N: Number>(&mut self, entries: &[N], table: Table, depth: u8) {
        let skipped = table.skipped + table.bits;
        let left = N::BITS.saturating_sub(skipped.into());
        for slot in 0..1_usize << table.bits {
            let at = table.first as usize + slot;
            let Slot::Near { from, to } = self.slots[at] else { continue };
            let within = from as usize..to as usize;
            if within.len() <= NEAR_MAX || left == 0 {
                continue;
            }
            let bits = within.len().ilog2().min(ROOT_BITS.into()).min(left);
            let bits = u8::try_from(bits).unwrap_or(ROOT_BITS);
            self.slots[at] = Slot::Table(self.table(entries, within, skipped, bits, depth));
        }
    }
}

/// How many of the leading entries have the bits of a slot.
fn count_in<N: Number>(entries: &[N], slot: usize, table: Table) -> usize {
    let has_bits = |entry: &N| entry.bits(table.skipped.into(), table.bits.into()) <= slot;
    // Most slots have few entries or none, so ask near the front first.
    let near = entries.iter().take(NEAR_MAX).take_while(|entry| has_bits(entry)).count();
    if near < NEAR_MAX { near } else { entries.partition_point(has_bits) }
}

/// Lists of 4 billion entries are not made: a policy is refused long before.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// How many entries are at most `number`, by way of the index.
    fn found<N: Number>(index: &Index, entries: &[N], number: N) -> usize {
        let near = index.find(number).unwrap();
        near.start + entries[near].partition_point(|entry| *entry <= number)
    }

    fn check<N: Number + std::fmt::Debug>(entries: &BTreeSet<N>, asked: &[N]) {
        let entries: Vec<N> = entries.iter().copied().collect();
        let index = Index::new(&entries);
        let edges = entries.iter().flat_map(|entry| [entry.before(), *entry]);
        let edges = edges.chain(entries.iter().filter_map(|entry| entry.after()));
        for number in edges.chain(asked.iter().copied()).chain([N::ZERO, N::MAX]) {
            let expected = entries.partition_point(|entry| *entry <= number);
            assert_eq!(found(&index, &entries, number), expected, "{number:?}");
        }
    }

    /// Numbers in clumps: what differs are a few bits somewhere.
    fn clumped() -> impl Strategy<Value = u128> {
        (any::<u128>(), 0..4_u32, 0..96_u32).prop_map(|(bits, clump, shift)| {
            (u128::from(clump) << 126) | ((bits & 0xffff) << shift)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn it_leads_to_the_place_that_a_search_of_all_finds(
            entries in prop::collection::btree_set(clumped(), 0..2_000),
            asked in prop::collection::vec(any::<u128>(), 32),
        ) {
            check(&entries, &asked);
            let low = |number: &u128| u32::try_from(number & 0xffff_ffff).unwrap();
            check(&entries.iter().map(low).collect(), &asked.iter().map(low).collect::<Vec<_>>());
        }
    }

    #[test]
    fn many_entries_are_told_apart_by_bits_and_few_are_left_to_compare() {
        let entries: Vec<u128> = (0..100_000).map(|n| (0x2a00_u128 << 112) + (n << 80)).collect();
        let index = Index::new(&entries);
        let most = entries.iter().map(|&entry| index.find(entry).unwrap().len()).max();
        assert!(most <= Some(NEAR_MAX), "{most:?}");
    }

    #[test]
    fn entries_that_differ_late_do_not_make_it_large() {
        let entries: Vec<u128> =
            (0..10_000).flat_map(|n| (0..9).map(move |m| (n << 112) + m)).collect();
        let index = Index::new(&entries);
        assert!(index.slots.len() < 4 * entries.len() + (1 << ROOT_BITS), "{}", index.slots.len());
    }
}
