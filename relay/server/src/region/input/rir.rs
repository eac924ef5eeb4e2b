//! Statistics of the regional Internet registries, `delegated-…-extended-…`.
//!
//! Format: "RIR statistics exchange format", version 2: lines of fields between bars; a version
//! line, summary lines, and a record for each block:
//! `ripencc|DE|ipv4|81.0.0.0|65536|20010101|allocated|…`. The value of an IPv4 block is a count of
//! addresses, which need not be a power of two, that of an IPv6 block a prefix length.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::{BadInput, Rows, lines, shown};

/// What a block's status must be for its country to mean something.
const IN_USE: [&str; 2] = ["allocated", "assigned"];
/// In place of a country: unknown.
const NO_COUNTRY: [&str; 2] = ["", "ZZ"];

pub(super) fn read(text: &str, rows: &mut Rows<'_>) -> Result<(), BadInput> {
    let (mut promised, mut records) = (0, 0_usize);
    for (number, line) in lines(text) {
        let fields: Vec<&str> = line.split('|').collect();
        match fields.as_slice() {
            [version, _registry, _serial, count, ..] if is_version(version) => {
                promised += count.parse::<usize>().map_err(|_| unreadable(number, count))?;
            }
            [.., last] if *last == "summary" => {}
            [_registry, country, family, start, value, _date, status, ..] => {
                records += 1;
                if IN_USE.contains(status) && !NO_COUNTRY.contains(country) {
                    add(number, [country, family, start, value], rows)?;
                }
            }
            _ => return Err(unreadable(number, line)),
        }
    }
    if records < promised {
        let message = format!("it promises {promised} records and has {records}");
        return Err(BadInput::whole(message, "fetch the file again"));
    }
    Ok(())
}

/// The version is a number, such as `2` or `2.3`; registries have names.
fn is_version(field: &str) -> bool {
    field.starts_with(|first: char| first.is_ascii_digit())
}

fn add(
    number: usize,
    [country, family, start, value]: [&str; 4],
    rows: &mut Rows<'_>,
) -> Result<(), BadInput> {
    match family {
        "ipv4" => {
            let (first, last) = block_v4(start, value).ok_or_else(|| unreadable(number, value))?;
            rows.add_range(number, first, last, country)
        }
        "ipv6" => {
            let net = format!("{start}/{value}").parse::<IpNet>().ok().map(|net| net.trunc());
            let net = net.filter(|net| matches!(net, IpNet::V6(_)));
            rows.add_prefix(number, net.ok_or_else(|| unreadable(number, start))?, country)
        }
        _ => Ok(()), // AS numbers
    }
}

fn block_v4(start: &str, count: &str) -> Option<(IpAddr, IpAddr)> {
    let (first, count): (Ipv4Addr, u32) = (start.parse().ok()?, count.parse().ok()?);
    let last = first.to_bits().checked_add(count.checked_sub(1)?)?;
    Some((first.into(), Ipv4Addr::from_bits(last).into()))
}

fn unreadable(number: usize, text: &str) -> BadInput {
    let message = format!("`{}` is not what such a file holds here", shown(text));
    BadInput::at(number, message, "fetch the file again; `--kind` says how to read it")
}
