//! Who a TURN client is, within its tenant.

use std::fmt;
use std::sync::Arc;

/// A party of a meeting, or a user with a password of its own.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Party {
    /// Of which meeting; `None` for a user with a password of its own.
    pub meeting: Option<Arc<str>>,
    /// Its name.
    pub name: Arc<str>,
}

/// `meeting/name`, as in a user name, or the name alone.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(meeting) = &self.meeting {
            write!(f, "{meeting}/")?;
        }
        f.write_str(&self.name)
    }
}
