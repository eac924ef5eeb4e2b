//! TURN clients: each allocates, binds a channel, sends, refreshes, asks for a permission, and goes.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use ringfence_tests::turn::Credentials;

use super::super::Case;
use super::super::relay::Subject;
use super::{Register, next};
use crate::work::turn::{Direction, Plan, Transport, Turn};
use crate::work::{Sinks, Work};

/// So many are there at a time; in the middle of its life each refreshes.
const STANDING: usize = 20;

const TRANSPORTS: [Transport; 4] = [Transport::Udp, Transport::Tcp, Transport::Udp, Transport::Tls];

/// One of so many goes without a word. Shares no factor with the transports, so all do in turn.
const ABANDONED: u64 = 3;

/// What each sends, both ways.
const PACKETS: usize = 10;
const PACKET: [u8; 172] = [0x90; 172];

struct Client {
    turn: Turn,
    number: u64,
    transport: Transport,
}

/// Lets clients live until it is over; then the last ones go as the others did.
pub(in crate::soak) fn clients(
    subject: &Subject,
    case: &Case,
    register: &Register,
    over: &AtomicBool,
) -> anyhow::Result<()> {
    let (began, mut standing) = (Instant::now(), VecDeque::with_capacity(STANDING + 1));
    let (interval, mut number) = (Duration::from_secs_f64(1.0 / case.clients_per_s), 0);
    while next(began, number, interval, over) {
        match Client::begin(subject, number) {
            Ok(client) => {
                register.note(&register.allocations, &Ok(()));
                standing.push_back(client);
            }
            Err(error) => register.note(&register.allocations, &Err(error)),
        }
        if let Some(middle) = standing.get_mut(STANDING / 2) {
            middle.live(register);
        }
        if standing.len() > STANDING {
            standing.pop_front().into_iter().for_each(|client| client.end(case, register));
        }
        number += 1;
    }
    standing.into_iter().for_each(|client| client.end(case, register));
    Ok(())
}

impl Client {
    fn begin(subject: &Subject, number: u64) -> anyhow::Result<Self> {
        let transport = TRANSPORTS[usize::try_from(number)? % TRANSPORTS.len()];
        let plan = Plan { flows: 1, direction: Direction::Both, transport };
        let server = if transport == Transport::Tls { subject.tls } else { subject.media };
        let credentials = Credentials::of(&format!("client-{number}"));
        let turn = Turn::open(server, &plan, Sinks::default(), Some(&credentials))?;
        let mut client = Self { turn, number, transport };
        client.speak()?;
        Ok(client)
    }

    fn live(&mut self, register: &Register) {
        register.note(&register.refreshed, &self.turn.refresh_all());
        register.note(&register.permitted, &self.turn.permit());
        if let Err(error) = self.speak() {
            register.note(&register.failed, &Err(error));
        }
    }

    /// What has come since is read, not counted: the load's streams show loss.
    fn speak(&mut self) -> anyhow::Result<()> {
        for _ in 0..PACKETS {
            (0..self.turn.lanes())
                .try_for_each(|lane| self.turn.send(lane, &PACKET, PACKET.len()))?;
        }
        self.turn.flush()?;
        while self.turn.receive(&mut |_, _| {})? {}
        Ok(())
    }

    fn end(self, case: &Case, register: &Register) {
        let keeps_word = case.udp_released && self.transport == Transport::Udp;
        if self.number.is_multiple_of(ABANDONED) && !keeps_word {
            self.turn.abandon();
            register.note(&register.clients_abandoned, &Ok(()));
        } else {
            drop(self.turn);
            register.note(&register.released, &Ok(()));
        }
    }
}
