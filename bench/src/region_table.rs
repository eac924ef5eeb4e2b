//! Tables of prefixes that look like those of the Internet: of all sizes, dense here and thin there.

use ipnet::IpNet;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use ringfence_fence::label_table::{LabelId, LabelTable, Labels};

/// What is cut up: most of what registries have handed out, nothing for special purposes.
const V4: &[&str] = &[
    "1.0.0.0/8",
    "2.0.0.0/7",
    "4.0.0.0/6",
    "8.0.0.0/7",
    "11.0.0.0/8",
    "12.0.0.0/6",
    "16.0.0.0/4",
    "32.0.0.0/3",
    "64.0.0.0/3",
    "128.0.0.0/3",
    "200.0.0.0/6",
    "208.0.0.0/4",
];
const V6: &[&str] = &["2400::/12", "2600::/12", "2800::/12", "2a00::/12", "2c00::/12"];
/// The smallest prefixes that routers pass on, and a bit.
const LENGTH_MAX_V4: u8 = 28;
const LENGTH_MAX_V6: u8 = 64;

/// About as many prefixes as asked for, three of five of them IPv4, of so many labels (`L0`, `L1`, …).
/// The same for the same numbers.
pub fn region_table(prefixes: usize, labels: u16) -> LabelTable {
    let mut cutter =
        Cutter { dice: ChaCha8Rng::seed_from_u64(1), nets: Vec::with_capacity(prefixes) };
    let v4 = prefixes * 3 / 5;
    for (roots, budget) in [(V4, v4), (V6, prefixes - v4)] {
        for root in roots {
            cutter.cut(net(root), budget / roots.len());
        }
    }
    labelled(cutter, labels)
}

/// An address within each prefix, in an order that no cache foresees.
pub fn addresses_in(table: &LabelTable, count: usize) -> Vec<std::net::IpAddr> {
    let mut dice = ChaCha8Rng::seed_from_u64(2);
    let prefixes = table.prefixes();
    let mut one = || {
        let (net, _) = prefixes[below(&mut dice, prefixes.len())];
        within(net, &mut dice)
    };
    (0..count).map(|_| one()).collect()
}

/// Addresses of few networks, as the clients of one relay are.
pub fn addresses_in_clusters(
    table: &LabelTable,
    count: usize,
    clusters: usize,
) -> Vec<std::net::IpAddr> {
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let prefixes = table.prefixes();
    let some = |dice: &mut ChaCha8Rng| prefixes[below(dice, prefixes.len())].0;
    let nets: Vec<IpNet> = (0..clusters).map(|_| some(&mut dice)).collect();
    (0..count).map(|_| within(nets[below(&mut dice, nets.len())], &mut dice)).collect()
}

struct Cutter {
    dice: ChaCha8Rng,
    nets: Vec<IpNet>,
}

impl Cutter {
    /// Cuts a prefix into about `budget` ones, each half getting a share of its own.
    fn cut(&mut self, net: IpNet, budget: usize) {
        let length_max = if net.addr().is_ipv4() { LENGTH_MAX_V4 } else { LENGTH_MAX_V6 };
        let halves = net.subnets(net.prefix_len() + 1);
        match halves {
            Ok(mut halves) if budget > 1 && net.prefix_len() < length_max => {
                let share = budget * (15 + below(&mut self.dice, 71)) / 100;
                for budget in [share, budget - share] {
                    halves.by_ref().take(1).for_each(|half| self.cut(half, budget));
                }
            }
            _ if budget > 0 => self.nets.push(net),
            _ => {}
        }
    }
}

/// Neighbours get different labels, so that none can be made one.
fn labelled(mut cutter: Cutter, count: u16) -> LabelTable {
    let mut labels = Labels::default();
    let ids: Vec<LabelId> = (0..count).filter_map(|n| labels.intern(&format!("L{n}"))).collect();
    let mut table = LabelTable::new(labels);
    let mut at = 0;
    for net in cutter.nets {
        at = (at + 1 + below(&mut cutter.dice, ids.len() - 1)) % ids.len();
        table.push(net, ids[at]).expect("cut in order, and unlike its neighbour");
    }
    table
}

fn within(net: IpNet, dice: &mut ChaCha8Rng) -> std::net::IpAddr {
    let random = (u128::from(dice.next_u64()) << 64) | u128::from(dice.next_u64());
    match net {
        IpNet::V4(net) => {
            let host = u32::try_from(random & u128::from(net.hostmask().to_bits())).unwrap_or(0);
            (net.network() | std::net::Ipv4Addr::from_bits(host)).into()
        }
        IpNet::V6(net) => {
            let host = random & net.hostmask().to_bits();
            (net.network() | std::net::Ipv6Addr::from_bits(host)).into()
        }
    }
}

fn below(dice: &mut ChaCha8Rng, bound: usize) -> usize {
    usize::try_from(dice.next_u64() % bound.max(1) as u64).unwrap_or(0)
}

fn net(text: &str) -> IpNet {
    text.parse().expect("a prefix")
}
