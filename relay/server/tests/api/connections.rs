//! Many connections, and bad ones.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::raw;
use crate::running;

/// Whether the relay keeps a connection: one that is turned away is closed at once.
fn answers(stream: &mut TcpStream) -> bool {
    let request = raw::request("GET", "/health", "", "");
    let mut byte = [0];
    let read = stream.write_all(request.as_bytes()).and_then(|()| stream.read(&mut byte));
    match read {
        Ok(count) => count == 1,
        Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => false,
        Err(error) => panic!("{error}"),
    }
}

fn connect_from(source: &str, target: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let source: SocketAddr = format!("{source}:0").parse().unwrap();
    socket.bind(&source.into()).unwrap();
    socket.connect(&target.into()).unwrap();
    socket.into()
}

#[test]
fn one_source_with_slow_connections_does_not_lock_others_out() {
    let running = running::start();
    // They are accepted, and so counted, in the order in which they were made.
    let mut slow = Vec::new();
    for _ in 0..32 {
        let mut stream = connect_from("127.0.0.2", running.http);
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        slow.push(stream);
    }
    assert!(!answers(&mut connect_from("127.0.0.2", running.http)));
    assert!(answers(&mut connect_from("127.0.0.3", running.http)));
    assert!(running.get("/v1/rooms").is_ok());
}

#[test]
fn a_connection_that_ends_makes_room_for_the_next() {
    let running = running::start();
    for _ in 0..100 {
        assert!(answers(&mut connect_from("127.0.0.2", running.http)));
    }
}

#[test]
fn rubbish_ends_its_own_connection_only() {
    let running = running::start();
    for rubbish in
        ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\r\n\r\n"]
    {
        let answer = raw::over_tcp(running.http, rubbish);
        assert_eq!(answer.status, 400, "{rubbish:?}");
    }
    assert!(running.get("/health").is_ok());
}
