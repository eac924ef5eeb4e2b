//! Regions that take labels of region data, from the file to a decision.

use std::net::IpAddr;

use ringfence::config::{self, Failure, Loaded};
use ringfence::region::date::Date;

use crate::workshop::{Workshop, region_data};

const DATED: &str = "2026-11-01";
const CONFIG: &str = r#"
[node]
site = "fra1"
[listen]
media = ["127.1.0.1:3478"]
[region_data]
file = "regions.cidr"
max_age_days = 30
[regions.europe]
cidrs = ["127.1.0.0/16"]
labels = ["DE", "FR"]
[regions.china]
labels = ["CN"]
[sites.fra1]
region = "europe"
addresses = ["127.1.0.0/24"]
[fences.eu-only]
clients = ["europe"]
peers = ["europe"]
transit = ["europe"]
[tenants.acme]
home = "europe"
fences = ["eu-only"]
"#;

fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let lines = ["81.0.0.0/16 DE", "82.0.0.0/16 FR", "83.0.0.0/16 CN", "84.0.0.0/16 RU"];
    workshop.write("regions.cidr", region_data(DATED, &lines));
    workshop.write("ringfence.toml", CONFIG);
    workshop
}

fn load_on(
    workshop: &Workshop,
    day: &str,
    environment: &[(&str, &str)],
) -> Result<Loaded, Failure> {
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let today: Date = day.parse().unwrap();
    config::load_on(today, &workshop.path().join("ringfence.toml"), environment)
}

fn codes(failure: &Failure) -> Vec<&'static str> {
    failure.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

/// The codes of what is wrong with a changed configuration.
fn faults(from: &str, to: &str) -> Vec<&'static str> {
    let workshop = workshop();
    assert!(CONFIG.contains(from), "{from}");
    workshop.write("ringfence.toml", CONFIG.replacen(from, to, 1));
    codes(&load_on(&workshop, DATED, &[]).expect_err(to))
}

#[test]
fn labels_are_the_regions_prefixes() {
    let workshop = workshop();
    let loaded = load_on(&workshop, "2026-11-22", &[]).unwrap_or_else(|error| panic!("{error}"));
    let region = |ip: &str| {
        let ip: IpAddr = ip.parse().unwrap();
        loaded.policy.locate(ip).map(|region| loaded.policy.region_name(region).to_owned()).ok()
    };
    assert_eq!(region("81.0.1.1").as_deref(), Some("europe"));
    assert_eq!(region("127.1.0.9").as_deref(), Some("europe"));
    assert_eq!(region("83.0.1.1").as_deref(), Some("china"));
    assert_eq!(region("84.0.1.1"), None, "no region has the label");
    let data = loaded.config.region_data.as_ref().unwrap();
    assert_eq!((data.prefixes, data.date.to_string().as_str()), (4, DATED));
}

#[test]
fn the_line_of_a_prefix_is_known_though_the_file_is_not_kept() {
    let workshop = workshop();
    let loaded = load_on(&workshop, DATED, &[]).unwrap();
    let prefix = loaded.policy.prefix([82, 0, 7, 7].into()).unwrap();
    let place = loaded.sources.place(prefix.origin).unwrap();
    assert_eq!((place.line, place.column), (6, 1));
    assert!(place.file.ends_with("regions.cidr"), "{}", place.file);
    let line = workshop.read("regions.cidr").lines().nth(5).unwrap().to_owned();
    assert_eq!(line, format!("{} FR", prefix.net));
}

#[test]
fn data_is_stale_after_its_days_and_not_before() {
    let workshop = workshop();
    for day in ["2026-10-31", DATED, "2026-12-01"] {
        assert!(load_on(&workshop, day, &[]).is_ok(), "{day}");
    }
    for (day, code) in [
        ("2026-12-02", "stale_region_data"),
        ("2036-01-01", "stale_region_data"),
        ("2026-10-30", "future_region_data"),
        ("1970-01-01", "future_region_data"),
    ] {
        let failure = load_on(&workshop, day, &[]).expect_err(day);
        assert_eq!(codes(&failure), [code], "{day}");
        let told = failure.render(false);
        assert!(told.contains("regions.cidr:2") && told.contains("help"), "{told}");
    }
}

