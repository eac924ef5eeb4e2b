//! Loss and jitter of one SSRC as a receiver would report them (RFC 3550 section 6.4.1).

use std::time::Duration;

use ringfence_wire::rtp::RtpHeader;

use super::clock_rate::ClockRate;
use super::packet_index::PacketIndex;
use crate::time::Instant;

/// Reception state of one SSRC.
pub(crate) struct Reception {
    /// Says nothing before there was a packet.
    first: PacketIndex,
    highest: PacketIndex,
    told: PacketIndex,
    packets: u64,
    bytes: u64,
    clock_rate: ClockRate,
    jitter_ticks: f32,
}

// Each packet writes to it: one cache line.
const _: () = assert!(size_of::<Reception>() <= 64);

impl Reception {
    /// A source whose numbering is known to stand at `reference`.
    pub(crate) fn continuing(reference: PacketIndex) -> Self {
        Self {
            first: reference,
            highest: reference,
            told: reference,
            packets: 0,
            bytes: 0,
            clock_rate: ClockRate::new(),
            jitter_ticks: 0.0,
        }
    }

    /// Takes in one packet.
    pub(crate) fn packet(&mut self, now: Instant, header: &RtpHeader, payload_bytes: usize) {
        self.jitter(now, header.timestamp.0);
        self.advance(header.sequence.0);
        self.packets += 1;
        self.bytes += payload_bytes as u64;
    }

    fn advance(&mut self, sequence: u16) {
        let index = self.highest.nearest(sequence);
        self.first = if self.packets == 0 { index } else { index.min(self.first) };
        self.highest = self.highest.max(index);
    }

    /// The highest index, when it has crossed into another quarter of the sequence space since others
    /// were last told.
    pub(crate) fn untold(&self) -> Option<PacketIndex> {
        self.told.crosses_quarter(self.highest).then_some(self.highest)
    }

    /// Others know the highest index now.
    pub(crate) fn tell(&mut self) {
        self.told = self.highest;
    }

    /// Someone else saw this source go further: its numbering continues from there.
    pub(crate) fn catch_up(&mut self, index: PacketIndex) {
        if index > self.highest {
            // What lies between was received elsewhere: it is not this shard's loss.
            let gap = index.span_from(self.highest) - 1;
            self.first = self.first.later_by(gap);
            self.highest = index;
            self.tell();
        }
    }

    /// RFC 3550 section 6.4.1: J += (|D| - J) / 16, in timestamp units.
    #[expect(clippy::cast_possible_truncation, reason = "seven digits of jitter are enough")]
    fn jitter(&mut self, now: Instant, timestamp: u32) {
        if let Some(step) = self.clock_rate.observe(now, timestamp) {
            let arrived_ticks = step.elapsed.as_secs_f64() * f64::from(step.hz);
            let late_ticks = (arrived_ticks - f64::from(step.ticks)).abs() as f32;
            self.jitter_ticks += (late_ticks - self.jitter_ticks) / 16.0;
        }
    }

    pub(crate) fn index(&self) -> PacketIndex {
        self.highest
    }

    pub(crate) fn packets(&self) -> u64 {
        self.packets
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn clock_rate_hz(&self) -> Option<u32> {
        self.clock_rate.hz()
    }

    /// Packets expected less packets received (RFC 3550 appendix A.3).
    pub(crate) fn lost(&self) -> i64 {
        let heard = self.packets > 0;
        let expected = if heard { self.highest.span_from(self.first) } else { 0 };
        expected.cast_signed() - self.packets.cast_signed()
    }

    pub(crate) fn jitter_time(&self) -> Option<Duration> {
        let hz = self.clock_rate.hz()?;
        Duration::try_from_secs_f64(f64::from(self.jitter_ticks) / f64::from(hz)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16, timestamp: u32) -> RtpHeader {
        let mut packet = [0_u8; 12];
        packet[0] = 0x80;
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
        RtpHeader::peek(&packet).unwrap()
    }

    fn feed(sequences: impl IntoIterator<Item = u16>) -> Reception {
        let mut reception = Reception::continuing(PacketIndex::new(0, 0));
        for sequence in sequences {
            reception.packet(Instant::START, &header(sequence, 0), 100);
        }
        reception
    }

    #[test]
    fn loss_counts_gaps_and_forgives_reordering() {
        assert_eq!(feed([10, 11, 13, 12, 14]).lost(), 0);
        assert_eq!(feed([10, 11, 14]).lost(), 2);
        assert_eq!(feed([10, 11, 11]).lost(), -1);
    }

    #[test]
    fn loss_is_counted_over_the_sequence_number_s_end() {
        let wrapping = (65_000..=65_535).chain(0..100).filter(|n| n % 10 != 0);
        let received = wrapping.clone().count();
        assert_eq!(feed(wrapping).lost(), 635 - received as i64);
    }

    #[test]
    fn steady_arrivals_have_no_jitter_and_unsteady_ones_have_theirs() {
        let run = |wobble_ms: u64| {
            let mut reception = Reception::continuing(PacketIndex::default());
            for n in 0..600_u16 {
                let late = u64::from(n % 2) * wobble_ms;
                let arrival = Duration::from_millis(u64::from(n) * 20 + late);
                let packet = header(n, u32::from(n) * 960);
                reception.packet(Instant::START + arrival, &packet, 100);
            }
            reception.jitter_time().unwrap()
        };
        assert!(run(0) < Duration::from_micros(1));
        // |D| is 8 ms between every two packets, so J tends to 8 ms.
        assert!(run(8).abs_diff(Duration::from_millis(8)) < Duration::from_micros(50));
    }
}
