//! coturn's own test client against the relay, each mode in a network namespace of its own.
//!
//! `RINGFENCE_TEST_SERVER=coturn` points the same tests at coturn, which passes them too.

mod lab;

use lab::{Counts, Lab};
use ringfence_tests::turn::inside;

/// Every message comes back: from an echoing peer, or from the other client (`-y`).
macro_rules! loses_nothing {
    ($($(#[$doc:meta])* $name:ident: $words:literal, $messages:literal;)+) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            inside(stringify!($name), || {
                let lab = Lab::start();
                assert_eq!(lab.run($words), Counts { sent: $messages, back: $messages, lost: 0 });
            });
        }
    )+};
}

loses_nothing! {
    channels_to_a_peer: "-e 127.1.2.1 -c", 50;
    /// Without `-c` a second port is reserved for RTCP (EVEN-PORT, RESERVATION-TOKEN).
    channels_to_a_peer_with_a_reserved_port: "-e 127.1.2.1", 100;
    channels_between_clients: "-y", 200;
    indications_to_a_peer: "-s -e 127.1.2.1 -c", 50;
    indications_between_clients: "-s -y", 200;
    an_ipv6_relayed_address_to_a_peer: "-x -e fd00:1::2 -c", 50;
    an_ipv6_relayed_address_between_clients: "-x -y", 200;
    dual_allocation_to_a_peer: "-Z -e 127.1.2.1", 50;
    dual_allocation_between_clients: "-Z -y", 100;
    dont_fragment: "-g -e 127.1.2.1 -c", 50;
    tcp: "-t -e 127.1.2.1 -c", 50;
    tcp_between_clients: "-t -y -c", 100;
    tls: "-S -t -p 5349 -e 127.1.2.1 -c", 50;
    /// Binds channels to peers that are there for no other reason. With `-e` the client asks for a
    /// second channel to one peer and, refused as RFC 8656 section 12.2 has it, gives up.
    odd_requests: "-N -y", 200;
    clients_that_vanish: "-B -e 127.1.2.1 -c", 50;
}

/// The client leaves requests and their answers out at random, and so gives up now and then,
/// whoever serves it.
#[test]
fn clients_that_connect_and_exit_leave_the_server_as_it_was() {
    inside("clients_that_connect_and_exit_leave_the_server_as_it_was", || {
        let lab = Lab::start();
        let content = (0..20).filter(|_| lab.exits_well("-O -e 127.1.2.1")).take(10).count();
        assert_eq!(content, 10, "of twenty runs");
        assert_eq!(lab.run("-e 127.1.2.1 -c"), Counts { sent: 50, back: 50, lost: 0 });
    });
}

/// The client overwrites up to nine bytes of every tenth message, and waits for ever for the answer
/// to a request that has become unreadable. So some runs do not end, whoever serves them.
#[test]
fn corrupted_messages_harm_nobody_else() {
    inside("corrupted_messages_harm_nobody_else", || {
        let lab = Lab::start();
        let ended = (0..12).filter(|_| lab.exits_well("-R -e 127.1.2.1 -c")).take(2).count();
        assert_eq!(ended, 2, "of twelve runs");
        assert_eq!(lab.run("-e 127.1.2.1 -c"), Counts { sent: 50, back: 50, lost: 0 });
    });
}
