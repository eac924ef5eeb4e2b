//! What attackers do in a storm: what a stranger or a rogue participant can try.

use std::net::SocketAddr;

use ringfence_wire::datagram::LocalSocket;

use super::cast::Cast;
use crate::sim::Answers;
use crate::sim::endpoint::{check_of, connectivity_check};
use crate::sim::media::{Media, MediaId};
use crate::sim::stun::{self, Forge};

/// One attack, in which `who` is the victim or the rogue.
pub(super) fn one(cast: &mut Cast, who: usize) {
    match cast.dice.below(10) {
        0..=1 => replay(cast, who),
        2 => forge_source(cast, who),
        3 => bad_signature(cast, who),
        4..=5 => inject(cast, who),
        6 => steal_ssrc(cast, who),
        7 => race_handshake(cast, who),
        8 => guess_answer(cast, who),
        _ => rubbish(cast, who),
    }
}

/// A captured check comes again from a stranger's address, which answers path checks as well as it
/// can: where the participant has a password it does not know it, elsewhere it is not on the path.
fn replay(cast: &mut Cast, who: usize) {
    let victim = cast.sim.at(cast.people[who].endpoint);
    let has_password = victim.stay.as_ref().is_some_and(|stay| stay.ice.is_some());
    let (captured, local) = (victim.last_check.clone(), victim.local);
    let address = stranger(cast, who);
    if let Some(captured) = captured {
        let endpoint = cast.sim.endpoint(address);
        cast.sim.at_mut(endpoint).answers = match has_password {
            true => Answers::Blindly,
            false => Answers::Never,
        };
        cast.sim.send(address, local, captured);
    }
}

/// A participant's valid check claims to come from another's address. Where neither has a password
/// the other would answer the unsigned path check as its own, so that pair is left out.
fn forge_source(cast: &mut Cast, who: usize) {
    let Some(victim) = cast.someone().filter(|&victim| victim != who) else {
        return;
    };
    let (rogue, victim) = (cast.people[who].endpoint, cast.people[victim].endpoint);
    let victim = cast.sim.at(victim);
    let victim_signs = victim.stay.as_ref().is_some_and(|stay| stay.ice.is_some());
    let (address, local) = (victim.address, victim.local);
    let Some(stay) = cast.sim.at(rogue).stay.clone() else {
        return;
    };
    if victim_signs || stay.ice.is_some() {
        let forged = connectivity_check(&stay, cast.dice.bytes());
        cast.sim.send(address, local, forged);
    }
}

fn bad_signature(cast: &mut Cast, who: usize) {
    let endpoint = cast.sim.at(cast.people[who].endpoint);
    let (from, local) = (endpoint.address, endpoint.local);
    let Some(stay) = endpoint.stay.clone() else {
        return;
    };
    let unsigned = check_of(&stay, cast.dice.bytes());
    let password = stay.credentials.password.as_bytes();
    let bytes = match cast.dice.below(5) {
        0 => unsigned.finish(),
        1 => unsigned.integrity(b"guessed").fingerprint().finish(),
        2 => unsigned.attribute(stun::UNHEARD_OF, &[]).integrity(password).finish(),
        3 => {
            let mut bytes = unsigned.integrity(password).fingerprint().finish();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            bytes
        }
        _ => {
            let mut bytes = unsigned.integrity(password).finish();
            bytes[30] ^= 0x20;
            bytes
        }
    };
    cast.sim.send(from, local, bytes);
}

/// Media with a participant's SSRC from elsewhere: another port of its host, or another host.
fn inject(cast: &mut Cast, who: usize) {
    let (address, local) = cast.place_of(who);
    let beside = SocketAddr::new(address.ip(), address.port().wrapping_add(1));
    let from = match cast.dice.percent(50) && cast.sim.is_free(beside) {
        true => beside,
        false => stranger(cast, who),
    };
    let media = cast.own_packet(who);
    cast.sim.speak_from(from, local, None, media);
}

fn steal_ssrc(cast: &mut Cast, who: usize) {
    let Some(victim) = cast.someone().filter(|&victim| victim != who) else {
        return;
    };
    let media = cast.own_packet(victim);
    cast.sim.speak(cast.people[who].endpoint, media);
}

fn race_handshake(cast: &mut Cast, who: usize) {
    let from = stranger(cast, who);
    let local = cast.place_of(who).1;
    let media = *cast.dice.pick(&[Media::Dtls, Media::Zrtp]);
    cast.sim.speak_from(from, local, None, media);
}

/// Answers and indications that nobody asked for.
fn guess_answer(cast: &mut Cast, who: usize) {
    let (from, local) = match cast.dice.percent(50) {
        true => cast.place_of(who),
        false => (stranger(cast, who), LocalSocket::Listen(0)),
    };
    let kind = *cast.dice.pick(&[stun::SUCCESS, stun::ERROR, stun::INDICATION, 0x0003]);
    let bytes = Forge::new(kind, cast.dice.bytes()).fingerprint().finish();
    cast.sim.send(from, local, bytes);
}

/// What no protocol here would send, and starts of what some would.
fn rubbish(cast: &mut Cast, who: usize) {
    let (from, local) = cast.place_of(who);
    let mut bytes = cast.dice.bytes::<24>().to_vec();
    bytes[0] = *cast.dice.pick(&[0, 3, 4, 15, 64, 79, 80, 127, 192, 255]);
    match cast.dice.below(4) {
        0 => bytes.truncate(cast.dice.below(3)),
        1 => bytes = Media::rtp(7, 7).packet(MediaId(0), &[])[..11].to_vec(),
        2 => bytes = vec![0x9f, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        _ => {}
    }
    cast.sim.send(from, local, bytes);
}

/// An address that nobody has, admitted by the victim's fence in most cases.
fn stranger(cast: &mut Cast, victim: usize) -> SocketAddr {
    let fence = cast.people[victim].room.replace("room", "fence");
    cast.address(&fence, 80)
}
