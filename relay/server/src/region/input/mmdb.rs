//! Databases in MaxMind's format.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv6Net};
use maxminddb::{MaxMindDbError, PathElement, Reader, WithinOptions};

use super::{BadInput, Rows};

const FETCH_AGAIN: &str = "fetch the file again";

/// Where in a record the label is: keys from the outside in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelPath(Vec<String>);

impl Default for LabelPath {
    fn default() -> Self {
        Self(vec!["country".to_owned(), "iso_code".to_owned()])
    }
}

/// Keys with dots between them, such as `country.iso_code`.
impl FromStr for LabelPath {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let keys: Vec<String> = text.split('.').map(str::to_owned).collect();
        match keys.iter().any(String::is_empty) {
            true => Err("write keys with dots between them, such as country.iso_code"),
            false => Ok(Self(keys)),
        }
    }
}

/// Reads all networks that have a label. A row is a network, counted from 1.
pub(super) fn read(bytes: &[u8], path: &LabelPath, rows: &mut Rows<'_>) -> Result<(), BadInput> {
    let reader = Reader::from_source(bytes).map_err(|error| damaged(&error))?;
    let keys: Vec<PathElement<'_>> = path.0.iter().map(|key| PathElement::Key(key)).collect();
    // Few records serve many networks.
    let mut labels: HashMap<Option<usize>, Option<String>> = HashMap::new();
    let networks = reader.networks(WithinOptions::default()).map_err(|error| damaged(&error))?;
    // A tree has one leaf more than it has nodes; one that leads back into itself has no end.
    let networks_max = usize::try_from(reader.metadata().node_count).unwrap_or(usize::MAX);
    for (at, network) in networks.enumerate() {
        let network = network.map_err(|error| damaged(&error))?;
        if at > networks_max {
            return Err(BadInput::whole("the tree of the database has no end", FETCH_AGAIN));
        }
        let label = match labels.entry(network.offset()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(network.decode_path(&keys).map_err(|error| damaged(&error))?)
            }
        };
        let block = network.network().map_err(|error| damaged(&error))?;
        let net = folded(block.ip(), block.prefix()).ok_or_else(no_prefix)?;
        if let Some(label) = label.as_ref().filter(|label| !label.is_empty()) {
            rows.add_prefix(at + 1, net, label)?;
        }
    }
    Ok(())
}

/// IPv4 networks lie at ::/96 in the tree of a database with both families.
fn folded(ip: IpAddr, length: u8) -> Option<IpNet> {
    const V4_IN_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 96);
    match ip {
        IpAddr::V6(v6) if length >= V4_IN_V6.prefix_len() && V4_IN_V6.contains(&v6) => {
            let [.., a, b, c, d] = v6.octets();
            IpNet::new([a, b, c, d].into(), length - V4_IN_V6.prefix_len()).ok()
        }
        ip => IpNet::new(ip, length).ok(),
    }
    .map(|net| net.trunc())
}

fn damaged(error: &MaxMindDbError) -> BadInput {
    BadInput::whole(format!("the database cannot be read: {error}"), FETCH_AGAIN)
}

fn no_prefix() -> BadInput {
    BadInput::whole("the database has a network that is none", FETCH_AGAIN)
}
