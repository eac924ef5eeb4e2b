//! What was proved of a policy, or what is wrong with it.

use std::fmt::Write;
use std::net::IpAddr;

use ringfence_fence::{Check, Example, Proof, Violation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::Sources;
use crate::plan_document::UseName;

/// Why checking one list checks all states of load.
const ARGUMENT: &str = "Sites are only ever offered out of the list that the fence makes, and load \
                        has no access to that list; so what holds of every site on it holds in \
                        every combination of sites that are up, full and down.";

/// Whether a policy keeps what it promises.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Verdict {
    /// Whether everything holds.
    pub proved: bool,
    /// What was gone through; absent if something does not hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Extent>,
    /// What does not hold, each with a case that shows it.
    pub violations: Vec<Broken>,
}

/// What a proof went through.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Extent {
    /// Configured invariants.
    pub invariants: usize,
    /// Fences as tenants and groups may use them; each was checked against every invariant.
    pub uses: usize,
    /// Stretches of the address space that the policy tells apart.
    pub atoms: usize,
    /// Kinds of addresses that fences can tell apart.
    pub classes: usize,
    /// Sites, in every combination of up, full and down.
    pub sites: usize,
    /// Why that is a proof.
    pub argument: String,
}

/// A promise that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Broken {
    /// Which: `invariant`, `home_kept`, `offers_inside_fence`, `enclaves_apart` or
    /// `admits_somebody`.
    pub check: String,
    /// The invariant's name, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invariant: Option<String>,
    /// The line that promises it, or breaks it, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// A case in which it is broken, in words.
    pub explanation: String,
    /// The same case.
    pub example: Case,
}

/// A case in which a promise is broken. What has no part in it is absent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Case {
    /// Under whose fence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<UseName>,
    /// A client that is admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub client: Option<IpAddr>,
    /// Another end that is admitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub peer: Option<IpAddr>,
    /// The sites that are full; all others are up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Vec<String>>,
    /// The site that the client is then offered first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// Whether it is offered as a spare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_spare: Option<bool>,
    /// The home region that is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// An address of two sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// Those sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sites: Option<Vec<String>>,
    /// What a fence has none of: `client` or `site`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
}

impl Verdict {
    /// What was found of a policy that was written in these texts.
    pub fn of(result: Result<Proof, Vec<Violation>>, sources: &Sources) -> Self {
        match result {
            Ok(proof) => {
                Self { proved: true, proof: Some(Extent::of(&proof)), violations: Vec::new() }
            }
            Err(violations) => {
                let violations = violations.iter().map(|it| Broken::of(it, sources)).collect();
                Self { proved: false, proof: None, violations }
            }
        }
    }

    /// All of it for people, in colour if asked.
    pub fn in_words(&self, color: bool) -> String {
        let styled = |style: &str, text: &str| match color {
            true => format!("{style}{text}\x1b[0m"),
            false => text.to_owned(),
        };
        if let Some(proof) = &self.proof {
            return format!("{}: {}", styled("\x1b[32m", "proved"), proof.in_words());
        }
        let count = self.violations.len();
        let mut text = format!("{}: {count} promises\n", styled("\x1b[31m", "broken"));
        for broken in &self.violations {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n{}", broken.explanation);
            if let Some(place) = &broken.place {
                let _ = writeln!(text, "  written at  {place}");
            }
        }
        text
    }
}

impl Extent {
    fn of(proof: &Proof) -> Self {
        let Proof { invariants, uses, atoms, classes, sites } = *proof;
        Self { invariants, uses, atoms, classes, sites, argument: ARGUMENT.to_owned() }
    }

    fn in_words(&self) -> String {
        let Self { invariants, uses, atoms, classes, sites, argument } = self;
        format!(
            "{invariants} invariants, and that every fence keeps its tenant's home, offers only \
             sites inside it, admits somebody, and no enclave touches another\n  \
             fences, as used    {uses}\n  \
             address stretches  {atoms}, of {classes} kinds\n  \
             sites              {sites}, each up, full or down\n\n{argument}\n"
        )
    }
}

impl Broken {
    fn of(violation: &Violation, sources: &Sources) -> Self {
        let place = sources.place(violation.origin);
        Self {
            check: violation.check.code().to_owned(),
            invariant: match &violation.check {
                Check::Invariant(name) => Some(name.clone()),
                _ => None,
            },
            place: place.map(|place| format!("{}:{}", place.file, place.line)),
            explanation: violation.to_string(),
            example: Case::from(&violation.example),
        }
    }
}

impl From<&Example> for Case {
    fn from(example: &Example) -> Self {
        match example.clone() {
            Example::Carried { name, client, peer, full, chosen, as_spare } => Self {
                under: Some(UseName::from(&name)),
                client,
                peer,
                full: Some(full),
                chosen: Some(chosen),
                as_spare: Some(as_spare),
                ..Self::default()
            },
            Example::HomeLeftOut { name, home } => {
                Self { under: Some(UseName::from(&name)), home: Some(home), ..Self::default() }
            }
            Example::SharedAddress { address, sites } => {
                Self { address: Some(address), sites: Some(sites.into()), ..Self::default() }
            }
            Example::Nobody { name, lacks } => Self {
                under: Some(UseName::from(&name)),
                lacks: Some(lacks.code().to_owned()),
                ..Self::default()
            },
        }
    }
}
