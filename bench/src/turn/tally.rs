//! What arrives: each payload says which trial, direction and place in it it belongs to.

use ringfence_wire::channel_data::{ChannelData, ChannelNumbers};
use ringfence_wire::datagram::{Datagram, Outbox, Step};

use super::flows::{FLOWS, is_peer};

/// Directions of all flows.
const LANES: usize = 2 * FLOWS as usize;

const STAMP_BYTES: usize = 4 + 1 + 8;

/// Counts the payloads of one trial.
#[derive(Debug)]
pub(super) struct Tally {
    trial: u32,
    next: [u64; LANES],
    /// Payloads that arrived.
    pub(super) received: u64,
    /// Of those, behind one that was sent later.
    pub(super) reordered: u64,
    /// Datagrams that nobody sent in this trial.
    pub(super) strange: u64,
}

/// Marks a payload.
pub(super) fn stamp(payload: &mut [u8], trial: u32, lane: u8, number: u64) {
    let stamp = trial.to_be_bytes().into_iter().chain([lane]).chain(number.to_be_bytes());
    payload.iter_mut().zip(stamp).for_each(|(byte, mark)| *byte = mark);
}

impl Tally {
    pub(super) fn new(trial: u32) -> Self {
        Self { trial, next: [0; LANES], received: 0, reordered: 0, strange: 0 }
    }

    fn note(&mut self, payload: &[u8]) -> Option<()> {
        let (stamp, _) = payload.split_first_chunk::<STAMP_BYTES>()?;
        let [t0, t1, t2, t3, lane, number @ ..] = *stamp;
        let next = self.next.get_mut(usize::from(lane))?;
        if u32::from_be_bytes([t0, t1, t2, t3]) != self.trial {
            return None;
        }
        let number = u64::from_be_bytes(number);
        self.received += 1;
        self.reordered += u64::from(number < *next);
        *next = number + 1;
        Some(())
    }
}

impl Step for Tally {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        _: &mut impl Outbox<'rx>,
    ) {
        for datagram in received {
            for segment in datagram.segments() {
                let payload = match is_peer(datagram.local) {
                    true => Some(segment),
                    false => ChannelData::parse(segment, ChannelNumbers::Rfc8656)
                        .ok()
                        .map(|data| data.payload),
                };
                let noted = payload.and_then(|payload| self.note(payload));
                self.strange += u64::from(noted.is_none());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(trial: u32, lane: u8, number: u64) -> Vec<u8> {
        let mut payload = vec![0; 172];
        stamp(&mut payload, trial, lane, number);
        payload
    }

    #[test]
    fn payloads_count_once_for_their_trial_and_out_of_order_ones_show() {
        let mut tally = Tally::new(7);
        for (number, reordered) in [(0, 0), (1, 0), (3, 0), (2, 1), (4, 1)] {
            assert_eq!(tally.note(&payload(7, 15, number)), Some(()));
            assert_eq!(tally.reordered, reordered);
        }
        assert_eq!(tally.note(&payload(6, 15, 5)), None, "of another trial");
        assert_eq!(tally.note(&payload(7, 16, 5)), None, "no such lane");
        assert_eq!(tally.received, 5);
    }
}
