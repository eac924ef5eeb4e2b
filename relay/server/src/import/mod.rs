//! A coturn configuration becomes one of ours, and each of its settings is accounted for: mapped,
//! safe to ignore, or refused because what it asks for would not be kept.

mod document;
mod finding;
mod lines;
mod listening;
mod options;
mod peers;
mod plan;
mod users;

use std::path::Path;

pub use self::finding::{Finding, Outcome};

use self::lines::Setting;
use self::options::Rule;
use self::plan::Plan;
use crate::config::Secret;

/// Bytes of a turnserver.conf: a hundred times the one that coturn brings along.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// Settings of a turnserver.conf: more than that are a user database.
pub const SETTINGS_MAX: usize = 10_000;

/// What a coturn configuration comes to.
pub struct Imported {
    /// A configuration of ours, as TOML. It is complete only if it loads.
    pub config: String,
    /// The files that it names, to be written beside it for this user alone.
    pub secrets: Vec<SecretFile>,
    /// One for each setting, in the order of the file.
    pub findings: Vec<Finding>,
    /// What differs whatever is set.
    pub notes: Vec<&'static str>,
}

/// A secret on its way from one file to another.
pub struct SecretFile {
    /// Its name in the configuration's folder.
    pub name: String,
    /// What it holds.
    pub secret: Secret,
}

/// A file that is no turnserver.conf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// Over [`FILE_BYTES_MAX`].
    TooLarge,
    /// Over [`SETTINGS_MAX`].
    TooManySettings,
    /// Nothing is set in it.
    Empty,
}

/// Reads a turnserver.conf that lies in `folder`, where its relative paths start.
///
/// # Errors
/// A file that is none. A setting that cannot be kept is a [`Finding`].
pub fn import(text: &[u8], folder: &Path) -> Result<Imported, Unreadable> {
    if text.len() > FILE_BYTES_MAX {
        return Err(Unreadable::TooLarge);
    }
    let (settings, mut findings) = lines::read(text)?;
    if settings.is_empty() && findings.is_empty() {
        return Err(Unreadable::Empty);
    }
    let mut plan = Plan::new(folder);
    findings.extend(settings.iter().map(|setting| {
        let outcome = judge(&mut plan, setting, &settings);
        Finding { line: setting.line, option: setting.name.clone(), outcome }
    }));
    findings.sort_by_key(|finding| finding.line);
    let notes = plan.notes();
    let config = document::write(&plan);
    Ok(Imported { config, secrets: plan.into_secrets(), findings, notes })
}

impl Imported {
    /// Whether anything of the old configuration would not be kept.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| matches!(finding.outcome, Outcome::Refused(_)))
    }
}

fn judge(plan: &mut Plan, setting: &Setting, all: &[Setting]) -> Outcome {
    let Some(option) = options::find(&setting.name) else {
        return Outcome::refused("coturn 4.6 has no such option");
    };
    if option.is_flag {
        match setting.flag() {
            Some(true) => (),
            Some(false) => return Outcome::ignored("it is off"),
            None => return Outcome::refused("coturn would not know whether this is on or off"),
        }
    }
    if !option.repeats && all.iter().any(|other| other.overrules(setting)) {
        return Outcome::ignored("a later line says otherwise, and coturn follows that");
    }
    match option.rule {
        Rule::Ignore(why) => Outcome::ignored(why),
        Rule::Refuse(why) => Outcome::refused(why),
        Rule::Map(map) => map(plan, setting, all),
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => write!(f, "it is larger than {FILE_BYTES_MAX} bytes"),
            Self::TooManySettings => write!(f, "it has more than {SETTINGS_MAX} settings"),
            Self::Empty => f.write_str("nothing is set in it"),
        }
    }
}

impl std::error::Error for Unreadable {}
