//! The highest rate without loss, in the manner of RFC 2544 section 26.1 with shorter trials.

use serde::Serialize;

use super::trial::Trial;

/// Part of the packets that may be lost.
const LOSS_MAX: f64 = 0.001;

/// A rate fails when it has lost so often: the machine does other work as well.
const LOSSES: usize = 2;

/// Trials of one rate, those included that the generator spoilt.
const TRIES: usize = 5;

/// The search ends when what passed and what failed are this close.
const CLOSE: f64 = 1.04;

/// From one rate to the next, as long as none has failed.
const STEP: f64 = 1.5;

/// Where it begins.
const FIRST: u64 = 50_000;

/// More than any server of this kind does on one processor.
const LAST: u64 = 8_000_000;

/// What a search found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Lossless {
    /// Packets a second.
    pub rate: u64,
    /// The generator could not offer more: the server may do better.
    pub generator_limited: bool,
}

enum Verdict {
    Passed,
    Lost,
    /// The generator never kept the pace.
    NotOffered,
}

/// Searches; `offer` runs one trial at a rate.
pub(super) fn search(
    mut offer: impl FnMut(u64) -> anyhow::Result<Trial>,
) -> anyhow::Result<Lossless> {
    let (mut passed, mut failed, mut limited) = (0, None, false);
    let mut next = Some(FIRST);
    while let Some(rate) = next {
        match judge(&mut offer, rate)? {
            Verdict::Passed => passed = rate,
            Verdict::Lost => (failed, limited) = (Some(rate), false),
            Verdict::NotOffered => (failed, limited) = (Some(rate), true),
        }
        next = after(passed, failed);
    }
    Ok(Lossless { rate: passed, generator_limited: limited })
}

fn judge(
    offer: &mut impl FnMut(u64) -> anyhow::Result<Trial>,
    rate: u64,
) -> anyhow::Result<Verdict> {
    let mut lost = 0;
    for _ in 0..TRIES {
        let trial = offer(rate)?;
        match trial.is_sound() {
            false => {}
            true if trial.loss() <= LOSS_MAX => return Ok(Verdict::Passed),
            true => lost += 1,
        }
        if lost == LOSSES {
            return Ok(Verdict::Lost);
        }
    }
    Ok(if lost > 0 { Verdict::Lost } else { Verdict::NotOffered })
}

/// The rate between what passed and what failed, or one further up.
fn after(passed: u64, failed: Option<u64>) -> Option<u64> {
    let (low, high) = (passed.max(1) as f64, failed.map(|rate| rate as f64));
    let next = match high {
        None => low * STEP,
        Some(high) if passed == 0 => high / STEP,
        Some(high) if high / low > CLOSE => (low * high).sqrt(),
        Some(_) => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the limits"
    )]
    let next = next as u64;
    (1000..LAST).contains(&next).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(capacity: u64, generator: u64) -> Lossless {
        let trial = |rate: u64| {
            let sent = rate.min(generator);
            Ok(Trial {
                sent,
                missed: rate - sent,
                received: sent.min(capacity),
                ..Trial::default()
            })
        };
        search(trial).unwrap()
    }

    #[test]
    fn the_rate_found_is_just_below_the_capacity() {
        for capacity in [3_000, 40_000, 50_000, 201_234, 2_000_000] {
            let found = find(capacity, u64::MAX);
            assert!(!found.generator_limited);
            let part = found.rate as f64 / capacity as f64;
            assert!((1.0 / CLOSE..=1.0 + LOSS_MAX * 1.1).contains(&part), "{capacity}: {found:?}");
        }
    }

    #[test]
    fn a_generator_that_cannot_keep_up_is_named_as_the_limit() {
        let found = find(u64::MAX, 300_000);
        assert!(found.generator_limited && (280_000..=304_000).contains(&found.rate), "{found:?}");
        assert!(!find(100_000, 300_000).generator_limited);
    }

    #[test]
    fn a_server_that_loses_everything_ends_the_search() {
        assert_eq!(find(0, u64::MAX), Lossless { rate: 0, generator_limited: false });
    }
}
