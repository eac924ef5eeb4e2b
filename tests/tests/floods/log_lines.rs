//! What makes the relay write: it writes ten lines a second, whatever comes, and none of them lies.

use std::time::Instant;

use ringfence_tests::turn::{Client, Credentials, Family, SECRET, inside};

use crate::lab::Lab;

/// Clients that come and go; each is worth three lines.
const CLIENTS: usize = 400;

const LINES_A_SECOND_MAX: u64 = 10;

/// What would forge a line, colour a terminal, or fill a disk.
const NASTY: &str = "eve\n2026-01-01T00:00:00Z ERROR root logged in\u{1b}[31m\u{7}";

#[test]
fn a_flood_of_events_is_ten_lines_a_second_without_secrets_or_raw_bytes() {
    inside(
        "log_lines::a_flood_of_events_is_ten_lines_a_second_without_secrets_or_raw_bytes",
        || {
            let lab = Lab::configured(&["LOG__LEVEL=trace"]);
            let before = lines(&lab);
            let began = Instant::now();
            let mut passwords = Vec::new();
            for number in 0..CLIENTS {
                let credentials = Credentials::of(&party(number));
                passwords.push(credentials.password.clone());
                let (mut client, mut road) =
                    (Client::new(credentials), lab.road_from_a_new_address());
                if client.allocate(&mut road, Family::Default).is_ok() {
                    client.release(&mut road).expect("its end");
                }
            }
            let seconds = began.elapsed().as_secs() + 2;
            let written = lines(&lab) - before;
            assert!(written > 0, "nothing was written: nothing was flooded");
            assert!(
                lab.count("ringfence_turn_allocations_made_total", "") > LINES_A_SECOND_MAX * 2
            );
            assert!(
                written <= (LINES_A_SECOND_MAX + 1) * seconds,
                "{written} lines in {seconds} s"
            );
            let log = lab.server.log();
            assert!(!log.contains(SECRET));
            assert!(!passwords.iter().any(|password| log.contains(password)));
            let raw = |c: char| c.is_control() && c != '\n';
            assert!(!log.chars().any(raw), "raw bytes in {log}");
            assert!(
                !log.lines().any(|line| line.starts_with("2026-01-01")),
                "a forged line in {log}"
            );
            assert!(log.lines().all(|line| line.len() < 1_000), "a line without end in {log}");
            lab.assert_memory("log flooding");
        },
    );
}

/// Good ones, and such as try to write lines of their own.
fn party(number: usize) -> String {
    match number % 4 {
        0 => NASTY.to_owned(),
        1 => format!("{}{number}", "x".repeat(400)),
        _ => format!("party-{number}"),
    }
}

fn lines(lab: &Lab) -> u64 {
    lab.server.log().lines().count() as u64
}
