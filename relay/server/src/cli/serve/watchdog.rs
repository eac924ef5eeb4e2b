//! The watchdog of the service manager (systemd.service(5), `WatchdogSec=`). It is fed while every
//! thread of the relay goes round when it is asked to.
//!
//! A thread that has gone round at some time since the last feeding may stand still by now. So each
//! feeding waits for answers of its own: a thread that stops is followed by no more than the feeding
//! that it had answered already, and is found within the watchdog's time.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::{error, warn};

use super::heartbeat::Heartbeat;
use super::notify;
use crate::relay::Control;

/// How soon an answer is looked for. A shard shows its own within 50 ms.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// Feeds it until dropped; where there is none, there is nothing to do.
pub(super) async fn feed(control: &Control) {
    let Some(limit) = limit() else { return std::future::pending().await };
    let interval = (limit / 2).max(LOOK_INTERVAL);
    loop {
        all_answer(control, interval).await;
        notify(NotifyState::Watchdog);
        tokio::time::sleep(interval).await;
    }
}

/// How long the service manager waits; `None`: it does not watch this process.
fn limit() -> Option<Duration> {
    let mut limit_us = 0;
    sd_notify::watchdog_enabled(false, &mut limit_us).then(|| Duration::from_micros(limit_us))
}

/// Asks every thread to go round, and waits for all; says so if that takes too long.
async fn all_answer(control: &Control, patience: Duration) {
    let asked = Heartbeat::asked(control.rounds());
    control.nudge();
    if tokio::time::timeout(patience, answers(control, &asked)).await.is_ok() {
        return;
    }
    let threads = names(&asked.silent(&control.rounds()), control.shards().len());
    error!(?threads, "threads stand still: the watchdog is not fed before they go on");
    answers(control, &asked).await;
    warn!(?threads, "they go on");
}

async fn answers(control: &Control, asked: &Heartbeat) {
    while !asked.silent(&control.rounds()).is_empty() {
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// As the threads are called where the system lists them.
fn names(places: &[usize], shards: usize) -> Vec<String> {
    let name = |&place: &usize| match place < shards {
        true => format!("shard-{place}"),
        false => "control".to_owned(),
    };
    places.iter().map(name).collect()
}
