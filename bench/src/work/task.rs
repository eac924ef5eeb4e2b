//! What a server is asked to carry.

use std::fmt;

use super::rooms::Layout;
use super::turn::{Direction, Plan, Transport};

/// One kind of work, however it is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Flows through a TURN server; a reflector gets as many lanes.
    Turn(Plan),
    /// Rooms of the relay.
    Rooms(Layout),
    /// Calls of two who both speak: what rtpengine is for, and rooms of two of the relay.
    Calls(usize),
}

impl Task {
    /// Whether clients need TLS.
    pub fn needs_tls(&self) -> bool {
        matches!(self, Self::Turn(Plan { transport: Transport::Tls, .. }))
    }

    /// Addresses that a reflector is to have for it.
    pub fn flows(&self) -> usize {
        match *self {
            Self::Turn(plan) => plan.flows,
            Self::Rooms(layout) => layout.rooms,
            Self::Calls(calls) => calls,
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turn(plan) => {
                let Plan { flows, direction, transport } = plan;
                let who = if *direction == Direction::Pair { "pairs" } else { "flows" };
                let text = format!("turn, {flows} {who}, {direction:?}, {transport:?}");
                f.write_str(&text.to_lowercase())
            }
            Self::Rooms(Layout { rooms, participants, speakers }) => {
                write!(f, "rooms, {rooms} of {participants}, {speakers} of whom speak")
            }
            Self::Calls(calls) => write!(f, "calls, {calls} of two"),
        }
    }
}
