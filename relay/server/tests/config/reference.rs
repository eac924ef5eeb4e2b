//! The reference configuration is taken as it stands.

use std::fs;
use std::num::NonZeroU16;
use std::path::Path;
use std::time::Duration;

use ringfence::config::{self, LogFormat, LogLevel, Workers};
use ringfence_fence::Epoch;

use crate::folder::{Folder, REFERENCE, SECRET, TOKEN, warning_codes};

#[test]
fn the_file_is_taken_and_every_value_arrives() {
    let folder = Folder::new();
    let config = folder.reference_with(&[]).config;

    assert_eq!(config.node.site, "fra1");
    assert_eq!(config.node.workers, Workers::Count(NonZeroU16::new(2).expect("two")));
    assert!(config.node.pin);
    assert_eq!(config.listen.media, ["127.1.0.1:3478".parse().expect("an address")]);
    assert_eq!(config.listen.relay_ports, 49_152..=65_535);
    assert_eq!(config.control.socket, folder.path().join("ringfence.sock"));
    assert_eq!(config.control.http, Some("127.0.0.1:8478".parse().expect("an address")));
    assert_eq!(config.control.token().expect("a token").expose(), TOKEN);
    assert_eq!(config.turn.realm, "example.org");
    let acme = &config.tenants[0];
    assert_eq!((acme.name.as_str(), acme.max_rooms, acme.max_allocations), ("acme", 1_000, 10_000));
    assert_eq!((acme.max_allocations_per_party, acme.users.len()), (16, 0));
    assert_eq!(acme.secrets().next().expect("a secret").expose(), SECRET);
}

#[test]
fn what_the_file_leaves_out_has_its_default() {
    let config = Folder::new().reference_with(&[]).config;
    assert!(config.turn.tls.is_none() && config.turn.alternate_servers.is_empty());
    assert_eq!(config.limits.allocation_lifetime_max, Duration::from_secs(3_600));
    assert_eq!((config.limits.streams_max, config.limits.streams_per_source_max), (10_000, 64));
    assert_eq!(config.limits.room_participants_max, 1_000);
    assert_eq!(config.limits.consent_timeout, Duration::from_secs(30));
    assert_eq!((config.log.format, config.log.level), (LogFormat::Text, LogLevel::Info));
    let policy = &config.policy;
    assert_eq!((policy.selection.primaries, policy.selection.spares), (2, 2));
    assert_eq!(policy.invariants[0].never_transit[0].value, "china");
}

#[test]
fn the_policy_is_compiled_at_the_first_epoch_and_knows_its_own_site() {
    let policy = Folder::new().reference_with(&[]).policy;
    assert_eq!(policy.epoch(), Epoch(1));
    assert_eq!(policy.site_name(policy.own_site()), "fra1");
    assert!(policy.own_site_standing().is_ok());
    assert!(policy.tenant("acme").is_some());
}

#[test]
fn all_of_it_is_served_so_nothing_is_warned_of() {
    let loaded = Folder::new().reference_with(&[]);
    assert_eq!(warning_codes(&loaded), [""; 0]);
}

#[test]
fn the_file_loads_from_disk_with_paths_from_its_folder() {
    let folder = Folder::new();
    let path = folder.write("ringfence.toml", REFERENCE, 0o644);
    let loaded = config::load(&path, []).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(loaded.config.control.socket, folder.path().join("ringfence.sock"));
    assert_eq!(loaded.config.control.token().expect("a token").expose(), TOKEN);
}

#[test]
fn a_host_under_another_sites_name_is_warned_of() {
    let loaded = Folder::new().reference_with(&[("RINGFENCE__NODE__SITE", "pek1")]);
    assert!(warning_codes(&loaded).contains(&"outside_own_site"));
    assert!(loaded.policy.own_site_standing().is_err());
}

#[test]
fn the_committed_copy_is_the_shared_one() {
    let shared =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/examples/ringfence.toml");
    if let Ok(text) = fs::read_to_string(shared) {
        assert_eq!(text, REFERENCE);
    }
}
