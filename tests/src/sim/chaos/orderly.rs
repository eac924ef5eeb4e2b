//! One thing after another, in calm weather, with the model saying after each who hears whom.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::cast::Cast;
use crate::sim::media::Media;

/// Long enough for all that one act causes.
const STEP: Duration = Duration::from_millis(200);

/// Letters arrive well before the next step.
pub(super) const MAIL_MS: u64 = 7;

/// Runs an orderly scenario of so many acts.
pub(super) fn run(cast: &mut Cast, acts: &RangeInclusive<u64>) {
    for _ in 0..3 {
        cast.join_someone();
        cast.pass(STEP);
    }
    for _ in 0..cast.dice.within(acts) {
        act(cast);
        cast.pass(STEP);
    }
}

fn act(cast: &mut Cast) {
    let Some(who) = cast.someone() else {
        cast.join_someone();
        return;
    };
    match cast.dice.below(100) {
        0..=9 => {
            cast.join_someone();
        }
        10..=12 => cast.leave(who),
        13..=22 => cast.rebind(who, 65),
        23..=27 => cast.edit_policy(),
        28 => cast.narrow(who),
        29 => cast.settle_traffic(),
        30..=31 => cast.pass(STEP * 6),
        32..=60 => everyone_checks(cast),
        61..=90 => everyone_speaks(cast),
        91..=95 => speak_as_another(cast, who),
        _ => speak(cast, who, Media::Dtls),
    }
}

fn everyone_checks(cast: &mut Cast) {
    for place in present(cast) {
        cast.check(place);
        // One after another: two who want one address at once is a race that either may win.
        cast.pass(STEP / 2);
    }
}

fn everyone_speaks(cast: &mut Cast) {
    for place in present(cast) {
        let media = cast.own_packet(place);
        speak(cast, place, media);
    }
}

fn speak_as_another(cast: &mut Cast, who: usize) {
    if let Some(other) = cast.someone() {
        let media = cast.own_packet(other);
        speak(cast, who, media);
    }
}

fn speak(cast: &mut Cast, place: usize, media: Media) {
    let said = cast.speak(place, media);
    cast.pass(STEP);
    cast.compare(&said);
}

fn present(cast: &Cast) -> Vec<usize> {
    let places = 0..cast.people.len();
    places.filter(|&place| cast.people[place].present).collect()
}
