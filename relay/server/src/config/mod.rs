//! The configuration: one TOML file, strict, refused as a whole for any fault.
//!
//! Text to tree (`document`), overrides (`environment`), tree to raw structs (`raw`,
//! `shape`), raw to resolved (`resolve`), then the fence's own judgement. Each stage reports
//! all it can find, and what comes out holds nothing that was not checked.

mod bounds;
mod config_file;
mod diagnostic;
mod document;
mod effective;
mod environment;
mod file;
mod masking;
mod proof;
mod raw;
mod render;
mod resolve;
mod schema;
mod secret;
mod settings;
mod shape;
mod source;
mod suggestion;
mod tls;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

pub(crate) use bounds::{DRAIN_S, WORKERS};
pub use config_file::ConfigFile;
pub(crate) use config_file::NEW;
pub use diagnostic::{Diagnostic, Severity, to_json};
pub use effective::effective;
pub use environment::PREFIX as ENVIRONMENT_PREFIX;
pub use render::render;
use ringfence_fence::{Epoch, Origin, Policy, PolicyError};
pub use schema::schema;
pub use secret::{MASK, SECRET_BYTES_MAX, SECRET_CHARS_MIN, Secret, SecretSlot, SecretSource};
use serde_json::Value;
pub use settings::{
    Audit, Config, Control, Guard, KeySlot, Limits, Listen, Log, LogFormat, LogLevel, Node,
    Offload, Plan, RegionData, Tenant, Tuning, Turn, User, Widening, Workers,
};
pub use source::{Place, Sources};
pub use tls::Tls;

use crate::region::date::Date;
use bounds::ERRORS_MAX;
use environment::Overrides;
use resolve::{Resolved, Surroundings};
pub(crate) use resolve::{SOCKET, is_user_name};

/// A configuration that may be run.
#[derive(Debug)]
pub struct Loaded {
    /// Every value, resolved.
    pub config: Config,
    /// The policy, at epoch 1, or for a relay that runs at the one that was asked for.
    pub policy: Arc<Policy>,
    /// The texts it came from; the policy's origins point into them.
    pub sources: Sources,
    /// What does less than it seems to, in the order of the texts.
    pub warnings: Vec<Diagnostic>,
    /// The file it came from; `None` if it came from memory.
    pub file: Option<ConfigFile>,
}

/// For whom a configuration is read.
struct Standing {
    /// Of the policy that comes out.
    epoch: Epoch,
    /// What the relay runs with, if one does.
    running: Option<Arc<Config>>,
    /// By which the age of region data is told.
    today: Date,
}

/// systemd's folder of credentials (systemd.exec(5)).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Why a configuration is refused: every error that was found.
#[derive(Debug)]
pub struct Failure {
    /// At least one error and no warnings, in the order of the texts.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts they point into.
    pub sources: Sources,
}

