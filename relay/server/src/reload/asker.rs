//! Who asks for a change of the policy.

use std::fmt;
use std::net::IpAddr;

/// As the relay knows them, not as they call themselves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asker {
    /// A user of this host, over the unix socket (unix(7), SO_PEERCRED).
    User {
        /// Numeric user ID.
        uid: u32,
        /// The user's name, if the host knows one.
        name: Option<String>,
    },
    /// Whoever has the token, over TCP.
    Token {
        /// From where.
        from: IpAddr,
    },
    /// Whoever may send this process a signal: SIGHUP.
    Signal,
    /// The program that this relay runs in.
    Program,
    /// Someone of whom the system says nothing.
    Unknown,
}

impl fmt::Display for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { uid, name: Some(name) } => write!(f, "{name} (uid {uid})"),
            Self::User { uid, name: None } => write!(f, "uid {uid}"),
            Self::Token { from } => write!(f, "token@{from}"),
            Self::Signal => f.write_str("SIGHUP"),
            Self::Program => f.write_str("this program"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
