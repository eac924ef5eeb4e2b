//! A running relay: shards that move packets, and the control thread that decides.

mod clock;
mod containment;
mod control;
mod controller;
mod drain;
pub(crate) mod evidence;
mod in_force;
mod journal;
mod load;
mod mailbox;
mod pacing;
mod queue_drops;
mod rounds;
mod shard;
mod start;
mod strangers;
mod turn_door;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use ringfence_core::{JoinError, NarrowError};

pub use self::clock::Clock;
pub use self::control::{Control, ShardStatus};
pub use self::drain::Draining;
pub use self::in_force::InForce;
pub use self::shard::Snapshot;
pub use self::start::{Attend, Relay};
pub(crate) use self::start::{RECEIVE_BUFFER_BYTES, SEND_BUFFER_BYTES};
pub use self::strangers::Sieved;
use crate::audit::ChainError;

/// The shards are behind: nothing was done, try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;

/// Why someone was not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JoinRefused {
    /// The registry's reason.
    Refused(JoinError),
    /// The shards are behind.
    Busy,
}

/// Why a room was not narrowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NarrowRefused {
    /// The registry's reason.
    Refused(NarrowError),
    /// The shards are behind: nothing was done, or one has not confirmed in time.
    Busy,
}

/// Why a relay did not start. Nothing is left running or bound.
#[derive(Debug)]
pub enum StartError {
    /// An address could not be bound.
    Bind(SocketAddr, io::Error),
    /// The control socket could not be bound.
    ControlSocket(PathBuf, io::Error),
    /// The audit trail cannot be written, or is not as it was left.
    Audit(PathBuf, ChainError),
    /// The system refused a thread, randomness or the like.
    System(&'static str, io::Error),
}

impl From<JoinError> for JoinRefused {
    fn from(error: JoinError) -> Self {
        Self::Refused(error)
    }
}

impl From<Busy> for JoinRefused {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<NarrowError> for NarrowRefused {
    fn from(error: NarrowError) -> Self {
        Self::Refused(error)
    }
}

impl From<Busy> for NarrowRefused {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the relay is busy; try again in a moment")
    }
}

impl std::error::Error for Busy {}

impl fmt::Display for JoinRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Busy => Busy.fmt(f),
        }
    }
}

impl std::error::Error for JoinRefused {}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(address, error) => write!(f, "cannot listen on {address}: {error}"),
            Self::ControlSocket(path, error) => {
                write!(f, "cannot make the control socket {}: {error}", path.display())
            }
            Self::Audit(path, ChainError::Io(error)) => {
                write!(f, "cannot write the audit trail {}: {error}", path.display())
            }
            Self::Audit(_, error) => error.fmt(f),
            Self::System(what, error) => write!(f, "cannot get {what}: {error}"),
        }
    }
}

impl std::error::Error for StartError {}
