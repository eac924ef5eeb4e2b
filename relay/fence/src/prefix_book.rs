//! Where each prefix of a policy was written: for people who ask why.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::draft::RegionData;
use crate::{Origin, RegionId};

/// A prefix of a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix {
    /// Without host bits.
    pub net: IpNet,
    /// Whose it is.
    pub region: RegionId,
    /// Where it was written.
    pub origin: Origin,
}

/// All prefixes of a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrefixBook {
    /// Those of the configuration, sorted by prefix, none twice.
    written: Vec<Prefix>,
    /// Those of the data file, and the region that uses each of its labels.
    data: Option<(RegionData, Vec<Option<RegionId>>)>,
}

impl PrefixBook {
    /// `written` is sorted by prefix, none twice; `users` has a place for each label of the data.
    pub(crate) fn new(
        written: Vec<Prefix>,
        data: Option<(RegionData, Vec<Option<RegionId>>)>,
    ) -> Self {
        Self { written, data }
    }

    /// Those of the configuration, then those of the data file whose label a region uses.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (IpNet, RegionId)> {
        let written = self.written.iter().map(|prefix| (prefix.net, prefix.region));
        let data = self.data.iter().flat_map(|(data, users)| {
            let prefixes = data.table.prefixes().iter();
            prefixes.filter_map(|&(net, label)| Some((net, (*users.get(label.index())?)?)))
        });
        written.chain(data)
    }

    /// The prefix in the data file that is exactly this one, if a region uses it.
    pub(crate) fn in_data(&self, net: IpNet) -> Option<Prefix> {
        self.around_in_data(net.network()).filter(|prefix| prefix.net == net)
    }

    /// The longest prefix that holds an address.
    pub(crate) fn longest(&self, ip: IpAddr) -> Option<Prefix> {
        let longest = |prefix: &Prefix| prefix.net.prefix_len();
        [self.around_in_writing(ip), self.around_in_data(ip)]
            .into_iter()
            .flatten()
            .max_by_key(longest)
    }

    fn around_in_writing(&self, ip: IpAddr) -> Option<Prefix> {
        let host = IpNet::from(ip);
        (0..=host.prefix_len()).rev().find_map(|length| {
            let net = IpNet::new(ip, length).ok()?.trunc();
            let place = self.written.binary_search_by_key(&net, |prefix| prefix.net).ok()?;
            self.written.get(place).copied()
        })
    }

    fn around_in_data(&self, ip: IpAddr) -> Option<Prefix> {
        let (data, users) = self.data.as_ref()?;
        let prefixes = data.table.prefixes();
        let place = prefixes.partition_point(|(net, _)| net.network() <= ip).checked_sub(1)?;
        let &(net, label) = prefixes.get(place).filter(|(net, _)| net.contains(&ip))?;
        Some(Prefix { net, region: (*users.get(label.index())?)?, origin: data.origin(place) })
    }
}
