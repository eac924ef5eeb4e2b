use std::net::UdpSocket;

use ringfence::api::Api;
use ringfence::config;
use ringfence::relay::Relay;
use tempfile::TempDir;

use super::super::check::every_lane_is_heard;
use super::*;

/// The product, in this process, with its API on a socket in a folder of its own.
struct RelayHere {
    relay: Relay,
    folder: TempDir,
    media: SocketAddr,
}

impl RelayHere {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let media = UdpSocket::bind("127.1.0.31:0").unwrap().local_addr().unwrap();
        let text = CONFIGURATION.replace("MEDIA", &media.to_string());
        let path = folder.path().join("ringfence.toml");
        std::fs::write(&path, text).unwrap();
        let loaded = config::load(&path, []).unwrap();
        let api = Api::bind(&loaded.config.control).unwrap();
        Self { relay: Relay::start(loaded, api).unwrap(), folder, media }
    }

    fn rooms(&self, layout: Layout, sinks: Sinks) -> Rooms {
        let control = self.folder.path().join("ringfence.sock");
        let door = Door { media: self.media, control, tenant: "bench".to_owned(), ttl_s: TTL_S };
        Rooms::open(&door, layout, sinks).unwrap()
    }

    fn participants(&self) -> usize {
        self.relay.control().rooms().iter().map(|room| room.participants).sum()
    }
}

const CONFIGURATION: &str = r#"
node = { site = "bench", workers = 1, pin = false }
listen = { media = ["MEDIA"] }
log = { level = "error" }
limits = { participant_kbps_max = 10_000_000 }
regions.loopback = { cidrs = ["127.1.0.0/16"] }
sites.bench = { region = "loopback", addresses = ["127.1.0.0/24"] }
fences.here = { clients = ["loopback"], peers = ["loopback"], transit = ["loopback"] }
tenants.bench = { home = "loopback", fences = ["here"] }
"#;

#[test]
fn every_participant_hears_every_speaker_of_its_room() {
    let relay = RelayHere::start();
    let mut rooms =
        relay.rooms(Layout { rooms: 3, participants: 5, speakers: 2 }, Sinks::default());
    assert_eq!((rooms.lanes(), rooms.copies(0)), (6, 4));
    every_lane_is_heard(&mut rooms);
}

#[test]
fn rooms_of_two_take_trains_and_stamps_too() {
    let relay = RelayHere::start();
    let sinks = Sinks { trains: true, stamps: true };
    let mut rooms = relay.rooms(Layout { rooms: 64, participants: 2, speakers: 2 }, sinks);
    every_lane_is_heard(&mut rooms);
}

#[test]
fn everybody_renews_its_consent_in_turn_and_leaves_in_the_end() {
    let relay = RelayHere::start();
    let layout = Layout { rooms: 2, participants: 4, speakers: 1 };
    let mut rooms = relay.rooms(layout, Sinks::default());
    // As if they had latched long ago: every check is due.
    let answered =
        |rooms: &Rooms| -> Vec<u64> { rooms.parties.iter().map(Party::checks_answered).collect() };
    let before = answered(&rooms);
    rooms.started -= ringfence::endpoint::KEEPALIVE;
    (0..CONSENT_TURNS).for_each(|_| rooms.keep_alive().unwrap());
    let began = Instant::now();
    while answered(&rooms).iter().zip(&before).any(|(after, before)| after == before) {
        assert!(began.elapsed() < PATIENCE, "{:?}", answered(&rooms));
        rooms.receive(&mut |_, _| panic!("nobody spoke")).unwrap();
    }
    assert_eq!(relay.participants(), 8);
    drop(rooms);
    assert_eq!(relay.participants(), 0);
}
