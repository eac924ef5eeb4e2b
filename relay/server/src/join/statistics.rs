//! What a sidecar counts.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// Packets and their payload bytes in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Traffic {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// What went through since the start, and what did not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Statistics {
    /// From the application into the room.
    pub(super) sent: Traffic,
    /// From the room to the application.
    pub(super) received: Traffic,
    pub(super) dropped: Dropped,
    /// Times that the relay let us in.
    pub(super) latches: u64,
}

/// Datagrams that went nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Dropped {
    /// From the application while the relay had not let us in.
    pub(super) not_in_room: u64,
    /// From the application, and neither RTP nor RTCP.
    pub(super) not_media: u64,
    /// From the room, and neither RTP, RTCP nor STUN to be believed.
    pub(super) stray: u64,
    /// From the room, of more senders than have ports.
    pub(super) no_port: u64,
    /// Not taken by the system.
    pub(super) not_sent: u64,
}

/// What happened between two looks.
pub(super) struct Rate<'s> {
    pub(super) now: &'s Statistics,
    pub(super) before: &'s Statistics,
    pub(super) span: Duration,
}

impl Traffic {
    pub(super) fn count(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
    }

    fn to_json(self) -> Value {
        json!({ "packets": self.packets, "bytes": self.bytes })
    }
}

impl Dropped {
    pub(super) fn total(&self) -> u64 {
        let Self { not_in_room, not_media, stray, no_port, not_sent } = self;
        not_in_room + not_media + stray + no_port + not_sent
    }
}

impl Statistics {
    pub(super) fn to_json(self) -> Value {
        json!({
            "sent": self.sent.to_json(),
            "received": self.received.to_json(),
            "dropped": {
                "not_in_room": self.dropped.not_in_room,
                "not_media": self.dropped.not_media,
                "stray": self.dropped.stray,
                "no_port": self.dropped.no_port,
                "not_sent": self.dropped.not_sent,
            },
            "latches": self.latches,
        })
    }
}

impl Rate<'_> {
    fn of(&self, traffic: impl Fn(&Statistics) -> Traffic) -> String {
        let (now, before) = (traffic(self.now), traffic(self.before));
        let ms = u64::try_from(self.span.as_millis()).unwrap_or(u64::MAX).max(1);
        let packets_per_s = now.packets.saturating_sub(before.packets) * 1000 / ms;
        // Bits in a millisecond are kilobits in a second.
        let kbps = now.bytes.saturating_sub(before.bytes) * 8 / ms;
        format!("{} ({packets_per_s}/s, {kbps} kbit/s)", now.packets)
    }
}

impl fmt::Display for Rate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = self.of(|statistics| statistics.sent);
        let received = self.of(|statistics| statistics.received);
        let dropped = self.now.dropped.total();
        write!(f, "sent {sent}  received {received}  dropped {dropped}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_span_between_two_looks() {
        let before = Statistics::default();
        let mut now = before;
        (0..100).for_each(|_| now.sent.count(125));
        now.dropped.stray = 3;
        let rate = Rate { now: &now, before: &before, span: Duration::from_secs(2) };
        let line = "sent 100 (50/s, 50 kbit/s)  received 0 (0/s, 0 kbit/s)  dropped 3";
        assert_eq!(rate.to_string(), line);
    }
}
