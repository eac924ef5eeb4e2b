//! Calls of two through rtpengine: each party sends to the port that it was given for the other.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;

use super::{Sinks, Sockets, Work, party_address};
use crate::servers::rtpengine::Ng;

/// The third part of the first party's address on loopback.
const HALL: u8 = 48;

/// Calls that are up; their media keeps them so. Lane `2n` is the caller of call `n` speaking, lane `2n + 1` the callee, as in
/// [`super::rooms`] with two participants who both speak.
pub struct Calls {
    sockets: Sockets,
    ng: Ng,
    ids: Vec<String>,
}

impl Calls {
    /// Sets calls up by offer and answer.
    ///
    /// # Errors
    /// rtpengine refuses, or does not answer; no sockets are left.
    pub fn open(rtpengine: SocketAddr, calls: usize, sinks: Sinks) -> anyhow::Result<Self> {
        let parties = (0..2 * calls).map(|party| party_address(rtpengine.ip(), HALL, party));
        let sockets = Sockets::open(&parties.collect::<io::Result<Vec<_>>>()?, sinks)?;
        let mut opened = Self { sockets, ng: Ng::connect(rtpengine)?, ids: Vec::new() };
        for call in 0..calls {
            opened.call(call).with_context(|| format!("call {call}"))?;
        }
        Ok(opened)
    }

    fn call(&mut self, number: usize) -> anyhow::Result<()> {
        let (caller, callee) = (2 * number, 2 * number + 1);
        // rtpengine remembers calls that another process of ours left behind.
        let id = format!("ringfence-bench-{}-{number}", self.sockets.address(caller)?.port());
        let callee_sends_to = self.ng.offer(&id, self.sockets.address(caller)?)?;
        self.ids.push(id.clone());
        let caller_sends_to = self.ng.answer(&id, self.sockets.address(callee)?)?;
        self.sockets.connect(caller, caller_sends_to)?;
        self.sockets.connect(callee, callee_sends_to)?;
        Ok(())
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        for id in std::mem::take(&mut self.ids) {
            // An rtpengine that is gone has no calls; one that does not answer is not waited for twice.
            if self.ng.delete(&id).is_err() {
                return;
            }
        }
    }
}

impl Work for Calls {
    fn lanes(&self) -> usize {
        self.sockets.len()
    }

    fn send(&mut self, lane: usize, packets: &[u8], packet_bytes: usize) -> io::Result<()> {
        self.sockets.send(lane, packets, packet_bytes)
    }

    fn receive(&mut self, heard: &mut dyn FnMut(&[u8], Instant)) -> io::Result<bool> {
        self.sockets.receive(&mut |_, packet, at| heard(packet, at))
    }

    fn own_drops(&self) -> u64 {
        self.sockets.own_drops()
    }
}

#[cfg(test)]
mod tests {
    use ringfence_net::affinity::allowed;

    use super::super::check::every_lane_is_heard;
    use super::*;
    use crate::servers::rtpengine::{Rtpengine, is_installed};

    /// The gate `tools` of scripts/check installs it; elsewhere there may be none.
    #[test]
    fn both_parties_of_every_call_hear_each_other() {
        if !is_installed() {
            return;
        }
        let cpu = *allowed().unwrap().first().unwrap();
        let rtpengine = Rtpengine::start([127, 1, 0, 30].into(), cpu).unwrap();
        let mut calls = Calls::open(rtpengine.ng(), 64, Sinks::default()).unwrap();
        every_lane_is_heard(&mut calls);
        let ids = calls.ids.clone();
        drop(calls);
        let ng = Ng::connect(rtpengine.ng()).unwrap();
        assert!(ids.iter().all(|id| ng.delete(id).is_err()), "no call outlives its work");
    }
}
