//! What one look at a host has shown.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// The relay runs, and will do less or lose more than it could.
    Warning,
    /// The relay does not start, or carries nothing, or is not where it says it is.
    Error,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// What was looked at: a stable name in snake_case.
    pub check: &'static str,
    /// How bad it is.
    pub grade: Grade,
    /// What was found, in a sentence.
    pub message: String,
    /// A command, or lines of the configuration, that mend it. Absent where nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Grade {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, grade: Grade::Ok, message: message.into(), fix: None }
    }

    pub(super) fn warning(
        check: &'static str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (message, fix) = (message.into(), Some(fix.into()));
        Self { check, grade: Grade::Warning, message, fix }
    }

    pub(super) fn error(
        check: &'static str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { grade: Grade::Error, ..Self::warning(check, message, fix) }
    }

    /// For what the system does not tell.
    pub(super) fn unknown(check: &'static str, file: &str) -> Self {
        let message = format!("{file} cannot be read, so this was not looked at");
        Self::warning(check, message, format!("cat {file}"))
    }
}

/// Sets a kernel parameter, now and at every start (sysctl.d(5)).
pub(super) fn sysctl(name: &str, value: &str) -> String {
    format!("echo '{name} = {value}' >> /etc/sysctl.d/60-ringfence.conf && sysctl --system")
}
