//! The status page in Debian's Chromium, headless, driven by playwright-core (`tests/browsers`).

#[path = "../end_to_end/party.rs"]
#[expect(dead_code, reason = "shared with the end-to-end tests")]
mod party;
#[path = "../real_clients/programs.rs"]
mod programs;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use ringfence::api::Api;
use ringfence::config;
use ringfence::relay::Relay;
use serde_json::{Value, json};
use tempfile::TempDir;

use party::Party;
use programs::{PATIENCE, ask};

const CONFIG: &str = r#"
[node]
site = "fra1"
workers = 2
pin = false
[listen]
media = ["127.1.0.1:3478"]
[control]
socket = "ringfence.sock"
http = "127.0.0.1:8478"
token = "file:control.token"
[regions.europe]
cidrs = ["127.1.0.0/16"]
[regions.china]
cidrs = ["127.3.0.0/16"]
[sites.fra1]
region = "europe"
addresses = ["127.1.0.0/24"]
[fences.both]
clients = ["europe", "china"]
peers = ["europe", "china"]
transit = ["europe"]
[tenants.acme]
home = "europe"
fences = ["both"]
"#;

const TOKEN: &str = "correct horse battery staple";

/// Datagrams of no known protocol that the driver sends.
const DATAGRAMS: u64 = 7;

#[test]
fn the_page_shows_numbers_and_they_move() {
    let folder = TempDir::new().unwrap();
    let (relay, url) = start(folder.path());
    let control = relay.control();
    let places = [("alice", "127.1.0.5"), ("bob", "127.3.0.5"), ("carol", "127.1.0.6")];
    let mut parties = places.map(|(name, ip)| Party::join(control, "standup", name, ip));
    parties.iter_mut().for_each(Party::latch);
    be_refused(&relay);

    let over = Arc::new(AtomicBool::new(false));
    let stay = stay(parties, Arc::clone(&over));
    let shown = ask_browser(&relay, &url);
    over.store(true, Ordering::Relaxed);
    stay.join().unwrap();
    let (before, after) = (&shown["before"], &shown["after"]);
    for (name, expected) in [
        ("fact.rooms", "1"),
        ("fact.participants", "3 of 4 connected"),
        ("flows.europe.europe", "2"),
        ("flows.europe.china", "2"),
        ("flows.china.europe", "2"),
        ("flows.china.china", "·"),
        ("region.europe.participants", "2"),
        ("region.china.participants", "1"),
    ] {
        assert_eq!(before[name], expected, "{name}: {shown:#}");
    }
    assert!(number(&before["refusals.loopback"]) >= 1, "{shown:#}");
    assert_eq!(before["drops.unknown_protocol"], Value::Null, "{shown:#}");
    assert_eq!(after["drops.unknown_protocol"], DATAGRAMS.to_string(), "{shown:#}");
    let grown = number(&after["fact.received"]) - number(&before["fact.received"]);
    assert!(grown >= DATAGRAMS, "{shown:#}");
    assert_ne!(after["fact.received_rate"], "–", "two answers make a rate: {shown:#}");

    assert_eq!(shown["locked"], json!({}), "nothing is shown without the token");
    assert_eq!(shown["wrong"], "That is not the relay's token.");
    assert_eq!(shown["too_wide"], 0, "a narrow window need not be scrolled sideways");
    assert_eq!(shown["hostile"], json!({ "is_text": true, "elements": 0, "ran": false }));
    assert_eq!(shown["complaints"], json!([]));
    let mut requests: Vec<&str> =
        shown["requests"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    requests.sort_unstable();
    assert_eq!(requests, ["/status", "/v1/status"], "it needs nothing else");
    assert_eq!(shown["injected"], false, "the policy lets in: {}", shown["policy"]);
    let silence = shown["silence"].as_str().unwrap();
    assert!(silence.contains("has not answered since"), "{silence}");
}

/// A relay, and where its page is.
fn start(folder: &Path) -> (Relay, String) {
    std::fs::write(folder.join("control.token"), TOKEN).unwrap();
    let mut loaded =
        config::parse("test", CONFIG, folder, []).unwrap_or_else(|error| panic!("{error}"));
    loaded.config.listen.media[0].set_port(0);
    if let Some(http) = &mut loaded.config.control.http {
        http.set_port(0);
    }
    let api = Api::bind(&loaded.config.control).unwrap();
    let url = format!("http://{}/status", api.http_address().unwrap());
    (Relay::start(loaded, api).unwrap(), url)
}

/// Keeps the parties' consent alive until it is over.
fn stay(mut parties: [Party; 3], over: Arc<AtomicBool>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            parties.iter_mut().for_each(|party| assert!(party.receive().is_none()));
        }
    })
}

/// Somebody with good credentials, at an address that no region holds.
fn be_refused(relay: &Relay) {
    let mut stranger = Party::join(relay.control(), "standup", "dave", "127.9.0.5");
    let started = Instant::now();
    while relay.control().totals().refusals.iter().sum::<u64>() == 0 {
        assert!(started.elapsed() < PATIENCE, "the stranger is not refused");
        stranger.receive();
    }
}

fn ask_browser(relay: &Relay, url: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("browsers");
    let installed = folder.join("node_modules/playwright-core").exists();
    assert!(installed, "playwright-core is not installed: scripts/check tools");
    let media = relay.control().media_addresses()[0];
    let mut node = Command::new("node");
    node.arg(folder.join("status.mjs"));
    let question = json!({
        "url": url,
        "token": TOKEN,
        "media": { "address": media.ip(), "port": media.port() },
        "datagrams": DATAGRAMS,
        "screenshots": env!("CARGO_TARGET_TMPDIR"),
    });
    ask(node, &question)
}

/// A count as the page writes it, with commas.
fn number(text: &Value) -> u64 {
    text.as_str().and_then(|text| text.replace(',', "").parse().ok()).unwrap_or(0)
}
