//! Who takes part: three whom the fence admits and one whom it must keep out.

use std::net::{Ipv4Addr, SocketAddr};

use ringfence_wire::rtp::Ssrc;

/// The room they meet in.
pub(super) const ROOM: &str = "standup";
/// Whose room it is, in `demo.toml`.
pub(super) const TENANT: &str = "demo";
/// Its fence, in `demo.toml`.
pub(super) const FENCE: &str = "eu-only";

/// One participant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Character {
    /// Name in the room.
    pub name: &'static str,
    /// Where it calls from, with any free port.
    pub address: SocketAddr,
    /// The region that `demo.toml` gives to that address.
    pub region: &'static str,
    /// Whether the fence admits that region.
    pub admitted: bool,
    /// Its two streams: audio, video.
    pub streams: [Ssrc; 2],
}

/// All of them.
pub const CAST: [Character; 4] = [
    Character::new("anna", [127, 1, 0, 11], "europe", true, 0xa11a),
    Character::new("bruno", [127, 1, 0, 12], "europe", true, 0xb11b),
    Character::new("chloe", [127, 1, 0, 13], "europe", true, 0xc11c),
    Character::new("dana", [127, 3, 0, 14], "china", false, 0xd11d),
];

impl Character {
    const fn new(
        name: &'static str,
        [a, b, c, d]: [u8; 4],
        region: &'static str,
        admitted: bool,
        ssrc_base: u32,
    ) -> Self {
        let ip = std::net::IpAddr::V4(Ipv4Addr::new(a, b, c, d));
        let streams = [Ssrc(ssrc_base << 4), Ssrc(ssrc_base << 4 | 1)];
        Self { name, address: SocketAddr::new(ip, 0), region, admitted, streams }
    }

    /// Whose stream this is.
    pub(super) fn of_stream(ssrc: Ssrc) -> Option<usize> {
        CAST.iter().position(|character| character.streams.contains(&ssrc))
    }
}
