//! Which local port hears which sender.

use std::collections::BTreeMap;
use std::time::Duration;

use ringfence_core::Instant;
use ringfence_wire::rtp::Ssrc;

use super::args::FixedPort;

/// Senders at a time: a room's speakers fit, a flood of random SSRCs does not grow.
pub(super) const SSRCS_MAX: usize = 64;

/// Silence after which a sender's port may be given to another, once all are taken.
pub(super) const SILENCE_MIN: Duration = Duration::from_secs(60);

/// A port for RTP and the one above for RTCP.
const PORTS_PER_SSRC: u16 = 2;

/// Ports by SSRC, given in the order that senders appear.
pub(super) struct PortMap {
    base: u16,
    senders: BTreeMap<Ssrc, Sender>,
}

struct Sender {
    port: u16,
    fixed: bool,
    heard: Instant,
}

/// Where a sender's RTP goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// Where it went before.
    Known(u16),
    /// Here, from now on.
    New(u16),
    /// Nowhere: all places are taken.
    Full,
}

impl PortMap {
    /// Ports from `base` on, but for senders whose port is fixed.
    ///
    /// # Errors
    /// More fixed ports than places, or two for one SSRC.
    pub(super) fn new(base: u16, fixed: &[FixedPort]) -> Result<Self, &'static str> {
        let sender = |fixed: &FixedPort| {
            let (port, heard) = (fixed.port, Instant::START);
            (fixed.ssrc, Sender { port, fixed: true, heard })
        };
        let senders: BTreeMap<_, _> = fixed.iter().map(sender).collect();
        if senders.len() < fixed.len() {
            return Err("--ssrc names one SSRC twice");
        }
        if senders.len() > SSRCS_MAX {
            return Err("--ssrc can be given 64 times at most");
        }
        Ok(Self { base, senders })
    }

    /// The port of an RTP packet's sender.
    pub(super) fn place(&mut self, now: Instant, ssrc: Ssrc) -> Place {
        if let Some(sender) = self.senders.get_mut(&ssrc) {
            sender.heard = now;
            return Place::Known(sender.port);
        }
        let Some(port) = self.vacate(now).then(|| self.free_port()).flatten() else {
            return Place::Full;
        };
        let (fixed, heard) = (false, now);
        self.senders.insert(ssrc, Sender { port, fixed, heard });
        Place::New(port)
    }

    /// The port of the RTP of an RTCP packet's sender. Someone who only listens sends reports but
    /// no RTP: they go where the first sender's do, as all reports of an RTP session do.
    pub(super) fn place_of_reports(&self, ssrc: Ssrc) -> u16 {
        self.senders.get(&ssrc).map_or(self.base, |sender| sender.port)
    }

    /// How many senders have a port.
    pub(super) fn len(&self) -> usize {
        self.senders.len()
    }

    /// Makes sure there is a place, by ending the longest silence if it is long enough.
    fn vacate(&mut self, now: Instant) -> bool {
        if self.senders.len() < SSRCS_MAX {
            return true;
        }
        let given = self.senders.iter().filter(|(_, sender)| !sender.fixed);
        let silent = given.min_by_key(|(_, sender)| sender.heard);
        let silent = silent.filter(|(_, sender)| now.since(sender.heard) >= SILENCE_MIN);
        let Some(ssrc) = silent.map(|(ssrc, _)| *ssrc) else {
            return false;
        };
        self.senders.remove(&ssrc).is_some()
    }

    fn free_port(&self) -> Option<u16> {
        let mut port = self.base;
        while self.is_taken(port) {
            port = port.checked_add(PORTS_PER_SSRC)?;
        }
        (port < u16::MAX).then_some(port)
    }

    fn is_taken(&self, port: u16) -> bool {
        let mut senders = self.senders.values();
        senders.any(|sender| sender.port.abs_diff(port) < PORTS_PER_SSRC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::START + Duration::from_secs(seconds)
    }

    fn fixed(ssrc: u32, port: u16) -> FixedPort {
        FixedPort { ssrc: Ssrc(ssrc), port }
    }

    #[test]
    fn senders_get_pairs_of_ports_in_the_order_they_appear_and_keep_them() {
        let mut map = PortMap::new(6000, &[]).unwrap();
        for (ssrc, port) in [(9, 6000), (3, 6002), (7, 6004)] {
            assert_eq!(map.place(at(0), Ssrc(ssrc)), Place::New(port));
        }
        assert_eq!(map.place(at(500), Ssrc(3)), Place::Known(6002));
        assert_eq!(map.place_of_reports(Ssrc(7)), 6004);
        assert_eq!(map.place_of_reports(Ssrc(1000)), 6000);
    }

    #[test]
    fn given_ports_keep_clear_of_fixed_ones() {
        let mut map = PortMap::new(6000, &[fixed(1, 6003), fixed(2, 7000)]).unwrap();
        assert_eq!(map.place(at(0), Ssrc(1)), Place::Known(6003));
        assert_eq!(map.place(at(0), Ssrc(8)), Place::New(6000));
        assert_eq!(map.place(at(0), Ssrc(9)), Place::New(6006));
        assert!(PortMap::new(6000, &[fixed(1, 1), fixed(1, 3)]).is_err());
    }

    #[test]
    fn a_flood_of_senders_ends_at_the_limit_and_harms_nobody_who_speaks() {
        let mut map = PortMap::new(6000, &[fixed(0, 5000)]).unwrap();
        for ssrc in 1..64 {
            assert!(matches!(map.place(at(0), Ssrc(ssrc)), Place::New(_)));
        }
        assert_eq!(map.place(at(59), Ssrc(99)), Place::Full);
        assert_eq!(map.len(), SSRCS_MAX);
        for ssrc in (1..64).filter(|ssrc| *ssrc != 5) {
            assert!(matches!(map.place(at(59), Ssrc(ssrc)), Place::Known(_)));
        }
        assert_eq!(map.place(at(60), Ssrc(99)), Place::New(6008));
        assert_eq!(map.place(at(60), Ssrc(100)), Place::Full);
        assert_eq!(map.place(at(60), Ssrc(0)), Place::Known(5000));
    }

    #[test]
    fn ports_end_where_port_numbers_do() {
        let mut map = PortMap::new(65_532, &[]).unwrap();
        assert_eq!(map.place(at(0), Ssrc(1)), Place::New(65_532));
        assert_eq!(map.place(at(0), Ssrc(2)), Place::New(65_534));
        assert_eq!(map.place(at(0), Ssrc(3)), Place::Full);
    }
}
