//! `ringfence import` as an operator runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use crate::program::Home;

const TYPICAL: &str = include_str!("typical.conf");
const SECRET: &str = "hunter2-hunter2-hunter2";
const TO_FILE: [&str; 4] = ["import", "turnserver.conf", "--output", "new.toml"];

/// A folder with this coturn configuration, a certificate and a key.
fn home(conf: impl AsRef<[u8]>) -> Home {
    let home = Home::with("");
    fs::remove_file(home.path().join("ringfence.toml")).unwrap();
    fs::write(home.path().join("turnserver.conf"), conf).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["turn.example.org".to_owned()]).unwrap();
    fs::write(home.path().join("turn.crt"), made.cert.pem()).unwrap();
    let key = home.path().join("turn.key");
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn what_comes_out_of_a_typical_one_passes_check_config() {
    let home = home(TYPICAL);
    let run = home.run(&TO_FILE);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    assert!(run.out.contains("static-auth-secret  mapped"), "{}", run.out);
    let check = home.run(&["check-config", "--config", "new.toml"]);
    // coturn keeps no such trail, so nothing of its configuration asks for one.
    assert_eq!((check.code, check.err.matches("warning[").count()), (0, 1), "{}", check.err);
    assert!(check.err.contains("warning[no_audit]"), "{}", check.err);
    let secret = home.path().join("turn-1.secret");
    assert_eq!(fs::read_to_string(&secret).unwrap(), SECRET);
    assert_eq!((mode(&secret), mode(&home.path().join("new.toml"))), (0o600, 0o600));
    let ask = ["credentials", "--meeting", "m", "--party", "p", "--config", "new.toml"];
    let value = home.json(&ask);
    assert_eq!(value["uris"][2], "turns:127.1.0.1:5349?transport=tcp");
}

#[test]
fn without_an_output_the_configuration_is_printed_and_nothing_is_written() {
    let home = home(TYPICAL);
    let run = home.run(&["import", "turnserver.conf"]);
    assert_eq!(run.code, 0);
    let config: toml::Table = toml::from_str(&run.out).unwrap();
    assert_eq!(config["turn"]["realm"].as_str(), Some("turn.example.org"));
    assert!(run.err.contains("line") || run.err.contains("LINE"), "{}", run.err);
    assert!(!home.path().join("turn-1.secret").exists());
    let value = home.json(&["import", "turnserver.conf"]);
    assert_eq!((&value["ok"], &value["config"]), (&true.into(), &run.out.into()));
    assert_eq!(value["settings"][0]["option"], "listening-port");
}

#[test]
fn no_secret_is_ever_printed() {
    for conf in [TYPICAL.to_owned(), TYPICAL.replace("min-port=50000", "min-port=0")] {
        let home = home(conf);
        for json in [&[][..], &["--json"]] {
            for target in [&["import", "turnserver.conf"][..], &TO_FILE] {
                let run = home.run(&[target, json].concat());
                assert!(!run.out.contains("hunter2") && !run.err.contains("hunter2"));
            }
        }
    }
}

#[test]
fn what_would_not_be_kept_exits_3_and_says_so() {
    let home = home(format!("{TYPICAL}\nmobility\n"));
    let run = home.run(&TO_FILE);
    assert_eq!(run.code, 3);
    assert!(run.out.contains("mobility            refused"), "{}", run.out);
    assert_eq!(home.run(&["check-config", "--config", "new.toml"]).code, 0);
}

#[test]
fn what_is_missing_is_said_with_its_line() {
    let home = home(TYPICAL.replace("listening-ip=127.1.0.1\n", ""));
    fs::remove_file(home.path().join("turn.key")).unwrap();
    let run = home.run(&TO_FILE);
    assert_eq!(run.code, 3);
    for shown in ["listen.media` is missing", "turn.key", "new.toml:"] {
        assert!(run.err.contains(shown), "{shown} is not in {}", run.err);
    }
    let other = self::home("fingerprint\n");
    let mut command = other.command(&["import", "turnserver.conf", "--json"]);
    let value: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!((&value["ok"], &value["errors"][0]["code"]), (&false.into(), &"missing_key".into()));
}

#[test]
fn nothing_that_is_there_is_written_over() {
    for taken in ["new.toml", "turn-1.secret"] {
        let home = home(TYPICAL);
        fs::write(home.path().join(taken), "precious").unwrap();
        let run = home.run(&TO_FILE);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains(taken), "{}", run.err);
        assert_eq!(fs::read_to_string(home.path().join(taken)).unwrap(), "precious");
        let left = ["new.toml", "turn-1.secret"].map(|name| home.path().join(name).exists());
        assert_eq!(left.iter().filter(|left| **left).count(), 1, "half an import was left");
    }
}

#[test]
fn a_file_that_cannot_be_imported_exits_2() {
    let home = home(vec![b'x'; (1 << 20) + 1]);
    for file in ["turnserver.conf", "gone.conf", "."] {
        let run = home.run(&["import", file, "--output", "new.toml"]);
        assert_eq!(run.code, 2, "{file}");
        assert!(run.err.contains("cannot import") && !home.path().join("new.toml").exists());
    }
    assert_eq!(home.run(&["import", "gone.conf", "--json"]).error()["code"], "usage");
}
