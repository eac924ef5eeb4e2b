//! What is wrong with a configuration, as data.

use ringfence_fence::{Origin, PolicyError};
use serde_json::{Value, json};

use super::Sources;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Severity {
    /// The configuration is refused.
    Error,
    /// The configuration is taken, and something in it does less than it seems to.
    Warning,
}

/// One fault of a configuration. Never holds the text of a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable name of the kind of fault, such as `unknown_key`.
    pub code: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where; `None` where there is no text, such as for a file that cannot be read.
    pub origin: Option<Origin>,
    /// Other places that matter, each with what it has to do with the fault.
    pub related: Vec<(Origin, String)>,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: &'static str, origin: Origin, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, Some(origin), message.into())
    }

    pub(crate) fn warning(code: &'static str, origin: Origin, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, Some(origin), message.into())
    }

    /// An error of a whole file, which has no text to show.
    pub(crate) fn placeless(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, None, message.into())
    }

    /// A warning about what is written in many places, or nowhere.
    pub(crate) fn placeless_warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, None, message.into())
    }

    pub(crate) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    pub(crate) fn advise(self, help: &str) -> Self {
        self.help(help.to_owned())
    }

    pub(crate) fn related(mut self, origin: Origin, what: impl Into<String>) -> Self {
        self.related.push((origin, what.into()));
        self
    }

    fn new(
        severity: Severity,
        code: &'static str,
        origin: Option<Origin>,
        message: String,
    ) -> Self {
        Self { severity, code, message, origin, related: Vec::new(), help: None }
    }
}

impl From<PolicyError> for Diagnostic {
    fn from(error: PolicyError) -> Self {
        Self {
            severity: Severity::Error,
            code: error.code,
            message: error.message,
            origin: Some(error.origin),
            related: error.related,
            help: error.help,
        }
    }
}

/// The diagnostics as a JSON array; each has `severity`, `code` and `message`, and where known
/// `file`, `line`, `column`, `help` and `related`.
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    diagnostics.iter().map(|diagnostic| one_to_json(diagnostic, sources)).collect()
}

/// Puts diagnostics in the order of their places and drops repetitions.
pub(crate) fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|diagnostic| {
        diagnostic.origin.map(|origin| (origin.file, origin.start, origin.end))
    });
    diagnostics.dedup();
}

fn one_to_json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let mut object = json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": diagnostic.code,
        "message": diagnostic.message,
    });
    if let Some(origin) = diagnostic.origin {
        locate(&mut object, origin, sources);
    }
    if let Some(help) = &diagnostic.help {
        object["help"] = json!(help);
    }
    if !diagnostic.related.is_empty() {
        object["related"] = diagnostic.related.iter().map(|item| related(item, sources)).collect();
    }
    object
}

fn related((origin, what): &(Origin, String), sources: &Sources) -> Value {
    let mut object = json!({ "message": what });
    locate(&mut object, *origin, sources);
    object
}

fn locate(object: &mut Value, origin: Origin, sources: &Sources) {
    if let Some(place) = sources.place(origin) {
        object["file"] = json!(place.file);
        object["line"] = json!(place.line);
        object["column"] = json!(place.column);
    }
}
