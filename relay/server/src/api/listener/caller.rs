//! Who calls, as the system knows them.

use std::net::IpAddr;

use tokio::net::UnixStream;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::api) enum Caller {
    /// The user of this host who connected (unix(7), SO_PEERCRED), by numeric ID.
    User(u32),
    /// Whoever has the token, from this address.
    Token(IpAddr),
    /// The system did not say.
    Unknown,
}

impl Caller {
    /// Who connected to the unix socket.
    pub(super) fn of_unix(stream: &UnixStream) -> Self {
        stream.peer_cred().map_or(Self::Unknown, |peer| Self::User(peer.uid()))
    }
}
