//! The highest rates at which little is lost, in the manner of RFC 2544 section 26.1 with shorter trials.

use super::trial::Trial;
use crate::record::{FoundRate, LossAtRate};

/// Part of the packets that may be lost where it is said that none is.
const LOSSLESS: f64 = 0.001;

/// What most calls do not notice.
const HALF_PERCENT: f64 = 0.005;

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

/// Less than any server does, and more than any of this kind does on one processor.
const RATES: std::ops::Range<u64> = 1000..8_000_000;

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Packets a second at which at most 0.1 % is lost.
    pub lossless: FoundRate,
    /// At which at most 0.5 % is.
    pub half_percent: FoundRate,
    /// Every trial.
    pub trials: Vec<LossAtRate>,
}

/// Searches; `offer` runs one trial at a rate.
///
/// # Errors
/// Those of a trial.
pub fn search(offer: &mut dyn FnMut(u64) -> anyhow::Result<Trial>) -> anyhow::Result<Found> {
    let mut find = Find { offer, trials: Vec::new() };
    let lossless = find.rate(LOSSLESS, 0, None)?;
    let failed = find.lowest_that_lost(HALF_PERCENT, lossless.per_s);
    let half_percent = match lossless.generator_limited {
        true => lossless,
        false => find.rate(HALF_PERCENT, lossless.per_s, failed)?,
    };
    Ok(Found { lossless, half_percent, trials: find.trials })
}

struct Find<'o> {
    offer: &'o mut dyn FnMut(u64) -> anyhow::Result<Trial>,
    trials: Vec<LossAtRate>,
}

enum Verdict {
    Passed,
    Lost,
    /// The generator never kept the pace.
    NotOffered,
}

impl Find<'_> {
    /// Between a rate that is known to pass and one that is known to fail, if they are known.
    fn rate(
        &mut self,
        loss_max: f64,
        mut passed: u64,
        mut failed: Option<u64>,
    ) -> anyhow::Result<FoundRate> {
        let mut limited = false;
        let mut next = if passed == 0 { Some(FIRST) } else { after(passed, failed) };
        while let Some(rate) = next {
            match self.judge(loss_max, rate)? {
                Verdict::Passed => passed = rate,
                Verdict::Lost => (failed, limited) = (Some(rate), false),
                Verdict::NotOffered => (failed, limited) = (Some(rate), true),
            }
            next = after(passed, failed);
        }
        Ok(FoundRate { per_s: passed, generator_limited: limited })
    }

    fn judge(&mut self, loss_max: f64, rate: u64) -> anyhow::Result<Verdict> {
        let mut lost = 0;
        for _ in 0..TRIES {
            let trial = self.offer(rate)?;
            match trial.sound {
                false => {}
                true if trial.lost <= loss_max => return Ok(Verdict::Passed),
                true => lost += 1,
            }
            if lost == LOSSES {
                return Ok(Verdict::Lost);
            }
        }
        Ok(if lost > 0 { Verdict::Lost } else { Verdict::NotOffered })
    }

    fn offer(&mut self, offered_per_s: u64) -> anyhow::Result<LossAtRate> {
        let trial = (self.offer)(offered_per_s)?;
        let trial = LossAtRate { offered_per_s, lost: trial.loss(), sound: trial.is_sound() };
        self.trials.push(trial);
        Ok(trial)
    }

    /// Of the rates that were tried above one that passed.
    fn lowest_that_lost(&self, loss_max: f64, passed: u64) -> Option<u64> {
        let above = self.trials.iter().filter(|trial| trial.sound && trial.offered_per_s > passed);
        above.filter(|trial| trial.lost > loss_max).map(|trial| trial.offered_per_s).min()
    }
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
    RATES.contains(&next).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server and a generator that do so many packets a second and not one more.
    fn find(capacity: u64, generator: u64) -> Found {
        search(&mut |rate: u64| {
            let sent = rate.min(generator);
            Ok(Trial {
                sent,
                missed: rate - sent,
                expected: sent,
                received: sent.min(capacity),
                ..Trial::default()
            })
        })
        .unwrap()
    }

    #[test]
    fn the_rate_found_is_just_below_the_capacity() {
        for capacity in [3_000, 40_000, 50_000, 201_234, 2_000_000] {
            let found = find(capacity, u64::MAX);
            for (rate, loss_max) in [(found.lossless, LOSSLESS), (found.half_percent, HALF_PERCENT)]
            {
                assert!(!rate.generator_limited);
                let part = rate.per_s as f64 / capacity as f64;
                assert!(
                    (1.0 / CLOSE..=1.0 + loss_max * 1.1).contains(&part),
                    "{capacity}: {rate:?}"
                );
            }
        }
    }

    #[test]
    fn a_server_that_always_loses_a_little_has_a_rate_for_those_who_do_not_mind() {
        let found = search(&mut |rate: u64| {
            let lost = if rate > 300_000 { rate / 10 } else { rate * 3 / 1000 };
            Ok(Trial { sent: rate, expected: rate, received: rate - lost, ..Trial::default() })
        })
        .unwrap();
        assert_eq!(found.lossless.per_s, 0);
        assert!((280_000..=300_000).contains(&found.half_percent.per_s), "{found:?}");
    }

    #[test]
    fn a_generator_that_cannot_keep_up_is_named_as_the_limit() {
        let found = find(u64::MAX, 300_000).lossless;
        assert!(found.generator_limited && (280_000..=304_000).contains(&found.per_s), "{found:?}");
        assert!(!find(100_000, 300_000).lossless.generator_limited);
    }

    #[test]
    fn a_server_that_loses_everything_ends_the_search() {
        let found = find(0, u64::MAX);
        assert_eq!((found.lossless.per_s, found.half_percent.per_s), (0, 0));
    }
}
