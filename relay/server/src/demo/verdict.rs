//! Whether all of it came out right.

use std::fmt;

use ringfence_fence::Rule;

use super::cast::{CAST, Character};
use super::outcome::{Heard, Outcome, Played};

/// One thing that did not come out right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// An admitted participant was never answered.
    NotLatched(&'static str),
    /// A participant did not send its whole script.
    NotSent(&'static str, u64, u64),
    /// Not everything that one admitted participant sent reached another, unchanged and readable.
    NotHeard(&'static str, &'static str, u64, Heard),
    /// A participant heard what it never should have.
    Overheard(&'static str, &'static str, Heard),
    /// Something reached a participant that nobody sent, or that had been changed, or came twice.
    Strange(&'static str, u64),
    /// The forbidden participant was let in.
    LetIn(&'static str),
    /// Something reached the forbidden participant.
    Leaked(&'static str, u64),
    /// The relay did not refuse each of the forbidden participant's checks by the one rule.
    NotRefused(u64, Vec<(Rule, u64)>),
    /// The relay did not drop each of the forbidden participant's packets.
    NotDropped(u64, u64),
    /// The rule that refused is not the one that should have, or is written nowhere.
    WrongRule(Option<Rule>),
    /// Packets were heard whose latency was not taken, or taken as nothing at all.
    Unmeasured(u64, u64),
}

/// The rule that must refuse a participant from a region that is not the fence's.
pub const RIGHT_RULE: Rule = Rule::RegionNotInClients;

/// All faults; none means that the demo showed what it says.
pub fn verdict(outcome: &Outcome) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (character, played) in CAST.iter().zip(&outcome.players) {
        faults.extend(speaking(character, played));
        match character.admitted {
            true => faults.extend(admitted(character, played, outcome)),
            false => faults.extend(kept_out(character, played, outcome)),
        }
    }
    faults.extend(measuring(outcome));
    faults
}

fn speaking(character: &Character, played: &Played) -> Option<Fault> {
    let whole = played.planned > 0 && played.sent == played.planned;
    (!whole).then_some(Fault::NotSent(character.name, played.sent, played.planned))
}

fn admitted(character: &Character, played: &Played, outcome: &Outcome) -> Vec<Fault> {
    let name = character.name;
    let mut faults = Vec::new();
    if !played.latched {
        faults.push(Fault::NotLatched(name));
    }
    if played.strange > 0 {
        faults.push(Fault::Strange(name, played.strange));
    }
    let senders = CAST.iter().zip(&outcome.players).zip(played.heard);
    faults.extend(senders.filter_map(|((sender, sent), heard)| {
        if !sender.admitted || sender == character {
            let silent = heard == Heard::default();
            return (!silent).then_some(Fault::Overheard(name, sender.name, heard));
        }
        let all = Heard { exact: sent.sent, decrypted: sent.sent };
        (heard != all).then_some(Fault::NotHeard(name, sender.name, sent.sent, heard))
    }));
    faults
}

fn kept_out(character: &Character, played: &Played, outcome: &Outcome) -> Vec<Fault> {
    let relay = &outcome.relay;
    let mut faults = Vec::new();
    if played.latched {
        faults.push(Fault::LetIn(character.name));
    }
    if played.datagrams > 0 {
        faults.push(Fault::Leaked(character.name, played.datagrams));
    }
    let tried = played.checks_sent > 0;
    if !tried || relay.refused != [(RIGHT_RULE, played.checks_sent)] {
        let refused = relay.refused.clone();
        faults.push(Fault::NotRefused(played.checks_sent, refused));
    }
    if relay.not_latched != played.sent {
        faults.push(Fault::NotDropped(played.sent, relay.not_latched));
    }
    let by = relay.refusal.as_ref();
    if !by.is_some_and(|by| by.rule == RIGHT_RULE && !by.place.is_empty()) {
        faults.push(Fault::WrongRule(by.map(|by| by.rule)));
    }
    faults
}

fn measuring(outcome: &Outcome) -> Option<Fault> {
    let heard = outcome.players.iter().map(Played::decrypted).sum();
    let measured = outcome.latency_ns.len();
    let sound = measured == heard && outcome.latency_ns.min() > 0;
    (!sound).then_some(Fault::Unmeasured(heard, measured))
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLatched(name) => write!(f, "{name} was never let in"),
            Self::NotSent(name, sent, planned) => {
                write!(f, "{name} sent {sent} of {planned} packets")
            }
            Self::NotHeard(name, sender, sent, Heard { exact, decrypted }) => write!(
                f,
                "of {sent} packets of {sender}, {exact} reached {name} unchanged and \
                 {decrypted} could be read"
            ),
            Self::Overheard(name, sender, heard) => {
                write!(f, "{name} heard {} packets of {sender}", heard.exact)
            }
            Self::Strange(name, count) => {
                write!(f, "{count} packets reached {name} changed, twice or from nobody")
            }
            Self::LetIn(name) => write!(f, "{name} was let in"),
            Self::Leaked(name, count) => write!(f, "{count} datagrams reached {name}"),
            Self::NotRefused(checks, refused) => {
                write!(f, "of {checks} forbidden checks the fence refused {refused:?}")
            }
            Self::NotDropped(sent, dropped) => {
                write!(f, "of {sent} forbidden packets the relay dropped {dropped}")
            }
            Self::WrongRule(Some(rule)) => write!(f, "the wrong rule refused: {rule}"),
            Self::WrongRule(None) => f.write_str("no rule refused"),
            Self::Unmeasured(heard, measured) => {
                write!(f, "{heard} packets were heard, {measured} measured")
            }
        }
    }
}
