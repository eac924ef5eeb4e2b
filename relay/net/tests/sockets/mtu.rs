//! A device with the MTU of an Ethernet: its refusals are learnt by size.

use crate::alone::alone_with_mtu;
use crate::lab::{BYTES, client, emit, open, receive};
use ringfence_net::SendRefusal;
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Offload;

/// 1,500 bytes less 28 of IPv4 and UDP headers.
const FITS: usize = 1_472;

#[test]
fn trains_over_the_mtu_are_lost_alone_and_shorter_ones_go_on() {
    if !alone_with_mtu("mtu::trains_over_the_mtu_are_lost_alone_and_shorter_ones_go_on", 1500) {
        return;
    }
    let mut backend = open(&["127.0.0.1:0"], Offload::Auto);
    let remote = client("127.0.0.1:0");
    let to = remote.local_addr().unwrap();
    let train = |bytes: usize| BYTES[..bytes * 4 - 900].chunks(bytes).map(|one| (one, to));

    // The last datagram of the long train fits: it goes out, alone.
    emit(&mut backend, &train(FITS + 1).collect::<Vec<_>>());
    assert_eq!(receive(&remote, 1)[0].len(), FITS + 1 - 900);
    let sent = backend.counters().sent;
    assert_eq!((sent.refused_for(SendRefusal::TooLong), sent.trains_refused), (3, 1));
    assert_eq!(backend.reports().next().unwrap().train_segment_bytes_max, FITS);

    // What fits still travels in trains, and the long ones are not tried as trains again.
    emit(&mut backend, &train(FITS).chain(train(FITS + 1)).collect::<Vec<_>>());
    assert_eq!(receive(&remote, 4).concat(), BYTES[..FITS * 4 - 900]);
    let sent = backend.counters().sent;
    assert_eq!((sent.trains, sent.trains_refused), (1, 1));
}
