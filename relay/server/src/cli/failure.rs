//! Why a command did not do what it was told, and what to do next.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use ringfence_fence::Policy;
use serde_json::{Value, json};

use super::OutputMode;
use super::exit;
use super::output::{print_error, style_errors};
use super::select::refused_in_words;
use crate::api::select::{NotOfferedSite, Unselected};
use crate::api::why::{Unanswered, in_words};
use crate::audit::{ChainError, NoTrail};
use crate::client::ClientError;
use crate::config::{self, Loaded};
use crate::relay::StartError;
use crate::report::NoReport;
use crate::turn_credentials::NotMade;

/// A failed command.
#[derive(Debug)]
pub(super) struct Failure {
    exit: u8,
    text: Text,
    json: Value,
}

#[derive(Debug)]
enum Text {
    /// A sentence or more.
    Plain(String),
    /// Errors of a configuration, drawn only once it is known for what terminal.
    Config(Box<config::Failure>),
}

impl Failure {
    /// A wrong command line.
    pub(super) fn usage(text: &str) -> Self {
        Self::new(exit::USAGE, "usage", text)
    }

    /// No configuration, and where it was looked for.
    pub(super) fn no_config(looked_for: &str) -> Self {
        let text = format!(
            "there is no configuration: {looked_for}\n\
             Say where it is with --config, or start from examples/ringfence.toml."
        );
        Self::new(exit::CONFIG, "no_config", &text)
    }

    /// Region data, or a list for it, that cannot be used.
    pub(super) fn region(code: &str, text: &str) -> Self {
        Self::new(exit::USAGE, code, text)
    }

    /// Errors of a configuration.
    pub(super) fn config(failure: config::Failure) -> Self {
        Self {
            exit: exit::CONFIG,
            json: json!({ "code": "config", "title": "the configuration is refused",
                          "errors": failure.to_json() }),
            text: Text::Config(Box::new(failure)),
        }
    }

    /// A thread of the relay that ended on its own.
    pub(super) fn thread_ended(error: &io::Error) -> Self {
        let text =
            format!("a thread of the relay ended: {error}\nPlease report this, with the log.");
        Self::new(exit::SOFTWARE, "thread_ended", &text)
    }

    /// A file or folder that could not be written.
    pub(super) fn write(what: &str, error: &io::Error) -> Self {
        Self::new(exit::INPUT_OUTPUT, "write", &format!("cannot write {what}: {error}"))
    }

    /// Something that the system refused.
    pub(super) fn system(what: &str, error: &io::Error) -> Self {
        Self::new(exit::SYSTEM, "system", &format!("cannot get {what}: {error}"))
    }

    /// TURN credentials that cannot be made.
    pub(super) fn no_credentials(refused: &NotMade, policy: &Policy) -> Self {
        Self::new(exit::REFUSED, refused.code(), &refused.in_words(policy))
    }

    /// No site is offered, as the relay's API would say it.
    pub(super) fn unselected(unselected: &Unselected, loaded: &Loaded) -> Self {
        let (code, text, refused): (_, _, &[NotOfferedSite]) = match unselected {
            Unselected::UnknownSite(name) => {
                ("site_not_found", format!("there is no site `{name}` in this enclave"), &[])
            }
            Unselected::NoSite { error, refused } => {
                let why = error.cause.map(|refusal| in_words(&loaded.policy, &refusal, None));
                let none = || "every site is refused, full or down".to_owned();
                (error.code(), why.unwrap_or_else(none), refused)
            }
        };
        let json = json!({ "code": code, "title": text, "refused_sites": refused });
        Self { json, ..Self::new(exit::REFUSED, code, &text) }.adding(&refused_in_words(refused))
    }

    /// An audit trail that is not there or cannot be read.
    pub(super) fn no_trail(error: &NoTrail) -> Self {
        Self::new(exit::INPUT_OUTPUT, "no_audit_trail", &error.to_string())
    }

    /// A configuration without an audit trail, where none was named either.
    pub(super) fn no_audit() -> Self {
        let text = "the configuration has no `audit.path`, so nothing is on record; say where a \
                    trail is, or set it";
        Self::new(exit::CONFIG, "no_audit", text)
    }

    /// A file that is no key.
    pub(super) fn bad_key(path: &Path, reason: &str) -> Self {
        Self::new(exit::USAGE, "bad_key", &format!("{} {reason}", path.display()))
    }

    /// A meeting of which no report can be made.
    pub(super) fn no_report(error: &NoReport) -> Self {
        match error {
            NoReport::NoTrail(error) => Self::no_trail(error),
            NoReport::SeveralTenants(_) => {
                let text = format!("{error}\nSay whose it was with --tenant.");
                Self::new(exit::USAGE, "several_tenants", &text)
            }
            error => Self::new(exit::REFUSED, "no_report", &error.to_string()),
        }
    }

    /// The same, with another exit code.
    pub(super) fn exiting(self, exit: u8) -> Self {
        Self { exit, ..self }
    }

