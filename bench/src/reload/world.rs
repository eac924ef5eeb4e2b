//! The relay, and the small world that its policies are about.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;

use anyhow::anyhow;
use ringfence::api::Api;
use ringfence::config;
use ringfence::relay::{Control, Relay};
use ringfence_core::Credentials;
use tempfile::TempDir;

use super::Case;
use crate::relay::join_request;

/// Regions that policies let in and out, one at a time: enough that a flow is back before it is
/// its turn again.
pub(super) const REGIONS: usize = 100;

/// Participants in each of them.
pub(super) const VICTIMS: usize = 2;

/// A relay whose configuration is a file.
pub(super) struct World {
    relay: Relay,
    folder: TempDir,
    media: SocketAddr,
    workers: u16,
}

impl World {
    pub(super) fn start(case: &Case) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let media = UdpSocket::bind("127.1.0.1:0")?.local_addr()?;
        let path = folder.path().join("ringfence.toml");
        fs::write(&path, text(media, case.workers, None))?;
        let loaded = config::load(&path, []).map_err(|failure| anyhow!("{failure}"))?;
        let api = Api::bind(&loaded.config.control)?;
        let relay = Relay::start(loaded, api)?;
        Ok(Self { relay, folder, media, workers: case.workers })
    }

    /// Where media goes.
    pub(super) fn media(&self) -> SocketAddr {
        self.media
    }

    /// Where the API is.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("ringfence.sock")
    }

    pub(super) fn control(&self) -> &Control {
        self.relay.control()
    }

    /// Lets a participant into a room.
    pub(super) fn join(&self, room: usize, participant: usize) -> anyhow::Result<Credentials> {
        let join = join_request(&format!("r{room}"), &format!("p{participant}"))?;
        let joined = self.control().join(&join);
        Ok(joined.map_err(|refused| anyhow!("p{participant} may not join: {refused}"))?.credentials)
    }

    /// Writes the file anew: all regions are let in but this one.
    pub(super) fn write_without(&self, region: Option<usize>) -> std::io::Result<()> {
        let text = text(self.media, self.workers, region);
        fs::write(self.folder.path().join("ringfence.toml"), text)
    }
}

/// The address of a participant that always stays.
pub(super) fn staying(number: usize) -> anyhow::Result<Ipv4Addr> {
    Ok(Ipv4Addr::new(127, 1, u8::try_from(1 + number / 250)?, u8::try_from(1 + number % 250)?))
}

/// The address of a participant of a region that comes and goes.
pub(super) fn victim(region: usize, number: usize) -> anyhow::Result<Ipv4Addr> {
    Ok(Ipv4Addr::new(127, 2, u8::try_from(region)?, u8::try_from(1 + number)?))
}

fn text(media: SocketAddr, workers: u16, without: Option<usize>) -> String {
    let regions: String = (0..REGIONS)
        .map(|region| format!("regions.v{region} = {{ cidrs = [\"127.2.{region}.0/24\"] }}\n"))
        .collect();
    let admitted = (0..REGIONS).filter(|&region| Some(region) != without);
    let clients: String = admitted.map(|region| format!(", \"v{region}\"")).collect();
    format!(
        r#"
node = {{ site = "bench", workers = {workers}, pin = false }}
listen = {{ media = ["{media}"] }}
log = {{ level = "error" }}
guard = {{ widening = "allow" }}
regions.stays = {{ cidrs = ["127.1.0.0/16"] }}
{regions}
sites.bench = {{ region = "stays", addresses = ["127.1.0.0/24"] }}
fences.here = {{ clients = ["stays"{clients}], peers = ["stays"], transit = ["stays"] }}
[tenants.bench]
home = "stays"
fences = ["here"]
max_rooms = 100000
"#
    )
}
