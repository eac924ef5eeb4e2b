//! A device with a small MTU: its refusals are learnt by size.
//!
//! The test runs itself again inside a network namespace of its own, where the loopback device has
//! the MTU of an Ethernet. That needs util-linux, iproute2, and root or user namespaces.

use std::process::Command;

use crate::lab::{BYTES, client, emit, open, receive};
use ringfence_net::SendRefusal;
use ringfence_net::backend::Backend;
use ringfence_net::sockets::Offload;

const NAMESPACE: &str = "RINGFENCE_TEST_NAMESPACE";
const TEST: &str = "mtu::trains_over_the_mtu_are_lost_alone_and_shorter_ones_go_on";

#[test]
fn trains_over_the_mtu_are_lost_alone_and_shorter_ones_go_on() {
    if std::env::var_os(NAMESPACE).is_some() {
        return inside();
    }
    let status = Command::new("unshare")
        .args(["-rn", "sh", "-c", "ip link set lo up mtu 1500 && exec \"$0\" --exact \"$1\""])
        .arg(std::env::current_exe().unwrap())
        .arg(TEST)
        .env(NAMESPACE, "1")
        .status()
        .unwrap();
    assert!(status.success());
}

/// 1,500 bytes less 28 of IPv4 and UDP headers.
const FITS: usize = 1_472;

fn inside() {
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
