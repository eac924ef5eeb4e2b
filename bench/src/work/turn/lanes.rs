//! Who sends to whom.

use std::net::SocketAddr;

use ringfence_wire::channel_data::ChannelNumber;

use super::ends::{End, Ends};
use super::{Direction, Plan, channel};

/// Packets in one direction of a flow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    /// Where they leave.
    pub(super) from: End,
    /// Set where a client sends.
    pub(super) channel: Option<ChannelNumber>,
}

/// Makes the lanes, and connects the peers to the relayed addresses of their clients. Clients have the
/// even numbers where both send.
pub(super) fn introduce(
    ends: &mut Ends,
    plan: &Plan,
    relayed: &[SocketAddr],
) -> anyhow::Result<Vec<Lane>> {
    let channel = Some(channel()?);
    let mut lanes = Vec::new();
    for (number, &relayed) in relayed.iter().enumerate() {
        let up = Lane { from: ends.client(number), channel };
        if plan.direction != Direction::Down {
            lanes.push(up);
        }
        if plan.direction == Direction::Pair {
            continue;
        }
        let peer = ends.connect_peer(number, relayed)?;
        if plan.direction != Direction::Up {
            lanes.push(Lane { from: peer, channel: None });
        }
    }
    Ok(lanes)
}
