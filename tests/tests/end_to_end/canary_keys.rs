//! The relay never holds a media key: its memory, its logs and its answers are searched for them.

use std::fs::File;
use std::os::unix::fs::FileExt;

use hyper::Method;
use ringfence::endpoint::{Credentials, OwnCredentials};
use serde_json::{Value, json};
use webrtc_srtp::context::Context;
use webrtc_srtp::protection_profile::ProtectionProfile;

use crate::party::Party;
use crate::processes::RelayProcess;

const PROFILE: ProtectionProfile = ProtectionProfile::Aes128CmHmacSha1_80;
const MASTER_KEY: &[u8; 16] = b"canary-key-Xk3!v";
const MASTER_SALT: &[u8; 14] = b"canary-salt-9q";
/// What is said, in each packet.
const SPOKEN: &[u8] = b"these words are for the other participant and for nobody between";
const PACKETS: u16 = 2000;

#[test]
fn no_media_key_and_no_media_in_the_clear_is_ever_in_the_relay() {
    let relay = RelayProcess::start();
    let (mut alice, _) = enter(&relay, "alice");
    let (mut bob, bob_password) = enter(&relay, "bob");
    alice.latch();
    bob.latch();
    speak(&mut alice, &mut bob);

    let memory = Memory::of(relay.program.id());
    assert!(memory.holds(bob_password.as_bytes()), "the search finds what the relay does hold");
    for secret in [&MASTER_KEY[..], &MASTER_SALT[..], SPOKEN] {
        assert!(!memory.holds(secret), "{} is in its memory", String::from_utf8_lossy(secret));
    }
    let mut told = relay.log();
    for path in ["/v1/rooms", "/v1/rooms/vault", "/v1/sessions", "/metrics", "/openapi.json"] {
        told.push_str(&ask(&relay, path));
    }
    for secret in ["canary-", "these words", bob_password.as_str()] {
        assert!(!told.contains(secret), "{secret:?} is in what it says");
    }
}

/// Encrypts on one side, decrypts on the other: the media is real, and it got through.
fn speak(alice: &mut Party, bob: &mut Party) {
    let context = || Context::new(MASTER_KEY, MASTER_SALT, PROFILE, None, None);
    let (mut encrypt, mut decrypt) = (context().unwrap(), context().unwrap());
    for n in 0..PACKETS {
        let mut packet = vec![0x80, 96];
        packet.extend(n.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0, 0, 0, 9]);
        packet.extend(SPOKEN);
        alice.send(&encrypt.encrypt_rtp(&packet).unwrap());
        let heard = decrypt.decrypt_rtp(&bob.expect_media()).expect("bob has the key");
        assert_eq!(heard[..], packet[..]);
    }
}

/// Joins over the API; returns the password that the relay made, too.
fn enter(relay: &RelayProcess, name: &str) -> (Party, String) {
    let own = OwnCredentials::generate([name.len() as u8; 32]);
    let body = json!({
        "tenant": "acme", "participant": name,
        "ice": { "ufrag": own.ufrag, "pwd": own.password },
    });
    let joined = relay.ask(Method::POST, "/v1/rooms/vault/participants", Some(&body)).unwrap();
    let text = |field: &str| joined[field].as_str().unwrap().to_owned();
    let credentials =
        Credentials { relay_ufrag: text("ufrag"), relay_password: text("pwd"), own: Some(own) };
    (Party::with_credentials(relay.media, &credentials, "127.1.0.40"), text("pwd"))
}

fn ask(relay: &RelayProcess, path: &str) -> String {
    match relay.ask(Method::GET, path, None) {
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
        // Not JSON: the metrics, read as a scraper does.
        None => scrape(relay, path),
    }
}

fn scrape(relay: &RelayProcess, path: &str) -> String {
    let output = std::process::Command::new("curl")
        .arg("--silent")
        .arg("--fail")
        .arg("--unix-socket")
        .arg(relay.socket())
        .arg(format!("http://relay{path}"))
        .output()
        .expect("curl is installed");
    assert!(output.status.success(), "{path} answers");
    String::from_utf8(output.stdout).expect("text")
}

/// Everything a process can read of itself (proc(5), /proc/PID/mem).
struct Memory(Vec<Vec<u8>>);

impl Memory {
    fn of(process: u32) -> Self {
        let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("our child");
        let memory = File::open(format!("/proc/{process}/mem")).expect("our child");
        let ranges = maps.lines().filter_map(readable_range);
        let read = ranges.filter_map(|(start, length)| {
            let mut bytes = vec![0; length];
            // Some mappings, such as the kernel's own, cannot be read by anybody.
            memory.read_exact_at(&mut bytes, start).ok().map(|()| bytes)
        });
        let parts: Vec<_> = read.collect();
        assert!(!parts.is_empty(), "its memory can be read");
        Self(parts)
    }

    fn holds(&self, wanted: &[u8]) -> bool {
        self.0.iter().any(|part| memchr::memmem::find(part, wanted).is_some())
    }
}

fn readable_range(line: &str) -> Option<(u64, usize)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let end = u64::from_str_radix(end, 16).ok()?;
    rest.starts_with('r').then(|| (start, (end - start) as usize))
}
