//! Compares what arrived with what was sent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::cast::{CAST, Character};
use super::outcome::Heard;
use super::player::{Arrival, Secret};
use super::script;
use super::srtp::Ears;

/// What reached one participant.
pub(super) struct Tally {
    pub(super) heard: [Heard; CAST.len()],
    pub(super) strange: u64,
}

/// Every packet that was sent, each with its sender, until it has arrived.
struct Awaited<'s>(HashMap<&'s [u8], usize>);

impl Tally {
    /// Counts one participant's arrivals; `latency_ns` takes what each decrypted one took.
    pub(super) fn count(
        start: Instant,
        arrivals: &[Arrival],
        sent: &[Vec<Secret>],
        ears: &mut Ears,
        latency_ns: &mut Histogram<u64>,
    ) -> Self {
        let mut awaited = Awaited::new(sent);
        let mut tally = Self { heard: [Heard::default(); CAST.len()], strange: 0 };
        for arrival in arrivals {
            let Some(sender) = awaited.take(&arrival.packet) else {
                tally.strange += 1;
                continue;
            };
            tally.heard[sender].exact += 1;
            if let Some(intended) = meant(ears, sender, &arrival.packet) {
                tally.heard[sender].decrypted += 1;
                let took = arrival.at.saturating_duration_since(start + intended);
                latency_ns.saturating_record(nanoseconds(took));
            }
        }
        tally
    }
}

impl<'s> Awaited<'s> {
    fn new(sent: &'s [Vec<Secret>]) -> Self {
        let of_each = sent.iter().enumerate();
        let all = of_each.flat_map(|(sender, secrets)| {
            secrets.iter().map(move |secret| (secret.packet.as_slice(), sender))
        });
        Self(all.collect())
    }

    fn take(&mut self, packet: &[u8]) -> Option<usize> {
        self.0.remove(packet)
    }
}

/// The intended time of sending, if the packet opens, is the sender's and holds what it meant.
fn meant(ears: &mut Ears, sender: usize, packet: &[u8]) -> Option<Duration> {
    let (ssrc, plain) = ears.decrypt(packet)?;
    (Character::of_stream(ssrc) == Some(sender)).then(|| script::intended(&plain))?
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::script::script;
    use super::super::srtp::{GroupKeys, SenderKey};
    use super::*;

    struct Show {
        keys: GroupKeys,
        sent: Vec<Vec<Secret>>,
        start: Instant,
    }

    fn show() -> Show {
        let keys = [1, 2, 3, 4].map(|byte| SenderKey::new([byte; 32]));
        let sent = CAST.iter().zip(&keys).map(|(character, key)| {
            let lines = script(character, 0, Duration::from_millis(200));
            let packets = lines.iter().map(|line| line.rtp.as_slice());
            let secret = key.encrypt_all(packets).unwrap();
            let times = lines.iter().map(|line| line.due);
            times.zip(secret).map(|(due, packet)| Secret { due, packet }).collect()
        });
        let sent = sent.collect();
        Show { keys, sent, start: Instant::now() }
    }

    fn count(show: &Show, arrivals: &[Arrival]) -> (Tally, Histogram<u64>) {
        let mut latency_ns = Histogram::new_with_max(10_000_000_000, 3).unwrap();
        let mut ears = Ears::new(&show.keys).unwrap();
        let tally = Tally::count(show.start, arrivals, &show.sent, &mut ears, &mut latency_ns);
        (tally, latency_ns)
    }

    fn arrivals(show: &Show, sender: usize) -> Vec<Arrival> {
        let delay = Duration::from_millis(3);
        let arrive = |secret: &Secret| Arrival {
            at: show.start + secret.due + delay,
            packet: secret.packet.clone(),
        };
        show.sent[sender].iter().map(arrive).collect()
    }

    #[test]
    fn what_arrives_whole_is_counted_for_its_sender_with_its_latency() {
        let show = show();
        let (tally, latency_ns) = count(&show, &arrivals(&show, 1));
        let all = show.sent[1].len() as u64;
        let expected = Heard { exact: all, decrypted: all };
        assert_eq!(tally.heard[1], expected);
        assert_eq!(tally.heard[0], Heard::default());
        assert_eq!((tally.strange, latency_ns.len()), (0, all));
        assert!((2_990_000..3_010_000).contains(&latency_ns.max()));
    }

    #[test]
    fn a_changed_bit_a_repeat_and_a_stranger_are_strange() {
        let show = show();
        let mut all = arrivals(&show, 2);
        let whole = all.len() as u64 - 1;
        all[4].packet[30] ^= 4;
        let repeat = all[7].packet.clone();
        for packet in [repeat, vec![0x80; 60], Vec::new()] {
            all.push(Arrival { at: show.start, packet });
        }
        let (tally, _) = count(&show, &all);
        assert_eq!(tally.heard[2].exact, whole);
        assert_eq!(tally.strange, 4);
    }

    #[test]
    fn a_packet_that_no_key_opens_is_exact_but_not_decrypted() {
        let mut show = show();
        let all = arrivals(&show, 0);
        show.keys[0] = SenderKey::new([7; 32]);
        let (tally, latency_ns) = count(&show, &all);
        assert_eq!(tally.heard[0].exact, all.len() as u64);
        assert_eq!((tally.heard[0].decrypted, latency_ns.len()), (0, 0));
    }
}
