//! The relay, the release binary beside this program, with one worker.

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use ringfence_tests::turn::Kind;

use super::{Server, Trade, Wish, by_test_setup, version};

/// Configurations that have a name.
const NAMED: [(&str, &[&str]); 2] =
    [("ringfence", &[]), ("ringfence+coalesce", &["tuning.coalesce_us=100"])];

const REMARKS: [&str; 3] = [
    "checks client, peer and site against a fence, for every flow",
    "one worker, which takes trains in (UDP_GRO) and sends trains (UDP_SEGMENT)",
    "a control thread with its HTTP API and metrics runs beside it and is counted",
];

pub(super) fn start(name: &str, ip: IpAddr, wish: &Wish) -> anyhow::Result<Server> {
    let settings = settings(name)?;
    let environment: Vec<String> =
        settings.iter().map(|setting| variable(setting)).collect::<anyhow::Result<_>>()?;
    let binary = binary()?;
    let told = settings.iter().map(|setting| format!("configured with {setting}"));
    Ok(Server {
        trade: Trade::Relay,
        version: version(&binary, "--version")?,
        remarks: REMARKS.map(str::to_owned).into_iter().chain(told).collect(),
        ..by_test_setup(name, Kind::Ringfence(binary), ip, &environment, wish)?
    })
}

fn settings(name: &str) -> anyhow::Result<Vec<&str>> {
    if let Some((_, settings)) = NAMED.iter().find(|(named, _)| *named == name) {
        return Ok(settings.to_vec());
    }
    match name.split_once(':') {
        Some(("ringfence", settings)) => Ok(settings.split(',').collect()),
        _ => bail!("{name}: write ringfence:SECTION.KEY=VALUE[,SECTION.KEY=VALUE]"),
    }
}

/// The relay takes its configuration from the environment too.
fn variable(setting: &str) -> anyhow::Result<String> {
    let (key, value) = setting.split_once('=').with_context(|| format!("{setting}: no value"))?;
    Ok(format!("RINGFENCE__{}={value}", key.to_uppercase().replace('.', "__")))
}

/// The relay of this build.
fn binary() -> anyhow::Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("ringfence");
    let built = binary.exists();
    anyhow::ensure!(
        built,
        "{} is missing; next: cargo build --release -p ringfence",
        binary.display()
    );
    Ok(binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_how_the_relay_is_configured() {
        let variables = |name| -> Vec<String> {
            settings(name).unwrap().into_iter().map(|one| variable(one).unwrap()).collect()
        };
        assert!(variables("ringfence").is_empty());
        assert_eq!(variables("ringfence+coalesce"), ["RINGFENCE__TUNING__COALESCE_US=100"]);
        let two = variables("ringfence:turn.realm=x,node.workers=2");
        assert_eq!(two, ["RINGFENCE__TURN__REALM=x", "RINGFENCE__NODE__WORKERS=2"]);
        assert!(settings("ringfence+coalesced").is_err() && variable("turn.realm").is_err());
    }
}
