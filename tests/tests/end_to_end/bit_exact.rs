//! A million deliveries over real sockets, each compared byte for byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ringfence_tests::turn::wait_until;

use crate::party::{Party, start_relay};

const LISTENERS: u64 = 4;
const PACKETS: u64 = 250_000;

/// A listener's receive buffer; the kernel gives less where `net.core.rmem_max` is less.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Packets that may be under way: what the smallest default buffer holds with room to spare (the
/// kernel counts some 2,300 bytes for one), so that a loss is the relay's and not the test's.
const UNDER_WAY_MAX: u64 = 48;

/// Listeners say how far they are once in so many packets: a shared counter is dear.
const REPORT_EVERY: u64 = 8;

#[test]
fn a_million_delivered_packets_are_bit_exact_and_in_order() {
    let relay = start_relay(2);
    let mut speaker = Party::join(relay.control(), "exact", "speaker", "127.1.0.10");
    speaker.latch();
    let progress: Arc<[AtomicU64]> = (0..LISTENERS).map(|_| AtomicU64::new(0)).collect();
    let listeners: Vec<_> = (0..LISTENERS)
        .map(|n| {
            let mut party =
                Party::join(relay.control(), "exact", &format!("listener-{n}"), "127.1.0.20");
            party.latch();
            hold_much(&party);
            let progress = Arc::clone(&progress);
            thread::spawn(move || {
                listen(&mut party, |count| {
                    progress[n as usize].store(count, Ordering::Release);
                });
            })
        })
        .collect();
    for n in 0..PACKETS {
        while progress.iter().any(|got| n - got.load(Ordering::Acquire) >= UNDER_WAY_MAX) {
            assert!(!listeners.iter().any(thread::JoinHandle::is_finished), "a listener gave up");
            thread::sleep(Duration::from_micros(50));
        }
        speaker.send(&packet(n));
    }
    listeners.into_iter().for_each(|listener| listener.join().expect("every packet was right"));

    // A shard shows its counters a moment after its last packet has gone out.
    wait_until("every copy is counted", || relay.control().totals().copies == PACKETS * LISTENERS);
    relay.stop().expect("no shard failed");
}

fn listen(party: &mut Party, report: impl Fn(u64)) {
    for n in 0..PACKETS {
        assert_eq!(party.expect_media(), packet(n), "packet {n}");
        if (n + 1) % REPORT_EVERY == 0 {
            report(n + 1);
        }
    }
}

fn hold_much(party: &Party) {
    let socket = socket2::SockRef::from(&party.socket);
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("a size the kernel allows");
}

/// The `n`th packet: an RTP header, then as many bytes as `n` says, each made from `n`.
fn packet(n: u64) -> Vec<u8> {
    let length = 12 + 8 + (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54) as usize;
    let mut packet = vec![0x80, 96];
    packet.extend(((n % 65_536) as u16).to_be_bytes());
    packet.extend(((n * 960) as u32).to_be_bytes());
    packet.extend(0xcafe_u32.to_be_bytes());
    let mut state = n;
    while packet.len() < length {
        // splitmix64: every bit of every packet differs from its neighbours'.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        packet.extend((mixed ^ (mixed >> 27)).to_be_bytes());
    }
    packet.truncate(length);
    packet
}
