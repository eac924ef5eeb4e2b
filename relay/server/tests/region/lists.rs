//! What `region build` makes of each form of list.

use crate::workshop::Workshop;

fn built(name: &str, content: impl AsRef<[u8]>, options: &[&str]) -> Vec<String> {
    let workshop = Workshop::new();
    workshop.write(name, content);
    workshop.built(&[options, &[name]].concat())
}

/// How building fails: exit code 2, and nothing is written.
fn refused(content: impl AsRef<[u8]>, options: &[&str]) -> String {
    let workshop = Workshop::new();
    workshop.write("list", content);
    let arguments = [&["build", "--output", "made.cidr", "list"], options].concat();
    let run = workshop.region(&arguments);
    assert_eq!(run.code, 2, "{}", run.out);
    let files: Vec<_> = std::fs::read_dir(workshop.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    run.err
}

#[test]
fn prefixes_with_labels_or_one_for_all() {
    let list = "# theirs\n81.0.0.0/17 DE # a remark\n\n 81.0.128.0/17\tDE\n2a01::1 DE\n";
    assert_eq!(built("list", list, &[]), ["81.0.0.0/16 DE", "2a01::1/128 DE"]);
    assert_eq!(built("list", "81.0.0.0/16\n", &["--label", "europe"]), ["81.0.0.0/16 europe"]);
}

#[test]
fn prefixes_that_nest_by_the_longest() {
    let list = "81.0.0.0/16 DE\n81.0.64.0/18 FR\n";
    let expected = ["81.0.0.0/18 DE", "81.0.64.0/18 FR", "81.0.128.0/17 DE"];
    assert_eq!(built("list", list, &[]), expected);
}

#[test]
fn a_bad_prefix_list_is_refused_by_line() {
    for (list, place, word) in [
        ("81.0.0.0/16 DE\n81.0.0.0/33 DE\n", "list:2", "is not a prefix"),
        ("81.0.0.1/16 DE\n", "list:1", "81.0.0.0/16"),
        ("81.0.0.0/16\n", "list:1", "--label"),
        ("81.0.0.0/16 D/E\n", "list:1", "cannot be a label"),
        ("", "list:", "says of no address"),
        ("# nothing\n", "list:", "says of no address"),
    ] {
        let told = refused(list, &["--kind", "cidr"]);
        assert!(told.contains(place) && told.contains(word), "{told}");
    }
}

#[test]
fn ranges_as_numbers_as_tor_has_them() {
    let list = "# header\n16777216,16777471,AU\n16777472,16778239,CN\n1,2,??\n";
    let expected = ["1.0.0.0/24 AU", "1.0.1.0/24 CN", "1.0.2.0/23 CN"];
    assert_eq!(built("geoip", list, &[]), expected);
    let list = "2a01::,2a01:0:ffff:ffff:ffff:ffff:ffff:ffff,DE\nfd00::,fd00::ffff,??\n";
    assert_eq!(built("geoip6", list, &[]), ["2a01::/32 DE"]);
}

#[test]
fn ranges_with_a_heading_and_quotes() {
    let list =
        "\"start\",\"end\",\"country\",\"name\"\r\n\"81.0.0.0\",\"81.0.2.255\",\"DE\",\"x, y\"\r\n";
    assert_eq!(built("list.csv", list, &[]), ["81.0.0.0/23 DE", "81.0.2.0/24 DE"]);
    assert_eq!(built("list.csv", "network,cc\n81.0.0.0/16,DE\n", &[]), ["81.0.0.0/16 DE"]);
}

#[test]
fn bad_ranges_are_refused_by_line() {
    for (list, place, word) in [
        ("81.0.0.0,81.0.0.255,DE\nx,81.0.0.255,DE\n", "list:2", "`x` is not an address"),
        ("81.0.0.255,81.0.0.0,DE\n", "list:1", "there are no addresses"),
        ("81.0.0.0,2a01::,DE\n", "list:1", "there are no addresses"),
        ("81.0.0.0,81.0.0.255\n", "list:1", "too short"),
        (
            "4294967296,4294967297,DE\n1,2,DE\n4294967296,4294967297,DE\n",
            "list:3",
            "is not an address",
        ),
        ("81.0.0.0,81.0.0.255,D E\n", "list:1", "cannot be a label"),
    ] {
        let told = refused(list, &["--kind", "csv"]);
        assert!(told.contains(place) && told.contains(word), "{told}");
    }
}

const RIR: &str = "\
2|ripencc|20261101|5|19930901|20261031|+0100
ripencc|*|ipv4|*|3|summary
ripencc|*|asn|*|1|summary
ripencc|DE|ipv4|81.0.0.0|768|20010101|allocated|a1
ripencc|FR|ipv4|81.1.0.0|256|20010101|assigned|a2
ripencc|GB|ipv4|81.2.0.0|256|20010101|reserved|a3
ripencc|DE|asn|3320|1|20010101|allocated|a4
ripencc|DE|ipv6|2a01::|32|20010101|allocated|a5
";

#[test]
fn registries_statistics_with_counts_that_are_no_powers_of_two() {
    let expected = ["81.0.0.0/23 DE", "81.0.2.0/24 DE", "81.1.0.0/24 FR", "2a01::/32 DE"];
    assert_eq!(built("delegated-ripencc-extended-latest", RIR, &[]), expected);
}

#[test]
fn statistics_that_are_cut_short_or_wrong_are_refused() {
    let cut = RIR.rsplit_once("ripencc|DE|ipv6").unwrap().0;
    assert!(refused(cut, &[]).contains("promises 5 records and has 4"));
    for (from, to) in [
        ("|768|", "|0|"),
        ("|768|", "|4294967295|"),
        ("|81.0.0.0|", "|81.0.0|"),
        ("2a01::|32", "2a01::|129"),
        ("2a01::|32", "81.0.0.0|16"),
        ("ripencc|DE|asn|3320|1|20010101|allocated|a4", "what is this|?"),
    ] {
        let told = refused(RIR.replacen(from, to, 1), &[]);
        assert!(told.contains("list:"), "{to}: {told}");
    }
}

const MMDB: &[u8] = include_bytes!("country.mmdb");

#[test]
fn maxmind_databases_by_country_or_another_key() {
    let countries = [
        "1.0.1.0/24 CN",
        "81.0.0.0/16 DE",
        "81.1.0.0/24 FR",
        "81.1.2.0/23 FR",
        "2a01::/32 DE",
        "2a02:100::/24 FR",
    ];
    assert_eq!(built("country.mmdb", MMDB, &[]), countries);
    let continents = built("country.mmdb", MMDB, &["--mmdb-path", "continent.code"]);
    assert!(continents.contains(&"9.9.9.0/24 NA".to_owned()), "{continents:?}");
    assert!(continents.contains(&"81.1.2.0/23 EU".to_owned()), "{continents:?}");
}

#[test]
fn a_damaged_database_is_refused() {
    for length in [MMDB.len() / 4, MMDB.len() - 40] {
        refused(&MMDB[..length], &["--kind", "mmdb"]);
    }
    assert!(refused("81.0.0.0/16 DE\n", &["--kind", "mmdb"]).contains("cannot be read"));
    assert!(refused(MMDB, &["--mmdb-path", "city.name"]).contains("says of no address"));
}

/// Each byte of the database in turn: an answer or an error, never a crash or an endless walk.
#[test]
fn no_byte_of_a_database_is_trusted() {
    use ringfence::region::input::{Kind, Reading, Rows, read};
    for at in 0..MMDB.len() {
        let mut bytes = MMDB.to_vec();
        bytes[at] ^= 0x55;
        let reading = Reading { kind: Some(Kind::Mmdb), ..Reading::default() };
        let mut rows = Rows::new(|_| ());
        let _ = read(&bytes, &reading, &mut rows);
        assert!(rows.into_parts().1.len() < 100_000, "byte {at}");
    }
}
