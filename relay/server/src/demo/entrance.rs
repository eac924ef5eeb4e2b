//! A relay for the demo, and the four let into its room.

use std::path::Path;
use std::time::Duration;

use ringfence_core::{Join, Name};

use super::cast::{CAST, Character, FENCE, ROOM, TENANT};
use super::player::Player;
use super::stage::{Failure, four, seed};
use crate::config;
use crate::endpoint::{Credentials, Endpoint, OwnCredentials};
use crate::relay::{Clock, Control, Relay};

/// Life of the credentials: longer than any demo.
const TTL: Duration = Duration::from_secs(300);

/// Starts the relay of `demo.toml` on a port that is free.
pub(super) fn start_relay() -> Result<Relay, Failure> {
    let text = include_str!("demo.toml");
    let mut loaded = config::parse("demo.toml", text, Path::new("/"), [])?;
    for address in &mut loaded.config.listen.media {
        address.set_port(0);
    }
    Ok(Relay::start(loaded, ())?)
}

/// Makes the room and gives everyone a place at its door. The control side lets all four have
/// credentials: who may use them from where is for the fence to say.
pub(super) fn enter(
    control: &Control,
    clock: Clock,
) -> Result<([Player; CAST.len()], [Endpoint; CAST.len()]), Failure> {
    let relay = *control.media_addresses().first().ok_or("the relay listens nowhere")?;
    let mut players = Vec::new();
    let mut endpoints = Vec::new();
    for character in &CAST {
        let credentials = credentials(control, character)?;
        players.push(Player::new(character.address, relay)?);
        endpoints.push(Endpoint::new(clock.now(), relay, &credentials, seed()?));
    }
    Ok((four(players)?, four(endpoints)?))
}

fn credentials(control: &Control, character: &Character) -> Result<Credentials, Failure> {
    let own = OwnCredentials::generate(seed()?);
    let joined = control.join(&Join {
        tenant: TENANT.into(),
        room: Name::new(ROOM)?,
        participant: Name::new(character.name)?,
        fence: Some(FENCE.into()),
        group: None,
        regions: Default::default(),
        ice: Some(own.to_ice()?),
        hears: None,
        kbps_max: None,
        ttl: TTL,
    })?;
    Ok(Credentials {
        relay_ufrag: joined.credentials.ufrag.as_str().into(),
        relay_password: joined.credentials.password.as_str().into(),
        own: Some(own),
    })
}
