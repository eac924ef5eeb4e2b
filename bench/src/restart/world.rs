//! The relay, its manager and its configuration.

use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use hyper::Method;
use ringfence::client::ApiClient;
use ringfence_tests::supervisor::{Notice, Supervisor};
use ringfence_tests::turn::{REALM, SECRET};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Builder;

use super::{PATIENCE, Relayed};
use crate::servers::TENANT;
use crate::work::rooms::{Door, TTL_S};

pub(super) struct World {
    pub(super) supervisor: Supervisor,
    pub(super) media: SocketAddr,
    folder: TempDir,
    program: PathBuf,
    workers: u16,
}

/// Below those that the kernel gives out, and those that are relayed.
const MEDIA: &str = "127.1.0.1:23478";

impl World {
    pub(super) fn start(workers: u16) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let program = std::env::current_exe()?.with_file_name("ringfence");
        ensure!(
            program.exists(),
            "there is no relay beside this; next: cargo build --release -p ringfence"
        );
        fs::write(folder.path().join("acme.secret"), SECRET)?;
        write_config(folder.path(), workers, &[])?;
        let log = File::create(folder.path().join("log"))?;
        let config = folder.path().join("ringfence.toml");
        let arguments = ["serve".as_ref(), "--config".as_ref(), config.as_os_str()];
        let supervisor = Supervisor::start(&program, &arguments, log);
        let supervisor = supervisor.context("python3, which runs the manager")?;
        let world = Self { supervisor, media: MEDIA.parse()?, folder, program, workers };
        match world.supervisor.notice(PATIENCE)? {
            Some(Notice::Ready { .. }) => Ok(world),
            other => bail!("{}", world.complaint(&format!("{other:?}"))),
        }
    }

    /// The next relay admits none of them.
    pub(super) fn forbid(&self, addresses: &[IpAddr]) -> anyhow::Result<()> {
        write_config(self.folder.path(), self.workers, addresses)
    }

    /// Where rooms are entered.
    pub(super) fn door(&self) -> Door {
        Door { media: self.media, control: self.control(), tenant: TENANT.to_owned(), ttl_s: TTL_S }
    }

    /// Of all allocations.
    pub(super) fn relayed(&self) -> anyhow::Result<Relayed> {
        let api = ApiClient::unix(self.control()).with_patience(Duration::from_secs(10));
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let call = api.call(Method::GET, "/v1/turn/allocations", None);
        let answer = runtime.block_on(call).context("the relay's allocations")?;
        let held = answer["allocations"].as_array().context("allocations")?;
        let addresses = held.iter().filter_map(|one| one["relayed"].as_array()).flatten();
        Ok(addresses.map(Value::to_string).collect())
    }

    pub(super) fn version(&self) -> anyhow::Result<String> {
        let told = Command::new(&self.program).arg("--version").output()?;
        Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
    }

    /// What happened, and the last that the relay said.
    pub(super) fn complaint(&self, what: &str) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let from = log.lines().count().saturating_sub(20);
        let last: Vec<&str> = log.lines().skip(from).collect();
        format!("{what}; the relay's last words:\n{}", last.join("\n"))
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }
}

fn write_config(folder: &Path, workers: u16, forbidden: &[IpAddr]) -> anyhow::Result<()> {
    let prefixes: Vec<String> = forbidden.iter().map(|ip| format!("\"{ip}/32\"")).collect();
    let elsewhere = match prefixes.is_empty() {
        true => String::new(),
        false => format!("[regions.elsewhere]\ncidrs = [{}]\n", prefixes.join(", ")),
    };
    let control = folder.join("control.sock");
    let text = format!(
        r#"
[node]
site = "fra1"
drain_s = 0
workers = {workers}
[listen]
media = ["{MEDIA}"]
relay_addresses = ["127.1.0.1"]
[control]
socket = "{}"
[limits]
participant_kbps_max = 1000000
[turn]
realm = "{REALM}"
[regions.europe]
cidrs = ["127.1.0.0/16"]
[sites.fra1]
region = "europe"
addresses = ["127.1.0.0/24"]
[fences.eu-only]
clients = ["europe"]
peers = ["europe"]
transit = ["europe"]
[tenants.{TENANT}]
home = "europe"
fences = ["eu-only"]
secrets = ["file:acme.secret"]
{elsewhere}"#,
        control.display()
    );
    // Renamed into place: a relay that starts meanwhile reads the one or the other.
    let anew = folder.join("ringfence.toml.new");
    fs::write(&anew, text)?;
    Ok(fs::rename(anew, folder.join("ringfence.toml"))?)
}
