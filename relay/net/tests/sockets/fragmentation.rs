//! DF set and not set, seen by what leaves a device with the MTU of an Ethernet.

use crate::alone::alone_with_mtu;
use crate::lab::{BYTES, client, open, open_relayed, receive};
use ringfence_net::SendRefusal;
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Offload;
use ringfence_wire::datagram::{Fragmentation, LocalSocket, Outbox, Transmit};

#[test]
fn a_relayed_socket_fragments_unless_told_not_to_and_a_listen_socket_never() {
    let test = "a_relayed_socket_fragments_unless_told_not_to_and_a_listen_socket_never";
    if !alone_with_mtu(&format!("fragmentation::{test}"), 1500) {
        return;
    }
    for any in ["127.0.0.1:0", "[::1]:0"] {
        let mut backend = open(&[any], Offload::Auto);
        let (relayed, _) = open_relayed(&mut backend, any);
        let peer = client(any);
        let to = peer.local_addr().unwrap();
        let (long, short) = (&BYTES[..3000], &BYTES[..100]);
        backend.emit(|outbox| {
            let listen = LocalSocket::Listen(0);
            outbox.forward(Transmit { payload: long, to, from: relayed });
            outbox.fragmentation(relayed, Fragmentation::Never);
            outbox.forward(Transmit { payload: long, to, from: relayed });
            outbox.forward(Transmit { payload: short, to, from: relayed });
            outbox.fragmentation(relayed, Fragmentation::Allowed);
            outbox.forward(Transmit { payload: &long[1..], to, from: relayed });
            outbox.fragmentation(listen, Fragmentation::Allowed);
            outbox.forward(Transmit { payload: long, to, from: listen });
        });
        assert_eq!(receive(&peer, 3), [long, short, &long[1..]]);
        assert_eq!(backend.counters().sent.refused_for(SendRefusal::TooLong), 2);
    }
}
