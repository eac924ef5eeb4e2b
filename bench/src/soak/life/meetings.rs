//! Rooms: three join, latch and are heard, one goes on from another port, and then they leave, or go
//! without a word.

use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::super::Case;
use super::super::relay::Subject;
use super::{Register, next};
use crate::work::rooms::{Layout, Rooms};
use crate::work::{Sinks, Work};

/// Clients that begin for each room that opens.
const CLIENTS: f64 = 4.0;

/// So many are open at a time; in the middle one of its participants roams.
const STANDING: usize = 6;

const LAYOUT: Layout = Layout { rooms: 1, participants: 3, speakers: 3 };

/// How much longer credentials live than a meeting: who goes without a word is forgotten then.
const TTL_SLACK: Duration = Duration::from_secs(15);

/// One of so many is abandoned.
const ABANDONED: u64 = 3;

/// Looks for arrivals in each room at a time.
const LISTEN_CALLS: usize = 64;

/// Lets meetings happen until it is over; then the last ones end as the others did.
pub(in crate::soak) fn rooms(
    subject: &Subject,
    case: &Case,
    register: &Register,
    over: &AtomicBool,
) -> anyhow::Result<()> {
    let (began, mut standing) = (Instant::now(), VecDeque::with_capacity(STANDING + 1));
    let (interval, mut number) = (Duration::from_secs_f64(CLIENTS / case.clients_per_s), 0);
    let door = subject.door(ttl_s(interval));
    while next(began, number, interval, over) {
        match Rooms::open(&door, LAYOUT, Sinks::default()) {
            Ok(rooms) => {
                register.note(&register.rooms, &Ok(()));
                standing.push_back((number, rooms));
            }
            Err(error) => register.note(&register.rooms, &Err(error)),
        }
        if let Some((_, middle)) = standing.get_mut(STANDING / 2) {
            register.note(&register.roamed, &middle.roam(0));
        }
        // Whoever has lost its path leaves.
        standing.retain_mut(|(_, rooms)| {
            let kept = keep(rooms);
            let failed = kept.is_err();
            if failed {
                register.note(&register.failed, &kept);
            }
            !failed
        });
        if standing.len() > STANDING {
            standing.pop_front().into_iter().for_each(|meeting| end(meeting, register));
        }
        number += 1;
    }
    standing.into_iter().for_each(|meeting| end(meeting, register));
    Ok(())
}

fn ttl_s(interval: Duration) -> u32 {
    let meetings = u32::try_from(STANDING + 1).unwrap_or(u32::MAX);
    u32::try_from((interval * meetings + TTL_SLACK).as_secs()).unwrap_or(u32::MAX)
}

/// Renews the consent of some, and answers what the relay asks.
fn keep(rooms: &mut Rooms) -> anyhow::Result<()> {
    rooms.keep_alive()?;
    for _ in 0..LISTEN_CALLS {
        rooms.receive(&mut |_, _| {})?;
    }
    Ok(())
}

fn end((number, rooms): (u64, Rooms), register: &Register) {
    if number.is_multiple_of(ABANDONED) {
        rooms.abandon();
        register.note(&register.rooms_abandoned, &Ok(()));
    } else {
        drop(rooms);
        register.note(&register.rooms_left, &Ok(()));
    }
}
