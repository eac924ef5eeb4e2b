//! Why a command did not do what it was told, and what to do next.

use std::io;
use std::process::ExitCode;

use ringfence_fence::Policy;
use serde_json::{Value, json};

use super::OutputMode;
use super::exit;
use super::output::{print_error, style_errors};
use crate::api::why::Unanswered;
use crate::client::ClientError;
use crate::config;
use crate::relay::StartError;
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

    /// The same, with another exit code.
    pub(super) fn exiting(self, exit: u8) -> Self {
        Self { exit, ..self }
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
                Self { json: json!(problem), ..Self::new(exit::REFUSED, &problem.code, &text) }
            }
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let code = match error {
            StartError::Bind(..) => "bind",
            StartError::ControlSocket(..) => "control_socket",
            StartError::System(..) => "system",
        };
        let text = match next_step(&error) {
            Some(next_step) => format!("{error}\n{next_step}"),
            None => error.to_string(),
        };
        Self::new(exit::SYSTEM, code, &text)
    }
}

impl From<Unanswered> for Failure {
    fn from(error: Unanswered) -> Self {
        let code = match error {
            Unanswered::NoFenceNamed => "no_fence_named",
            Unanswered::UnknownFence(_) => "fence_not_found",
        };
        Self::new(exit::REFUSED, code, &error.to_string())
    }
}

fn next_step(error: &StartError) -> Option<&'static str> {
    let (StartError::Bind(_, cause)
    | StartError::ControlSocket(_, cause)
    | StartError::System(_, cause)) = error;
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
