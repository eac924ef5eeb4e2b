//! Whether the network cards spread packets over as many processors as there are shards.

use super::Finding;

const CHECK: &str = "queues";

/// A network card, as sysfs shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Card {
    pub(super) name: String,
    /// Receive queues; each interrupts one processor.
    pub(super) queues: usize,
    /// Whether the kernel spreads what a queue receives (RPS).
    pub(super) steered: bool,
}

/// One finding for each card that carries media.
pub(super) fn check(shards: usize, cards: &[Card]) -> Vec<Finding> {
    match cards {
        [] => vec![Finding::ok(CHECK, "no address of the relay is on a network card")],
        cards => cards.iter().map(|card| one(shards, card)).collect(),
    }
}

fn one(shards: usize, card: &Card) -> Finding {
    let Card { name, queues, steered } = card;
    if *queues >= shards {
        return Finding::ok(
            CHECK,
            format!("{name} has {queues} receive queues for {shards} shards"),
        );
    }
    if *steered {
        let message =
            format!("{name} has {queues} receive queues for {shards} shards, and is steered");
        return Finding::ok(CHECK, message);
    }
    let message = format!(
        "{name} has {queues} receive queues for {shards} shards: as few processors receive for all"
    );
    let fix = format!(
        "ethtool -L {name} combined {shards} || for queue in /sys/class/net/{name}/queues/rx-*; do \
         echo {} > $queue/rps_cpus; done",
        mask(shards)
    );
    Finding::warning(CHECK, message, fix)
}

/// The first so many processors as sysfs writes them: hexadecimal, in groups of 32 bits.
fn mask(cpus: usize) -> String {
    let group = |bits: usize| format!("{:x}", (1_u64 << bits) - 1);
    let whole = (0..cpus / 32).map(|_| group(32));
    let first = (!cpus.is_multiple_of(32)).then(|| group(cpus % 32));
    first.into_iter().chain(whole).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn found(shards: usize, queues: usize, steered: bool) -> Finding {
        check(shards, &[Card { name: "eth0".into(), queues, steered }]).remove(0)
    }

    #[test]
    fn a_queue_for_each_shard_is_as_it_should_be() {
        assert_eq!(found(4, 4, false).grade, Grade::Ok);
        assert_eq!(found(4, 8, false).grade, Grade::Ok);
        assert_eq!(check(4, &[])[0].grade, Grade::Ok);
    }

    #[test]
    fn fewer_are_a_warning_unless_the_kernel_spreads_them() {
        assert_eq!(found(4, 1, true).grade, Grade::Ok);
        let found = found(4, 1, false);
        assert_eq!(found.grade, Grade::Warning);
        let fix = found.fix.unwrap();
        assert!(fix.starts_with("ethtool -L eth0 combined 4 ||"), "{fix}");
        assert!(fix.contains("echo f > $queue/rps_cpus"), "{fix}");
    }

    #[test]
    fn masks_are_in_groups_of_32() {
        let masks = [1, 5, 32, 33, 64].map(mask);
        assert_eq!(masks, ["1", "1f", "ffffffff", "1,ffffffff", "ffffffff,ffffffff"]);
    }
}
