//! What a poll event is about.
//!
//! UDP sockets and streams have places of their own, each counted from zero: first those that are
//! listened on, in the order of the configuration, then those that come and go.

use mio::Token;

use super::config::LISTEN_MAX;

/// The place of the first socket that comes and goes.
pub(super) const FIRST_DYNAMIC: usize = LISTEN_MAX;

pub(super) const WAKER: Token = Token(usize::MAX);

/// Half of all tokens are streams'.
const FIRST_STREAM: usize = 1 << 31;

pub(super) enum Source {
    Waker,
    Datagrams { place: usize },
    Streams { place: usize },
}

impl Source {
    pub(super) fn of(token: Token) -> Self {
        match (token, token.0.checked_sub(FIRST_STREAM)) {
            (WAKER, _) => Self::Waker,
            (_, Some(place)) => Self::Streams { place },
            (Token(place), None) => Self::Datagrams { place },
        }
    }
}

pub(super) fn datagrams(place: usize) -> Token {
    Token(place)
}

pub(super) fn streams(place: usize) -> Token {
    Token(FIRST_STREAM + place)
}
