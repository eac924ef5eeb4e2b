//! packaging/: what the unit, the configuration and the package say of each other.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use ringfence_tests::program::ringfence_binary;

use super::manager::{RESTART_DELAY, configuration};
use super::read;

/// Each value of a key of the unit, in its order.
fn values<'u>(unit: &'u str, key: &str) -> Vec<&'u str> {
    let value = |line: &'u str| line.strip_prefix(key)?.strip_prefix('=');
    unit.lines().filter_map(value).collect()
}

/// The only value of a key.
fn value<'u>(unit: &'u str, key: &str) -> &'u str {
    match values(unit, key)[..] {
        [value] => value,
        ref other => panic!("{key} is there {} times", other.len()),
    }
}

fn packaged(path: &str) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn check_config(folder: &std::path::Path) -> Output {
    let mut command = Command::new(ringfence_binary());
    command.arg("check-config").arg("--config").arg(folder.join("ringfence.toml"));
    command.env_clear().output().expect("it was built")
}

#[test]
fn the_packaged_configuration_is_accepted_and_whole_once_there_is_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ringfence.toml"), configuration(folder.path())).unwrap();
    let bare = check_config(folder.path());
    let told = String::from_utf8_lossy(&bare.stderr).into_owned();
    assert!(bare.status.success() && told.contains("example.secret"), "{told}");

    let secret = folder.path().join("secrets/example.secret");
    fs::create_dir(secret.parent().unwrap()).unwrap();
    fs::write(&secret, "0123456789abcdef0123456789abcdef\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o640)).unwrap();
    let whole = check_config(folder.path());
    let told = String::from_utf8_lossy(&whole.stderr).into_owned();
    assert!(whole.status.success() && told.is_empty(), "{told}");
}

#[test]
fn the_relay_writes_only_where_the_unit_lets_it() {
    let unit = read("packaging/ringfence.service");
    let config = packaged("packaging/ringfence.toml");
    let state = format!("/var/lib/{}/", value(&unit, "StateDirectory"));
    let audit = config["audit"]["path"].as_str().unwrap();
    assert!(audit.starts_with(&state), "{audit}");
    let runtime = format!("/run/{}/", value(&unit, "RuntimeDirectory"));
    let socket = config["control"]["socket"].as_str().unwrap();
    assert!(socket.starts_with(&runtime), "{socket}");
}

#[test]
fn the_package_has_what_the_unit_names() {
    let manifest = packaged("relay/server/Cargo.toml");
    let deb = &manifest["package"]["metadata"]["deb"];
    let assets = deb["assets"].as_array().unwrap();
    let destinations: Vec<String> = assets.iter().map(destination).collect();
    let unit = read("packaging/ringfence.service");
    let start: Vec<&str> = value(&unit, "ExecStart").split(' ').collect();
    for path in start.iter().filter(|word| word.starts_with('/')) {
        let there = destinations.iter().any(|destination| format!("/{destination}") == **path);
        assert!(there, "{path} is not in {destinations:?}");
    }
    assert!(start.len() == 4 && start[1..3] == ["serve", "--config"], "{start:?}");
    let sources = assets.iter().map(|asset| asset[0].as_str().unwrap());
    let missing = sources.filter(|source| {
        !source.contains("target/") && !super::repository("relay/server").join(source).exists()
    });
    assert_eq!(missing.collect::<Vec<_>>(), [""; 0]);
}

/// Where a file of the package goes, without the first slash.
fn destination(asset: &toml::Value) -> String {
    let [source, destination] = [0, 1].map(|at| asset[at].as_str().unwrap());
    match destination.ends_with('/') {
        true => format!("{destination}{}", source.rsplit('/').next().unwrap()),
        false => destination.to_owned(),
    }
}

#[test]
fn the_user_of_the_unit_is_made() {
    let unit = read("packaging/ringfence.service");
    let user = value(&unit, "User");
    let sysusers = read("packaging/sysusers.d/ringfence.conf");
    assert!(sysusers.lines().any(|line| line.starts_with(&format!("u {user} "))), "{sysusers}");
}

#[test]
fn a_configuration_that_is_wrong_is_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ringfence.toml"), "[nobody]\n").unwrap();
    let mut command = Command::new(ringfence_binary());
    let run = command.args(["serve", "--config"]).arg(folder.path().join("ringfence.toml"));
    let code = run.output().unwrap().status.code().unwrap().to_string();
    let unit = read("packaging/ringfence.service");
    let final_codes: Vec<&str> = value(&unit, "RestartPreventExitStatus").split(' ').collect();
    assert!(final_codes.contains(&code.as_str()), "{code} is not in {final_codes:?}");
}

#[test]
fn a_restart_keeps_every_allocation_that_there_can_be() {
    let unit = read("packaging/ringfence.service");
    let max = value(&unit, "FileDescriptorStoreMax");
    assert_eq!(value(&unit, "Environment"), format!("FDSTORE={max}"));
    let config = packaged("packaging/ringfence.toml");
    let ports = config["listen"]["relay_ports"].as_str().unwrap();
    let (first, last) = ports.split_once('-').unwrap();
    let ports = 1 + last.parse::<u32>().unwrap() - first.parse::<u32>().unwrap();
    assert!(max.parse::<u32>().unwrap() >= ports + 256, "{max} for {ports} ports");
}

#[test]
fn a_restart_does_not_wait_for_calls_to_end() {
    let config = packaged("packaging/ringfence.toml");
    assert_eq!(config["node"]["drain_s"].as_integer(), Some(0));
}

#[test]
fn whatever_ends_the_relay_but_its_configuration_restarts_it_soon() {
    let unit = read("packaging/ringfence.service");
    assert_eq!(
        value(&unit, "Restart"),
        "on-failure",
        "which the watchdog is, too (systemd.service(5))"
    );
    assert_eq!(value(&unit, "RestartSec"), format!("{}ms", RESTART_DELAY.as_millis()));
    assert_eq!(value(&unit, "StartLimitIntervalSec"), "0", "however often");
}

#[test]
fn no_dump_of_the_relay_holds_its_secrets() {
    assert_eq!(value(&read("packaging/ringfence.service"), "LimitCORE"), "0");
}
