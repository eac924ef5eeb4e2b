//! aioice, and libwebrtc by `wrtc` (`tests/clients`).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::programs::ask;
use crate::relay::{Relay, Transport};
use crate::world::World;

const MESSAGES: u64 = 200;
/// Fits into one datagram, and has to be padded on a stream.
const BYTES: u64 = 999;

#[test]
fn two_aioice_agents_exchange_datagrams_over_udp_tcp_and_tls() {
    let world = World::new();
    let relay = Relay::in_world(&world);
    for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
        let said = run(&world, &relay, "aioice_pair.py", transport);
        for party in ["alice", "bob"] {
            let local = &said[party]["local"];
            assert_eq!(local[0][0], "relay", "{transport:?}: {said}");
            assert_all_heard(&said, party, transport);
        }
    }
}

/// Not over TLS: libwebrtc outside of a browser trusts the roots that are built into it, no other.
#[test]
fn two_libwebrtc_connections_exchange_messages_over_udp_and_tcp() {
    let world = World::new();
    let relay = Relay::in_world(&world);
    for transport in [Transport::Udp, Transport::Tcp] {
        let said = run(&world, &relay, "wrtc_pair.py", transport);
        for party in ["alice", "bob"] {
            let local = &said[party]["local"];
            let relayed = json!([local["type"], local["relay_protocol"]]);
            assert_eq!(relayed, json!(["relay", transport.name()]), "{transport:?}: {said}");
            assert_all_heard(&said, party, transport);
        }
    }
}

fn assert_all_heard(said: &Value, party: &str, transport: Transport) {
    assert_eq!(said[party]["received"], MESSAGES, "{transport:?}: {said}");
    assert_eq!(said[party]["intact"], true, "{transport:?}: {said}");
}

fn run(world: &World, relay: &Relay, script: &str, transport: Transport) -> Value {
    let python = interpreter();
    let mut command = world.at("europe", python.to_str().expect("a path in UTF-8"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script));
    command.env("SSL_CERT_FILE", relay.certificate());
    let server = relay.ice_server(transport, "alice");
    ask(command, &json!({ "server": server, "messages": MESSAGES, "bytes": BYTES }))
}

/// Of the virtual environment that `scripts/check tools` makes.
fn interpreter() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package in a workspace");
    let python = root.join("target/clients-venv/bin/python");
    assert!(python.exists(), "{} is missing: scripts/check tools", python.display());
    python
}
