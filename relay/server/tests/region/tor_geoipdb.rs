//! The whole way with a database of the real world, Debian's tor-geoipdb.

use ringfence::region::file::read;
use serde_json::Value;

use crate::workshop::Workshop;

const LISTS: [&str; 2] = ["/usr/share/tor/geoip", "/usr/share/tor/geoip6"];

/// What the text of a list says of an address, by a scan.
fn said_of(address: &str, [v4, v6]: [&str; 2]) -> Option<String> {
    let (text, number) = match address.parse().unwrap() {
        std::net::IpAddr::V4(address) => (v4, u128::from(address.to_bits())),
        std::net::IpAddr::V6(address) => (v6, address.to_bits()),
    };
    let number_of = |text: &str| {
        text.parse().ok().or_else(|| Some(text.parse::<std::net::Ipv6Addr>().ok()?.to_bits()))
    };
    let mut rows = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (first, rest) = line.split_once(',')?;
        let (last, label) = rest.split_once(',')?;
        Some((number_of(first)?, number_of(last)?, label.to_owned()))
    });
    rows.find(|(first, last, _)| (*first..=*last).contains(&number)).map(|(_, _, label)| label)
}

#[test]
fn the_database_is_built_covered_looked_up_and_the_same_when_built_again() {
    let workshop = Workshop::new();
    let lines = workshop.built(&["--date", "2026-11-01", LISTS[0], LISTS[1]]);
    assert!(lines.len() > 500_000, "{}", lines.len());

    let made = workshop.read("made.cidr");
    let table = read(made.as_bytes()).unwrap().table;
    let label = |address: &str| {
        let address: std::net::IpAddr = address.parse().unwrap();
        let at = table.prefixes().partition_point(|(net, _)| net.network() <= address);
        let (net, label) = table.prefixes()[at.checked_sub(1)?];
        net.contains(&address).then(|| table.labels().name(label).to_owned())
    };
    let texts =
        LISTS.map(|list| std::fs::read_to_string(list).expect("apt-get install tor-geoipdb"));
    let mut known = 0;
    for address in [
        "8.8.8.8",
        "1.1.1.1",
        "81.2.69.142",
        "114.114.114.114",
        "193.0.6.139",
        "200.3.14.10",
        "2001:4860:4860::8888",
        "2a00:1450::1",
        "2400:3200::1",
        "2001:67c:2e8:22::c100:68b",
    ] {
        let said =
            said_of(address, texts.each_ref().map(String::as_str)).filter(|label| label != "??");
        known += usize::from(said.is_some());
        assert_eq!(label(address), said, "{address}");
    }
    assert!(known >= 8, "the addresses are in the database: {known}");
    assert_eq!(label("10.0.0.1"), None);

    workshop.write("again.cidr", &made);
    workshop.built(&["--date", "2026-11-02", "--kind", "csv", LISTS[1], LISTS[0]]);
    assert_eq!(workshop.region(&["diff", "again.cidr", "made.cidr"]).code, 0);

    let told = workshop.region(&["coverage", "made.cidr", "--json"]).json();
    let share = |value: &Value| value["ipv4"]["share"].as_f64().unwrap();
    let total: f64 = told["labels"].as_array().unwrap().iter().map(share).sum();
    assert!(share(&told["unknown"]) < 0.05, "{}", told["unknown"]);
    assert!(total > 0.95, "{total}");
    assert_eq!(told["overlaps"].as_array().unwrap().len(), 0);
}
