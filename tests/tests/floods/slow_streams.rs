//! Connections that begin and say nothing more, to the TURN door and to the API.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};

use ringfence_tests::turn::{Client, Credentials, Family, StreamRoad, inside, wait_until};
use socket2::{Domain, Socket, Type};

use crate::lab::{CLIENT, Lab, SERVER, SPOOFED_FIRST};

/// Connections of each source, and how many of them a relay keeps (its defaults).
const TURN_OF_EACH: usize = 80;
const TURN_KEPT: usize = 64;
const API_OF_EACH: usize = 40;
const API_KEPT: usize = 32;
/// Of all sources together.
const API_KEPT_ALL: usize = 256;

const SOURCES: u32 = 12;

const API_PORT: u16 = 8080;

/// A request's beginning, and two thousand bytes that it has announced: the rest never comes.
const STUN_BEGINNING: [u8; 20] =
    [0, 3, 8, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const HTTP_BEGINNING: &[u8] = b"GET /v1/rooms HTTP/1.1\r\nHost: relay\r\nX-Slow: ";

/// More than any relay should keep of what is not whole.
const FILLING: [u8; 1500] = [0x58; 1500];

#[test]
fn streams_that_never_authenticate_are_few_for_each_source_and_end_in_ten_seconds() {
    inside(
        "slow_streams::streams_that_never_authenticate_are_few_for_each_source_and_end_in_ten_seconds",
        || {
            let lab = Lab::start();
            let door = SocketAddr::new(SERVER, lab.server.address.port());
            let slow: Vec<_> = (0..SOURCES)
                .map(|source| {
                    (0..TURN_OF_EACH)
                        .map(|_| connect(source, door, &STUN_BEGINNING))
                        .collect::<Vec<_>>()
                })
                .collect();
            let turned_away = u64::from(SOURCES) * (TURN_OF_EACH - TURN_KEPT) as u64;
            let refused = || lab.count("ringfence_turn_streams_ended_total", "reason=\"limit\"");
            wait_until("all were looked at", || refused() >= turned_away);
            assert_eq!(refused(), turned_away, "{TURN_KEPT} of each source are kept");
            assert!(
                lab.count("ringfence_turn_streams", "") <= u64::from(SOURCES) * TURN_KEPT as u64
            );

            let mut road = StreamRoad::tcp(CLIENT, door).expect("others are let in");
            let mut honest = Client::new(Credentials::of("honest"));
            honest.allocate(&mut road, Family::Default).expect("an allocation");

            let ended =
                || lab.count("ringfence_turn_streams_ended_total", "reason=\"unauthenticated\"");
            wait_until("those that said nothing have ended", || {
                lab.count("ringfence_turn_streams", "") == 1
            });
            assert_eq!(ended(), u64::from(SOURCES) * TURN_KEPT as u64);
            honest.refresh(&mut road).expect("who has authenticated stays");
            lab.assert_memory("TURN slowloris");
            drop(slow);
        },
    );
}

#[test]
fn requests_of_the_api_that_trickle_in_are_few_for_each_source_and_lock_nobody_out() {
    inside(
        "slow_streams::requests_of_the_api_that_trickle_in_are_few_for_each_source_and_lock_nobody_out",
        || {
            let lab = Lab::configured(&[
                "CONTROL__HTTP=10.0.0.2:8080",
                "CONTROL__TOKEN=file:acme.secret",
            ]);
            let door = SocketAddr::new(SERVER, API_PORT);
            let first: Vec<_> =
                (0..API_OF_EACH).map(|_| connect(0, door, HTTP_BEGINNING)).collect();
            let kept = || first.iter().flatten().filter(|stream| is_open(stream)).count();
            wait_until("the rest of one source is turned away", || kept() <= API_KEPT);
            assert_eq!(kept(), API_KEPT, "of one source");
            let others: Vec<_> = (1..SOURCES)
                .flat_map(|source| (0..API_OF_EACH).map(move |_| source))
                .map(|source| connect(source, door, HTTP_BEGINNING))
                .collect();
            let all = || first.iter().chain(&others).flatten();
            let kept = || all().filter(|stream| is_open(stream)).count();
            wait_until("those that are too many are turned away", || kept() <= API_KEPT_ALL);
            assert!(kept() > API_KEPT, "other sources are let in");
            // The operator's own way in is another.
            assert_eq!(lab.allocations(), 0);
            wait_until("those that said nothing have ended", || !all().any(is_open));
            assert!(answers(door), "and there is room again");
            lab.assert_memory("API slowloris");
        },
    );
}

/// Connects from one of many addresses, and begins to speak; `None` if it was turned away at once.
fn connect(source: u32, door: SocketAddr, beginning: &[u8]) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let ip = IpAddr::V4(Ipv4Addr::from_bits(SPOOFED_FIRST + 1 + source));
    socket.bind(&SocketAddr::new(ip, 0).into()).expect("every address is ours");
    socket.connect(&door.into()).ok()?;
    let mut stream = TcpStream::from(socket);
    stream.write_all(beginning).and_then(|()| stream.write_all(&FILLING)).ok()?;
    stream.set_nonblocking(true).expect("a mode");
    Some(stream)
}

/// Whether the relay still keeps it. One that it has looked at and turned away is closed.
fn is_open(mut stream: &TcpStream) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

fn answers(door: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(door) else { return false };
    let mut text = String::new();
    let request = b"GET /health HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n";
    stream
        .write_all(request)
        .and_then(|()| stream.read_to_string(&mut text))
        .is_ok_and(|_| text.contains(" 200 "))
}
