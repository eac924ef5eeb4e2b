//! Who may connect, and how many.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::door::{Door, channel_data, connect, open_tcp, read, stun, tcp};
use crate::lab::until;
use ringfence_net::backend::Backend;
use ringfence_net::sockets::{Sockets, SocketsConfig};

fn is_reset(client: &mut TcpStream) -> bool {
    client.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn a_remote_that_the_step_refuses_is_reset_unread() {
    let config = SocketsConfig { streams_per_source_max: 1, ..tcp("127.0.0.1:0") };
    let mut backend = Sockets::open(&config).unwrap();
    let mut door = Door { accepts: false, ..Door::default() };
    let mut clients = [connect(&backend), connect(&backend)];
    clients[1].write_all(&stun(0)).unwrap();
    until(&mut backend, &mut door, |_, door| door.asked.len() == 2);
    assert_eq!(door.asked, clients.each_ref().map(|client| client.local_addr().unwrap()));
    assert!(clients.iter_mut().all(is_reset));
    let streams = backend.counters().streams;
    assert_eq!((streams.refused_by_step, streams.accepted, streams.open), (2, 0, 0));
    assert!(door.messages.is_empty() && door.closed.is_empty());
}

/// A connection from another address than usual.
fn connect_from(source: &str, to: SocketAddr) -> TcpStream {
    let kind = socket2::Type::STREAM;
    let socket = socket2::Socket::new(socket2::Domain::IPV4, kind, None).unwrap();
    socket.bind(&source.parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let client = TcpStream::from(socket);
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client
}

#[test]
fn one_source_has_so_many_streams_and_another_as_many() {
    let config = SocketsConfig { streams_per_source_max: 3, ..tcp("127.0.0.1:0") };
    let mut backend = Sockets::open(&config).unwrap();
    let to = backend.stream_addresses()[0];
    let mut door = Door::default();
    let mut clients: Vec<_> = (0..4).map(|_| connect(&backend)).collect();
    let other = connect_from("127.0.0.2:0", to);
    until(&mut backend, &mut door, |backend, _| backend.counters().streams.accepted == 4);
    assert_eq!(backend.counters().streams.refused_by_limit, 1);
    assert!(is_reset(&mut clients[3]));
    assert_eq!(door.asked.len(), 4, "who is over the limit is not even asked about");

    // One goes, another may come.
    clients.remove(0);
    until(&mut backend, &mut door, |_, door| door.closed.len() == 1);
    let _fresh = connect(&backend);
    until(&mut backend, &mut door, |backend, _| backend.counters().streams.accepted == 5);
    drop(other);
}

#[test]
fn a_shard_has_so_many_streams() {
    let config = SocketsConfig { streams_max: 2, ..tcp("127.0.0.1:0") };
    let mut backend = Sockets::open(&config).unwrap();
    let to = backend.stream_addresses()[0];
    let mut door = Door::default();
    let from = |last: u8| connect_from(&format!("127.0.0.{last}:0"), to);
    let mut clients: Vec<_> = (1..=3).map(from).collect();
    until(&mut backend, &mut door, |backend, _| backend.counters().streams.refused_by_limit == 1);
    assert!(is_reset(&mut clients[2]));

    drop(clients.remove(0));
    until(&mut backend, &mut door, |_, door| door.closed.len() == 1);
    let mut fresh = from(4);
    fresh.write_all(&channel_data(b"in")).unwrap();
    until(&mut backend, &mut door, |_, door| door.messages.len() == 1);
    assert_eq!(read(&mut fresh, 8), channel_data(b"in"));
}

#[test]
fn shards_share_an_address() {
    let mut first = open_tcp();
    let mut second = Sockets::open(&tcp(&first.stream_addresses()[0].to_string())).unwrap();
    let (mut here, mut there) = (Door::default(), Door::default());
    let _clients: Vec<_> = (0..40).map(|_| connect(&first)).collect();
    let accepted = |backend: &Sockets| backend.counters().streams.accepted;
    while accepted(&first) + accepted(&second) < 40 {
        for (shard, door) in [(&mut first, &mut here), (&mut second, &mut there)] {
            shard.wait(Some(Duration::from_millis(1))).unwrap();
            let _pending = shard.turn(door, crate::lab::ROUNDS).unwrap();
        }
    }
    assert!(accepted(&first) > 0 && accepted(&second) > 0);
}