    /// The same, with more to read for people.
    pub(super) fn adding(self, more: &str) -> Self {
        let text = match self.text {
            Text::Plain(text) => Text::Plain(format!("{text}\n{more}")),
            config => config,
        };
        Self { text, ..self }
    }

    /// Writes it to standard error.
    pub(super) fn report(&self, output: OutputMode) -> ExitCode {
        match (output, &self.text) {
            (OutputMode::Json, _) => print_error(&format!("{}\n", self.json)),
            (_, Text::Plain(text)) => print_error(&format!("error: {}\n", text.trim_end())),
            (_, Text::Config(failure)) => print_error(&failure.render(style_errors())),
        }
        exit::code(self.exit)
    }

    fn new(exit: u8, code: &str, text: &str) -> Self {
        Self {
            exit,
            text: Text::Plain(text.to_owned()),
            json: json!({ "code": code, "title": text }),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        match error {
            ClientError::Unreachable { .. } => Self::new(exit::UNAVAILABLE, "unreachable", &text),
            ClientError::Garbled(_) => Self::new(exit::PROTOCOL, "garbled", &text),
            ClientError::Problem(problem) => {
                let exit = match problem.code.as_str() {
                    "bad_config" => exit::USAGE,
                    "widening_refused" => exit::WIDENS,
                    "invariant_violated" => exit::VIOLATED,
                    _ => exit::REFUSED,
                };
                let sites = refused_in_words(&problem.refused_sites);
                Self { json: json!(problem), ..Self::new(exit, &problem.code, &text) }
                    .adding(&sites)
            }
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let code = match error {
            StartError::Bind(..) => "bind",
            StartError::ControlSocket(..) => "control_socket",
            StartError::Audit(..) => "audit",
            StartError::System(..) => "system",
        };
        let exit = match error {
            StartError::Audit(_, ref error) if may_pass(error) => exit::INPUT_OUTPUT,
            StartError::Audit(..) => exit::CONFIG,
            _ => exit::SYSTEM,
        };
        let text = match next_step(&error) {
            Some(next_step) => format!("{error}\n{next_step}"),
            None => error.to_string(),
        };
        Self::new(exit, code, &text)
    }
}

/// A full disk may have room a moment later, and another process may end: the service manager is to try
/// again. A wrong path stays wrong.
fn may_pass(error: &ChainError) -> bool {
    use io::ErrorKind::{
        IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem,
    };
    match error {
        ChainError::Busy(_) => true,
        ChainError::Io(error) => !matches!(
            error.kind(),
            NotFound | PermissionDenied | NotADirectory | IsADirectory | ReadOnlyFilesystem
        ),
        _ => false,
    }
}

impl From<Unanswered> for Failure {
    fn from(error: Unanswered) -> Self {
        let code = match error {
            Unanswered::NoFenceNamed => "no_fence_named",
            Unanswered::UnknownFence(_) => "fence_not_found",
            Unanswered::GroupWithoutTenant => "group_without_tenant",
            Unanswered::UnknownSite(_) => "site_not_found",
        };
        Self::new(exit::REFUSED, code, &error.to_string())
    }
}

fn next_step(error: &StartError) -> Option<&'static str> {
    let cause = match error {
        StartError::Bind(_, cause)
        | StartError::ControlSocket(_, cause)
        | StartError::System(_, cause)
        | StartError::Audit(_, ChainError::Io(cause)) => cause,
        StartError::Audit(_, ChainError::Busy(_)) => {
            return Some(
                "Each relay needs a trail of its own: change `audit.path` of one of them.",
            );
        }
        StartError::Audit(..) => {
            return Some(
                "Nothing was added to it. `ringfence audit verify` tells all that is wrong; keep \
                 its files, and begin another by changing `audit.path`.",
            );
        }
    };
    match (error, cause.kind()) {
        (StartError::Bind(..), io::ErrorKind::AddrInUse) => {
            Some("Another process has it: `ss -lnptu` says which. Stop it, or change `listen`.")
        }
        (StartError::Bind(..), io::ErrorKind::AddrNotAvailable) => {
            Some("No interface of this host has that address: `ip address` lists them.")
        }
        (StartError::Bind(..), io::ErrorKind::PermissionDenied) => {
            Some("Ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one.")
        }
        (StartError::Audit(..), io::ErrorKind::NotFound) => {
            Some("Make its folder first, or change `audit.path`.")
        }
        (StartError::Audit(..), io::ErrorKind::PermissionDenied) => {
            Some("Let this user write to its folder, or change `audit.path`.")
        }
        (StartError::ControlSocket(..), io::ErrorKind::AddrInUse) => {
            Some("One relay runs already: `ringfence rooms` asks it. Stop it first.")
        }
        (StartError::ControlSocket(..), io::ErrorKind::AlreadyExists) => {
            Some("Move it away, or choose another path for `control.socket`.")
        }
        (StartError::ControlSocket(..), io::ErrorKind::NotFound) => {
            Some("Make its folder first, or choose another path for `control.socket`.")
        }
        (StartError::ControlSocket(..), io::ErrorKind::PermissionDenied) => {
            Some("Let this user write to its folder, or choose another path for `control.socket`.")
        }
        _ => None,
    }
}
