//! Far more than a relay of this build can take, of every kind, without a pause.

use ringfence_tests::turn::{Client, Credentials, Family, UdpRoad, inside};

use crate::lab::{CLIENT, Lab};
use crate::spoof::{Flood, Replies};

/// Of each kind, as fast as one thread can send.
const PACKETS: u32 = 150_000;

/// A Binding request is answered with no more than this, and nothing else here with anything.
const REPLY_BYTES_MAX: usize = 72;

/// ChannelData, RTP, DTLS, a Binding request, noise.
const KINDS: [&[u8]; 5] = [
    &[0x40, 0, 0, 160],
    &[0x80, 111, 0, 1, 0, 0, 0, 1, 0xde, 0xad, 0xbe, 0xef],
    &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 151],
    &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    &[0xff; 32],
];

#[test]
fn a_flood_far_beyond_what_it_can_take_does_not_make_it_grow() {
    inside("overload::a_flood_far_beyond_what_it_can_take_does_not_make_it_grow", || {
        let lab = Lab::start();
        let mut road = UdpRoad::open(CLIENT, lab.server.address).expect("a socket");
        let mut honest = Client::new(Credentials::of("honest"));
        honest.allocate(&mut road, Family::Default).expect("an allocation");
        for (seed, kind) in (1..).zip(KINDS) {
            let mut message = kind.to_vec();
            if kind[0] != 0 {
                message.resize(164, 0xa5);
            }
            let replies = Replies::listen();
            Flood::new(lab.server.address, &message, seed).pour(PACKETS);
            let (answered, longest) = replies.finish();
            assert_eq!(answered > 0, kind[0] == 0, "{answered} answers to {kind:?}");
            assert!(longest <= REPLY_BYTES_MAX, "an answer of {longest} bytes");
        }
        honest.refresh(&mut road).expect("who was there stays");
        assert_eq!(lab.allocations(), 1);
        // What the relay cannot read the kernel keeps out, and counts.
        let received = lab.count("ringfence_datagrams_received_total", "");
        let kept_out = lab.count("ringfence_datagrams_dropped_total", "fault=\"kernel\"");
        assert!(received + kept_out > u64::from(PACKETS), "{received} came in, {kept_out} not");
        lab.assert_memory("overload");
    });
}
