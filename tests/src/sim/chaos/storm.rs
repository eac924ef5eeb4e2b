//! Everything at once: bad weather, moves, attacks and reloads, with only the judge to say what is
//! wrong. Then the sky clears and the model says who must hear whom.

use std::ops::RangeInclusive;
use std::time::Duration;

use ringfence_wire::datagram::LocalSocket;

use super::attacks;
use super::cast::Cast;
use crate::sim::Weather;
use crate::sim::media::Media;

/// Longer than any path check or latch lives without a sign of life.
const LULL: Duration = Duration::from_secs(9);

/// Path checks to one address are at least a second apart.
const PATIENCE: Duration = Duration::from_millis(1100);

/// Letters may be under way for longer than some packets.
pub(super) const MAIL_MS: u64 = 30;

/// Runs a storm of so many acts, and the calm after it.
pub(super) fn run(cast: &mut Cast, acts: &RangeInclusive<u64>) {
    let acts = cast.dice.within(acts);
    let worst = cast.dice.within(&(1..=60));
    cast.sim.set_weather(Weather {
        delay_ms: 1..=worst,
        loss_percent: cast.dice.below(20),
        doubled_percent: cast.dice.below(20),
    });
    for _ in 0..3 {
        arrive(cast);
    }
    for _ in 0..acts {
        act(cast);
        let span = Duration::from_millis(cast.dice.within(&(0..=250)));
        cast.pass(span);
    }
    calm(cast);
    roll_call(cast);
}

fn act(cast: &mut Cast) {
    let Some(who) = cast.someone() else {
        return arrive(cast);
    };
    let endpoint = cast.people[who].endpoint;
    match cast.dice.below(100) {
        0..=9 => arrive(cast),
        10..=11 => cast.leave(who),
        12..=16 => cast.sim.check_every(endpoint, Some(Duration::from_millis(400))),
        17..=19 => cast.sim.check_every(endpoint, None),
        20..=26 => cast.rebind(who, 55),
        27..=30 => cast.edit_policy(),
        31 => cast.narrow(who),
        32 => cast.settle_traffic(),
        33..=62 => burst(cast, who),
        63..=66 => {
            let ssrc = cast.people[who].ssrc;
            cast.sim.speak(endpoint, Media::Rtcp { ssrc });
        }
        67..=69 => {
            let kind = *cast.dice.pick(&[Media::Dtls, Media::Zrtp]);
            cast.sim.speak(endpoint, kind);
        }
        _ => attacks::one(cast, who),
    }
}

/// Most who join ask to be let in at once, and keep asking.
fn arrive(cast: &mut Cast) {
    let every = Duration::from_millis(300 + 100 * cast.dice.within(&(0..=7)));
    if let Some(endpoint) = cast.join_someone()
        && cast.dice.percent(85)
    {
        cast.sim.check_every(endpoint, Some(every));
    }
}

fn burst(cast: &mut Cast, who: usize) {
    let packets = if cast.dice.percent(2) { 80 } else { 1 + cast.dice.below(5) };
    for _ in 0..packets {
        let media = cast.own_packet(who);
        cast.sim.speak(cast.people[who].endpoint, media);
    }
}

/// All latches lapse, all checks are forgotten, then everyone asks again from where it is.
fn calm(cast: &mut Cast) {
    cast.sim.set_weather(Weather::calm());
    for place in 0..cast.people.len() {
        cast.sim.check_every(cast.people[place].endpoint, None);
    }
    cast.pass(LULL);
    for _ in 0..2 {
        (0..cast.people.len())
            .filter(|&place| cast.people[place].present)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|place| cast.check(place));
        cast.pass(PATIENCE);
    }
}

/// Everyone speaks once with an SSRC that nobody has used.
fn roll_call(cast: &mut Cast) {
    let mut said = Vec::new();
    for place in 0..cast.people.len() {
        if cast.people[place].present {
            // Of the simulation's own chance: what a fuzzer tells may be an SSRC that somebody has.
            let fresh = Media::rtp(cast.sim.dice().word(), 1);
            said.push(cast.speak(place, fresh));
        }
    }
    let stranger = cast.address("fence-0", 100);
    cast.sim.speak_from(stranger, LocalSocket::Listen(0), None, Media::rtp(1, 1));
    cast.pass(Duration::from_millis(300));
    said.iter().for_each(|one| cast.compare(one));
}
