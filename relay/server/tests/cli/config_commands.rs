//! `check-config`, `config schema` and `config effective`.

use serde_json::{Value, json};

use crate::program::Home;

#[test]
fn a_good_configuration_is_shown_as_it_was_understood() {
    let home = Home::new();
    let run = home.run(&["check-config"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.starts_with("ok: ringfence.toml\n"));
    for shown in ["REGION", "china", "SITE", "127.1.0.0/24", "FENCE", "eu-only", "TENANT", "globex"]
    {
        assert!(run.out.contains(shown), "{shown} is not in {}", run.out);
    }
    assert!(!run.out.contains('\x1b'), "colour outside of a terminal");

    let value = home.json(&["check-config"]);
    assert_eq!((&value["ok"], &value["site"]), (&json!(true), &json!("fra1")));
    assert_eq!(value["fences"][0]["clients"], json!(["europe"]));
}

#[test]
fn warnings_are_told_and_do_not_fail() {
    let home = Home::with(&Home::text().replace("127.1.0.1:3478", "127.2.0.1:3478"));
    let run = home.run(&["check-config"]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("warning") && run.err.contains("outside_own_site"), "{}", run.err);
    let value = home.json(&["check-config"]);
    let mut codes = value["warnings"].as_array().unwrap().iter().map(|warning| &warning["code"]);
    assert!(codes.any(|code| code == "outside_own_site"));
}

#[test]
fn errors_are_all_shown_with_line_and_caret() {
    let broken = Home::text()
        .replace("home = \"united-states\"", "home = \"atlantis\"")
        .replace("workers = 2", "wokers = 2");
    let home = Home::with(&broken);
    let run = home.run(&["check-config"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    for shown in ["wokers", "atlantis", "ringfence.toml:", "^"] {
        assert!(run.err.contains(shown), "{shown} is not in {}", run.err);
    }

    let error = home.run(&["check-config", "--json"]).error();
    assert_eq!(error["code"], "config");
    assert!(error["errors"].as_array().unwrap().len() >= 2);
    assert_eq!(error["errors"][0]["file"], "ringfence.toml");
}

#[test]
fn serve_refuses_a_bad_configuration_and_binds_nothing() {
    let home = Home::with(&Home::text().replace("workers = 2", "workers = \"two\""));
    let run = home.run(&["serve"]);
    assert_eq!(run.code, 78);
    assert!(run.err.contains("workers") && run.err.contains('^'), "{}", run.err);
    assert!(!home.path().join("ringfence.sock").exists());
    assert_eq!(home.run(&["serve", "--json"]).error()["code"], "config");
}

#[test]
fn a_missing_configuration_says_where_it_was_looked_for() {
    let home = Home::new();
    let gone = ["check-config", "--config", "gone.toml"];
    let run = home.run(&gone);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("gone.toml"), "{}", run.err);
    assert_eq!(home.run(&["serve", "--config", "gone.toml"]).code, 78);

    std::fs::remove_file(home.path().join("ringfence.toml")).unwrap();
    let run = home.run(&["serve"]);
    assert_eq!(run.code, 78);
    for shown in ["/etc/ringfence/ringfence.toml", "--config"] {
        assert!(run.err.contains(shown), "{shown} is not in {}", run.err);
    }
}

#[test]
fn the_environment_names_and_overrides_the_configuration() {
    let home = Home::new();
    std::fs::rename(home.path().join("ringfence.toml"), home.path().join("other.toml")).unwrap();
    let mut command = home.command(&["config", "effective", "--json"]);
    command.env("RINGFENCE_CONFIG", "other.toml");
    command.env("RINGFENCE__NODE__WORKERS", "7");
    let output = command.output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["node"]["workers"], 7);
}

#[test]
fn the_effective_configuration_is_a_configuration() {
    let home = Home::new();
    let run = home.run(&["config", "effective"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!run.out.contains("correct horse"), "a secret shows");
    std::fs::write(home.path().join("again.toml"), &run.out).unwrap();
    let again = home.run(&["config", "effective", "--config", "again.toml"]);
    assert_eq!((again.code, again.out), (0, run.out));
}

#[test]
fn the_schema_accepts_the_configuration() {
    let home = Home::new();
    let schema: Value = serde_json::from_str(&home.run(&["config", "schema"]).out).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let good: Value = toml::from_str(Home::text()).unwrap();
    let errors: Vec<_> = validator.iter_errors(&good).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let bad: Value = toml::from_str(&Home::text().replace("workers", "wokers")).unwrap();
    assert!(!validator.is_valid(&bad));
}
