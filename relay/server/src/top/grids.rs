//! What there is to show, as tables of text.

use super::Growth;
use super::amounts::{bits, count, rate, share};
use super::growth::of_shard;
use crate::status::{ShardLoad, Status};

/// A table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    /// What it is about.
    pub title: &'static str,
    /// Columns at the left that hold words; the others hold numbers.
    pub words: usize,
    /// A name for each column.
    pub header: Vec<String>,
    /// As many cells each as the header has.
    pub rows: Vec<Vec<String>>,
}

/// Shards, regions, refusals, drops. Without growth there are no rates.
pub fn grids(now: &Status, growth: Option<Growth<'_>>) -> [Grid; 4] {
    [shards(now, growth), regions(now), refusals(now, growth), drops(now, growth)]
}

fn shards(now: &Status, growth: Option<Growth<'_>>) -> Grid {
    let row = |(number, shard): (usize, &ShardLoad)| {
        let grown = |read: fn(&ShardLoad) -> f64| {
            growth.map(|growth| growth.each_second(of_shard(number, read)))
        };
        vec![
            number.to_string(),
            if shard.running { "runs" } else { "stopped" }.to_owned(),
            share(shard.load),
            rate(grown(|shard| shard.received as f64)),
            rate(grown(|shard| shard.copies as f64)),
            bits(grown(|shard| shard.copied_bytes as f64)),
            rate(grown(|shard| (shard.dropped + shard.queue_drops) as f64)),
            count(shard.panics),
            count(shard.allocations),
        ]
    };
    let header = ["SHARD", "STATE", "LOAD", "IN/S", "OUT/S", "SENT", "DROPPED/S", "BUGS", "TURN"];
    grid("Shards", 2, &header, now.shards.iter().enumerate().map(row))
}

fn regions(now: &Status) -> Grid {
    let names = now.regions.iter().map(|one| one.region.as_str());
    let between = |from: &str, to: &str| {
        let flows = now.flows.iter().find(|flows| flows.from == from && flows.to == to);
        flows.map_or("-".to_owned(), |flows| count(flows.flows))
    };
    let rows = now.regions.iter().map(|from| {
        let flows = names.clone().map(|to| between(&from.region, to));
        let sums = [count(from.participants), count(from.allocations)];
        std::iter::once(from.region.clone()).chain(flows).chain(sums).collect()
    });
    let to = names.clone().map(|name| format!("→ {name}"));
    let header = std::iter::once("FROM".to_owned()).chain(to);
    let header = header.chain(["IN ROOMS".to_owned(), "TURN".to_owned()]);
    Grid {
        title: "Flows between regions",
        words: 1,
        header: header.collect(),
        rows: rows.collect(),
    }
}

fn refusals(now: &Status, growth: Option<Growth<'_>>) -> Grid {
    let rows = now.refusals.iter().map(|refused| {
        let of = |status: &Status| {
            let same = status.refusals.iter().find(|other| other.rule == refused.rule);
            same.map_or(0.0, |other| other.count as f64)
        };
        let grown = growth.map(|growth| growth.each_second(of));
        vec![refused.rule.clone(), count(refused.count), rate(grown)]
    });
    grid("Refused by the fence", 1, &["RULE", "TIMES", "/S"], rows)
}

fn drops(now: &Status, growth: Option<Growth<'_>>) -> Grid {
    let rows = now.drops.iter().map(|dropped| {
        let of = |status: &Status| {
            let same = status.drops.iter().find(|other| other.reason == dropped.reason);
            same.map_or(0.0, |other| other.count as f64)
        };
        let grown = growth.map(|growth| growth.each_second(of));
        let (fault, reason) = (dropped.fault.clone(), dropped.reason.clone());
        vec![fault, reason, count(dropped.count), rate(grown)]
    });
    grid("Dropped", 2, &["FAULT", "REASON", "PACKETS", "/S"], rows)
}

fn grid(
    title: &'static str,
    words: usize,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Grid {
    let header = header.iter().map(|name| (*name).to_owned()).collect();
    Grid { title, words, header, rows: rows.collect() }
}

impl Grid {
    /// Characters from the left of the first column to the right of the last, which lie so far apart.
    pub(super) fn width(&self, spacing: usize) -> usize {
        let between = spacing * self.header.len().saturating_sub(1);
        self.widths().into_iter().sum::<usize>() + between
    }

    /// Characters of the widest cell of each column.
    pub(super) fn widths(&self) -> Vec<usize> {
        let column = |place: usize| {
            let cells = self.rows.iter().chain([&self.header]).filter_map(|row| row.get(place));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        (0..self.header.len()).map(column).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{DropCount, FlowsBetween, RefusalCount, RegionLoad};

    fn sample(uptime_s: f64, times: u64) -> Status {
        let region = |name: &str, participants| RegionLoad {
            region: name.into(),
            participants,
            allocations: 1,
        };
        let shard = ShardLoad {
            running: true,
            load: 0.25,
            panics: 3,
            received: 1_000 * times,
            copied_bytes: 125_000 * times,
            ..ShardLoad::default()
        };
        Status {
            uptime_s,
            shards: vec![shard],
            regions: vec![region("china", 1), region("europe", 2)],
            flows: vec![FlowsBetween { from: "china".into(), to: "europe".into(), flows: 2 }],
            refusals: vec![RefusalCount { rule: "unknown_address".into(), count: 3 * times }],
            drops: vec![DropCount {
                fault: "kernel".into(),
                reason: "queue_full".into(),
                count: 8,
            }],
            ..Status::default()
        }
    }

    #[test]
    fn without_a_second_sample_there_are_counts_and_no_rates() {
        let [shards, _, refusals, _] = grids(&sample(1.0, 1), None);
        assert_eq!(shards.rows, [["0", "runs", "25 %", "-", "-", "-", "-", "3", "0"]]);
        assert_eq!(refusals.rows, [["unknown_address", "3", "-"]]);
    }

    #[test]
    fn with_one_there_are_both() {
        let (earlier, later) = (sample(1.0, 1), sample(3.0, 5));
        let [shards, _, refusals, drops] = grids(&later, Growth::between(&earlier, &later));
        let row = ["0", "runs", "25 %", "2000", "0", "2.0 Mbit/s", "0", "3", "0"];
        assert_eq!(shards.rows, [row]);
        assert_eq!(refusals.rows, [["unknown_address", "15", "6"]]);
        assert_eq!(drops.rows, [["kernel", "queue_full", "8", "0"]]);
    }

    #[test]
    fn regions_make_a_matrix() {
        let [_, regions, ..] = grids(&sample(1.0, 1), None);
        assert_eq!(regions.header, ["FROM", "→ china", "→ europe", "IN ROOMS", "TURN"]);
        assert_eq!(regions.rows, [["china", "-", "2", "1", "1"], ["europe", "-", "-", "2", "1"]]);
        assert_eq!(regions.widths(), [6, 7, 8, 8, 4]);
    }
}
