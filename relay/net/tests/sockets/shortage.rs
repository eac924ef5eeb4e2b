//! No file descriptors left: refused or put off, and better again later.

use std::io::Write;

use crate::alone::alone;
use crate::door::{Door, channel_data, connect, open_tcp, read};
use crate::lab::{free, until};
use ringfence_net::backend::Backend;
use ringfence_wire::datagram::{OpenError, Outbox};

#[test]
fn a_relayed_socket_is_refused_and_a_connection_waits() {
    if !alone("shortage::a_relayed_socket_is_refused_and_a_connection_waits", "ulimit -n 64") {
        return;
    }
    let (mut backend, mut door) = (open_tcp(), Door::default());
    let mut client = connect(&backend);
    client.write_all(&channel_data(b"wait")).unwrap();
    let address = free("127.0.0.1:0");
    let mut taken = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        taken.push(file);
    }
    assert_eq!(backend.emit(|outbox| outbox.open(address)), Err(OpenError::Exhausted));
    until(&mut backend, &mut door, |backend, _| backend.counters().streams.accept_failed > 1);
    assert_eq!(backend.counters().streams.accepted, 0);

    drop(taken);
    until(&mut backend, &mut door, |_, door| door.messages.len() == 1);
    assert_eq!(read(&mut client, 8), channel_data(b"wait"));
    assert!(backend.emit(|outbox| outbox.open(address)).is_ok());
}
