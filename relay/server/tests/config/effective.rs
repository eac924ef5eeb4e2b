//! The effective configuration reads back to itself and keeps its secrets.

use ringfence::config::{MASK, effective, schema};
use serde_json::Value;

use crate::folder::{Folder, REFERENCE, SECRET, TOKEN};

/// The reference with every optional key that it leaves out.
fn full() -> String {
    let enclaves = REFERENCE
        .replace(
            "home = \"europe\" ",
            "enclave = \"plain\"\nmax_participants = 9\nrequire = [\"europe\"]\nhome = \"europe\" ",
        )
        .replace("[sites.fra1]", "[sites.fra1]\nenclave = \"plain\"")
        .replace("realm = \"example.org\"", FULL_TURN)
        .replace("cidrs = [\"127.1.0.0/16\"]", "labels = [\"DE\"]")
        .replace("[selection]", USER)
        .replace("[selection]", AUDIT);
    format!("{enclaves}peers = [\"any\"]\n{DATA}[nat64]\nprefixes = [\"2001:db8:64::/96\"]\n")
}

const FULL_TURN: &str = "certificate = \"turn.crt\"\nprivate_key = \"turn.key\"\n\
                         alternate_servers = [\"127.1.0.9:3478\"]";
const AUDIT: &str = "[audit]\npath = \"audit.jsonl\"\nsigning_key = \"file:audit.key\"\n\
                     [selection]";
const DATA: &str = "[region_data]\nfile = \"regions.cidr\"\nmax_age_days = 3650\n";
const USER: &str = "[[tenants.acme.users]]\nname = \"zoe\"\npassword = \"file:zoe.password\"\n\
                    fence = \"not-china\"\n[selection]";

#[test]
fn the_effective_configuration_reads_back_to_itself() {
    let folder = Folder::with_identity();
    for text in [REFERENCE, &full()] {
        let loaded = folder.parse(text).unwrap_or_else(|failure| panic!("{failure}"));
        let once = effective(&loaded.config);
        let again = folder.parse(&once).unwrap_or_else(|failure| panic!("{failure}\n{once}"));
        assert_eq!(effective(&again.config), once);
        assert!(again.config.control.token().is_none(), "a mask is no secret");
    }
}

#[test]
fn the_effective_configuration_holds_no_secret() {
    let text = effective(&Folder::new().reference_with(&[]).config);
    assert!(!text.contains(TOKEN) && !text.contains(SECRET));
    assert_eq!(text.matches(MASK).count(), 2);
}

#[test]
fn the_effective_configuration_of_the_reference_is_as_committed() {
    let folder = Folder::new();
    let text = effective(&folder.reference_with(&[]).config);
    let text = text.replace(&folder.path().display().to_string(), "/etc/ringfence");
    assert_eq!(text, include_str!("effective.toml"));
}

#[test]
fn every_key_of_the_schema_is_in_the_effective_configuration() {
    let loaded =
        Folder::with_identity().parse(&full()).unwrap_or_else(|failure| panic!("{failure}"));
    let text = effective(&loaded.config);
    let schema: Value = serde_json::from_str(&schema()).expect("JSON");
    let mut keys = Vec::new();
    collect_keys(&schema, &mut keys);
    assert!(keys.len() > 50, "{keys:?}");
    let keys = keys.iter().filter(|key| !TABLES.contains(&key.as_str()));
    let absent: Vec<_> = keys.filter(|key| !text.contains(&format!("\n{key} = "))).collect();
    assert!(absent.is_empty(), "{absent:?} in\n{text}");
}

const TABLES: [&str; 19] = [
    "tuning",
    "guard",
    "region_data",
    "groups",
    "node",
    "listen",
    "control",
    "turn",
    "limits",
    "log",
    "audit",
    "regions",
    "sites",
    "fences",
    "tenants",
    "users",
    "nat64",
    "selection",
    "invariants",
];

fn collect_keys(schema: &Value, keys: &mut Vec<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        keys.extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(object) => object.values().for_each(|value| collect_keys(value, keys)),
        Value::Array(array) => array.iter().for_each(|value| collect_keys(value, keys)),
        _ => (),
    }
}

#[test]
fn every_key_of_the_schema_is_described() {
    let schema: Value = serde_json::from_str(&schema()).expect("JSON");
    let rooms = &schema["$defs"]["Limits"]["properties"]["room_participants_max"];
    assert_eq!(rooms["minimum"], 2);
    assert_eq!(rooms["maximum"], 1_000);
    assert_eq!(rooms["default"], 1_000);
    assert!(!schema.to_string().contains("null"), "TOML has no null");
    let definitions = schema["$defs"].as_object().expect("definitions");
    let structs = definitions.values().chain([&schema]);
    for (key, property) in structs.filter_map(|one| one["properties"].as_object()).flatten() {
        assert!(property["description"].is_string(), "{key} is not described");
    }
}
