//! Prefixes that nest, as ranges that do not: the longest prefix wins.

use ipnet::IpNet;

use crate::ranges::AddressRange;

/// Which value each address has, the longest prefix that holds it deciding. Comes out in order;
/// neighbours that touch have different values. Of equal prefixes the last one decides.
pub fn flattened<T: Copy + PartialEq>(mut prefixes: Vec<(IpNet, T)>) -> Vec<(AddressRange, T)> {
    prefixes.sort_by_key(|(net, _)| (net.network(), net.prefix_len()));
    let mut sweep = Sweep { open: Vec::new(), flat: Vec::with_capacity(prefixes.len()) };
    for (net, value) in prefixes {
        sweep.enter(net.into(), value);
    }
    sweep.leave_before(None);
    sweep.flat
}

/// A walk up the addresses, within the prefixes that are open where it stands.
struct Sweep<T> {
    /// Outer ones first; of each what lies ahead.
    open: Vec<(AddressRange, T)>,
    flat: Vec<(AddressRange, T)>,
}

impl<T: Copy + PartialEq> Sweep<T> {
    fn enter(&mut self, range: AddressRange, value: T) {
        self.leave_before(Some(&range));
        if let Some((outer, outer_value)) = self.open.last_mut() {
            let (before, outer_value) = (outer.before(&range), *outer_value);
            self.put(before, outer_value);
        }
        self.open.push((range, value));
    }

    /// Closes what ends before `next` starts; everything if nothing comes.
    fn leave_before(&mut self, next: Option<&AddressRange>) {
        let is_over =
            |(open, _): &mut (AddressRange, T)| next.is_none_or(|next| open.last() < next.first());
        while let Some((inner, value)) = self.open.pop_if(is_over) {
            self.put(Some(inner), value);
            self.advance(&inner);
        }
    }

    /// What encloses `inner` goes on behind it, if anything of it does.
    fn advance(&mut self, inner: &AddressRange) {
        while let Some((outer, _)) = self.open.last_mut() {
            match outer.behind(inner) {
                Some(rest) => return *outer = rest,
                None => drop(self.open.pop()),
            }
        }
    }

    fn put(&mut self, range: Option<AddressRange>, value: T) {
        let Some(range) = range else { return };
        match self.flat.last_mut() {
            Some((last, same)) if *same == value && last.touches(&range) => *last = last.to(&range),
            _ => self.flat.push((range, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_inner_prefix_cuts_the_outer_one_in_two() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let flat = flattened(vec![
            (net("10.0.0.128/25"), 'b'),
            (net("10.0.0.0/24"), 'a'),
            (net("10.0.0.64/26"), 'a'),
            (net("10.0.0.192/32"), 'a'),
        ]);
        let shown: Vec<_> = flat
            .iter()
            .map(|(range, value)| format!("{}-{} {value}", range.first(), range.last()))
            .collect();
        assert_eq!(
            shown,
            [
                "10.0.0.0-10.0.0.127 a",
                "10.0.0.128-10.0.0.191 b",
                "10.0.0.192-10.0.0.192 a",
                "10.0.0.193-10.0.0.255 b"
            ]
        );
    }

    /// Prefixes at both ends of both families, so that there is something to collide with.
    fn prefix() -> impl Strategy<Value = IpNet> {
        (any::<bool>(), any::<bool>(), 0..64_u8, 0..=7_u8).prop_map(|(v4, high, low, bits)| {
            let (low, width) = (u32::from(low), if v4 { 32 } else { 128 });
            let address = match (v4, high) {
                (true, false) => IpAddr::from(Ipv4Addr::from_bits(low)),
                (true, true) => Ipv4Addr::from_bits(u32::MAX - low).into(),
                (false, false) => Ipv6Addr::from_bits(low.into()).into(),
                (false, true) => Ipv6Addr::from_bits(u128::MAX - u128::from(low)).into(),
            };
            let length = if bits == 7 { 0 } else { width - bits };
            IpNet::new(address, length).unwrap().trunc()
        })
    }

    proptest! {
        #[test]
        fn each_address_has_the_value_of_its_longest_prefix(
            prefixes in prop::collection::vec((prefix(), 0..3_u8), 0..24),
            asked in prefix(),
        ) {
            let flat = flattened(prefixes.clone());
            let address = asked.network();
            let longest = prefixes
                .iter()
                .filter(|(net, _)| net.contains(&address))
                .max_by_key(|(net, _)| net.prefix_len());
            let found: Vec<u8> = flat
                .iter()
                .filter(|(range, _)| range.first() <= address && address <= range.last())
                .map(|&(_, value)| value)
                .collect();
            prop_assert_eq!(found, Vec::from_iter(longest.map(|&(_, value)| value)));
            let ordered = flat.windows(2).all(|pair| {
                let [(a, left), (b, right)] = pair else { return false };
                a.last() < b.first() && (left != right || !a.touches(b))
            });
            prop_assert!(ordered, "{flat:?}");
        }
    }
}