/// Reads a configuration file with the overrides among the environment's variables.
///
/// Relative paths in it start at the file's folder. Variables that do not start with
/// [`ENVIRONMENT_PREFIX`] are ignored, but for systemd's `CREDENTIALS_DIRECTORY`. [`Loaded::file`] reads it again.
///
/// # Errors
/// Every fault of the file, the overrides and the secrets. Nothing is kept of such a configuration.
pub fn load(
    path: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Failure> {
    load_on(Date::of(SystemTime::now()), path, environment)
}

/// As [`load`], but as if it were another day: whether region data is stale depends on it.
///
/// # Errors
/// As [`load`].
pub fn load_on(
    today: Date,
    path: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Failure> {
    ConfigFile::new(path, environment).load(&Standing::start(today))
}

/// Reads a configuration from memory; `name` is what messages call it and relative paths in it
/// start at `base_dir`.
///
/// # Errors
/// As [`load`].
pub fn parse(
    name: &str,
    text: &str,
    base_dir: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Failure> {
    let variables: Vec<_> = environment.into_iter().collect();
    let standing = Standing::start(Date::of(SystemTime::now()));
    parse_standing((name, text), base_dir, &variables, &standing)
}

fn parse_standing(
    text: (&str, &str),
    base_dir: &Path,
    variables: &[(String, String)],
    standing: &Standing,
) -> Result<Loaded, Failure> {
    let credentials_dir = variables.iter().find(|(name, _)| name == CREDENTIALS_DIRECTORY);
    let mut found = Vec::new();
    let surroundings = Surroundings {
        host_addresses: host_addresses(&mut found),
        base_dir: base_dir.to_owned(),
        credentials_dir: credentials_dir.map(|(_, dir)| PathBuf::from(dir)),
        running: standing.running.clone(),
        today: standing.today,
    };
    let overrides = Overrides::new(variables.iter().cloned());
    let mut sources = Sources::default();
    let within = (&overrides, &surroundings, standing.epoch);
    match judge(text, within, &mut sources, &mut found) {
        Some((config, policy)) if found.iter().all(is_warning) => {
            diagnostic::sort(&mut found);
            let policy = Arc::new(policy);
            Ok(Loaded { config, policy, sources, warnings: found, file: None })
        }
        _ => Err(Failure::new(found, sources)),
    }
}

impl Standing {
    /// Of a relay that is about to start.
    fn start(today: Date) -> Self {
        Self { epoch: Epoch(1), running: None, today }
    }

    /// Of a relay that runs and reads its configuration again.
    fn again(epoch: Epoch, running: Arc<Config>) -> Self {
        Self { epoch, running: Some(running), today: Date::of(SystemTime::now()) }
    }
}

impl Loaded {
    /// Warns of an audit trail that is not there, for whoever looks a configuration over.
    pub(crate) fn warn_without_audit(&mut self) {
        if self.config.audit.path.is_none() {
            let message =
                "there is no `audit.path`: nothing is put on record, and reports are empty";
            let warning = Diagnostic::placeless_warning("no_audit", message);
            self.warnings.push(warning.advise("[audit]\npath = \"audit.jsonl\""));
        }
    }

    /// The warnings as text for people, in colour if asked.
    pub fn render_warnings(&self, color: bool) -> String {
        render(&self.warnings, &self.sources, color)
    }
}

impl Failure {
    /// The errors as text for people, each with its line and a caret, in colour if asked.
    pub fn render(&self, color: bool) -> String {
        render(&self.diagnostics, &self.sources, color)
    }

    /// The errors as a JSON array.
    pub fn to_json(&self) -> Value {
        to_json(&self.diagnostics, &self.sources)
    }

    fn new(mut diagnostics: Vec<Diagnostic>, sources: Sources) -> Self {
        diagnostics.retain(|diagnostic| !is_warning(diagnostic));
        diagnostic::sort(&mut diagnostics);
        if diagnostics.len() > ERRORS_MAX {
            diagnostics.truncate(ERRORS_MAX);
            let message = format!("there are more errors than the {ERRORS_MAX} shown");
            diagnostics.push(Diagnostic::placeless("too_many_errors", message));
        }
        Self { diagnostics, sources }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Failure {}

/// The addresses of this host, none of which may be a TURN peer. Not to know them is an error: an
/// address that should be refused would not be.
fn host_addresses(found: &mut Vec<Diagnostic>) -> Vec<IpAddr> {
    ringfence_net::interfaces::addresses().unwrap_or_else(|error| {
        let message = format!("cannot list the addresses of this host: {error}");
        found.push(Diagnostic::placeless("host_addresses", message));
        Vec::new()
    })
}

/// All stages in turn; each is run if the one before left something to judge.
fn judge(
    (name, text): (&str, &str),
    (overrides, surroundings, epoch): (&Overrides, &Surroundings, Epoch),
    sources: &mut Sources,
    found: &mut Vec<Diagnostic>,
) -> Option<(Config, Policy)> {
    let file = sources.add(name, text);
    if text.trim().is_empty() {
        let error = Diagnostic::error("empty_file", sources.end(file), "the file is empty");
        found.push(error.advise("an empty configuration admits nobody: start from an example"));
        return None;
    }
    let mut tree = document::parse(text, file, sources, found)?;
    overrides.apply(tree.get_mut(), sources, found);
    document::check_lists(tree.get_ref().values(), sources, found);
    let shaped = shape::shape(tree, sources, found)?;
    let resolved = resolve::resolve(&shaped, surroundings, sources, found);
    let policy = compile(&resolved, epoch, found)?;
    found.extend(bad_standing(&policy));
    Some((resolved.config?, policy))
}

/// The fence's judgement of the policy, without what is only the echo of a fault reported before.
fn compile(resolved: &Resolved, epoch: Epoch, found: &mut Vec<Diagnostic>) -> Option<Policy> {
    if resolved.names_lost {
        return None;
    }
    let errors = match Policy::compile(&resolved.policy, epoch) {
        Ok(policy) => return Some(policy),
        Err(errors) => errors,
    };
    let news = errors.into_iter().filter(|error| !is_echo(error, &resolved.hollow));
    found.extend(news.map(Diagnostic::from));
    None
}

/// A host that was started under another site's name still starts, and carries nothing.
fn bad_standing(policy: &Policy) -> Option<Diagnostic> {
    let refusal = policy.own_site_standing().err()?;
    let site = policy.site_name(policy.own_site());
    let message =
        format!("an address of `listen` lies outside of site `{site}`: all fenced work is refused");
    let warning = Diagnostic::warning("outside_own_site", refusal.origin?, message);
    Some(warning.advise("is `node.site` this host's? if so, add the address to the site's ranges"))
}

/// Whether an error is about a name that was written nowhere, or about what is absent from a list
/// that lost entries to other faults.
fn is_echo(error: &PolicyError, hollow: &[Origin]) -> bool {
    const ABOUT_ABSENCE: [&str; 4] =
        ["empty_region", "empty_site", "tenant_without_fences", "home_not_in_transit"];
    let mut places = error.related.iter().map(|(origin, _)| origin).chain([&error.origin]);
    error.origin == Origin::default()
        || ABOUT_ABSENCE.contains(&error.code) && places.any(|place| hollow.contains(place))
}

fn is_warning(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Warning
}
