//! Lists of prefixes: `81.0.0.0/16 DE` a line, or prefixes alone under one label for all.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::{BadInput, Rows, lines, shown};

/// Reads a list. `label` is for lines that have none.
pub(super) fn read(text: &str, label: Option<&str>, rows: &mut Rows<'_>) -> Result<(), BadInput> {
    for (number, line) in lines(text) {
        let mut words = line.split_ascii_whitespace();
        let net = prefix(number, words.next().unwrap_or_default())?;
        let label = words.next().filter(|word| !word.starts_with('#')).or(label);
        let label = label.ok_or_else(|| {
            let help = "write one behind it, or give the list one with `--label`";
            BadInput::at(number, format!("`{net}` has no label"), help)
        })?;
        rows.add_prefix(number, net, label)?;
    }
    Ok(())
}

/// A prefix, or an address alone.
fn prefix(number: usize, text: &str) -> Result<IpNet, BadInput> {
    let net = IpNet::from_str(text).or_else(|_| IpAddr::from_str(text).map(IpNet::from));
    let net = net.map_err(|_| {
        let message = format!("`{}` is not a prefix", shown(text));
        BadInput::at(number, message, "write it like 81.0.0.0/16 or 2001:db8::/32")
    })?;
    if net.trunc() == net {
        return Ok(net);
    }
    let message = format!("`{net}` has bits set behind its prefix; is `{}` meant?", net.trunc());
    Err(BadInput::at(number, message, "clear them or correct the length"))
}