#[test]
fn the_limit_and_the_file_can_be_overridden() {
    let workshop = workshop();
    let days = [("RINGFENCE__REGION_DATA__MAX_AGE_DAYS", "3650")];
    assert!(load_on(&workshop, "2036-01-01", &days).is_ok());
    workshop.write("other.cidr", region_data(DATED, &["85.0.0.0/16 DE"]));
    let other = [
        ("RINGFENCE__REGION_DATA__FILE", "other.cidr"),
        ("RINGFENCE__REGIONS__EUROPE__LABELS", "[\"DE\"]"),
        ("RINGFENCE__REGIONS__CHINA", "{ cidrs = [\"86.0.0.0/16\"] }"),
    ];
    let loaded = load_on(&workshop, DATED, &other).unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.policy.locate([85, 0, 0, 1].into()).is_ok());
    assert!(loaded.policy.locate([81, 0, 0, 1].into()).is_err());
}

#[test]
fn each_mistake_is_told_once() {
    assert_eq!(faults("\"regions.cidr\"", "\"absent.cidr\""), ["unreadable_file"]);
    assert_eq!(faults("file = \"regions.cidr\"", ""), ["missing_key"]);
    assert_eq!(faults("\"regions.cidr\"", "7"), ["wrong_type"]);
    assert_eq!(faults("max_age_days = 30", "max_age_days = 0"), ["out_of_range"]);
    assert_eq!(faults("max_age_days", "max_age_day"), ["unknown_key"]);
    assert_eq!(faults("[\"CN\"]", "[\"CHN\"]"), ["unknown_label"]);
    assert_eq!(faults("[\"CN\"]", "[\"FR\"]"), ["duplicate_label"]);
    assert_eq!(faults("[\"CN\"]", "[]"), ["empty_region"]);
    assert_eq!(faults("\"127.1.0.0/16\"", "\"81.0.0.0/16\""), ["duplicate_prefix"]);
    let section = "[region_data]\nfile = \"regions.cidr\"\nmax_age_days = 30\n";
    assert_eq!(faults(section, ""), ["no_region_data"; 3]);
}

#[test]
fn a_faulty_file_is_told_with_its_line_and_where_it_is_named() {
    let workshop = workshop();
    workshop.write("regions.cidr", region_data(DATED, &["81.0.0.1/16 DE"]));
    let failure = load_on(&workshop, DATED, &[]).expect_err("host bits");
    assert_eq!(codes(&failure), ["host_bits"]);
    let told = failure.render(false);
    assert!(told.contains("regions.cidr:5") && told.contains("file = \"regions.cidr\""), "{told}");
    let json = failure.to_json();
    assert_eq!((&json[0]["line"], &json[0]["column"]), (&5.into(), &1.into()));
}

#[test]
fn the_effective_configuration_reads_as_the_same() {
    let workshop = workshop();
    let loaded = load_on(&workshop, DATED, &[]).unwrap();
    let effective = config::effective(&loaded.config);
    assert!(effective.contains("[region_data]") && effective.contains("max_age_days = 30"));
    workshop.write("ringfence.toml", &effective);
    let again = load_on(&workshop, DATED, &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config::effective(&again.config), effective);
    assert!(again.policy.locate([82, 0, 0, 1].into()).is_ok());
}

#[test]
fn check_config_tells_what_was_read() {
    let workshop = workshop();
    let long = CONFIG.replace("max_age_days = 30", "max_age_days = 3650");
    workshop.write("ringfence.toml", long);
    let run = workshop.run(&["check-config"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("region data: 4 prefixes of 2026-11-01"), "{}", run.out);
    let told = workshop.run(&["check-config", "--json"]).json();
    assert_eq!(told["region_data"]["prefixes"], 4);
    assert_eq!(told["regions"][0]["prefixes"], 3);
    let coverage = workshop.region(&["coverage", "--json"]).json();
    assert_eq!(coverage["labels"][1]["label"], "europe");
    assert_eq!(coverage["labels"][1]["ipv4"]["prefixes"], 3);
}
