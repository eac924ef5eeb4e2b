//! What the control thread does again and again, and a last time when the relay stops.

use std::time::Duration;

use ringfence_core::Instant;
use ringfence_net::cputime;

use super::{Control, journal, load};

/// How soon the control thread tries again when a mailbox was full.
const RETRY: Duration = Duration::from_millis(1);

/// How often what was carried is put on record: what a crash can lose.
const SETTLE_INTERVAL: Duration = Duration::from_secs(10);

/// Longest wait for shards when the relay stops.
const LAST_TIME_MAX: Duration = Duration::from_secs(1);

/// How often what outlives the relay is written down: what somebody who was let in within that time before a
/// crash has to ask for again.
const KEEP_INTERVAL: Duration = Duration::from_millis(100);

/// Times the processor time it takes to write that down, until it is done again.
const KEEP_REST: u32 = 10;

/// How often shards are asked for what is to be kept when the relay stops. Each time each of them tells of
/// some hundred allocations, and of none when it has told of all.
const KEEP_LAST_ROUNDS_MAX: u32 = 1_000;

/// How often samples of packets are looked at, for which no shard wakes the control thread.
const SAMPLES_INTERVAL: Duration = Duration::from_millis(250);

/// All of it, for ever.
pub(super) async fn go_on(control: &Control) {
    tokio::join!(
        attend_shards(control),
        settle_at_times(control),
        look_at_load(control),
        keep_state(control)
    );
}

/// What is still to be done when the relay stops.
pub(super) async fn go_last(control: &Control) {
    // What comes from now on waits in the sockets for the relay after this one, which has to know all that
    // this one has answered.
    control.controller().pause();
    // A shard that does not answer has ended, which stopping it will say.
    let _ = tokio::time::timeout(LAST_TIME_MAX, tell_all(control)).await;
    control.keep(None);
    control.shared().keeper.flush();
}

/// Until shards have told what they carried, and have nothing more to tell that is to be kept.
async fn tell_all(control: &Control) {
    let mut before = None;
    for _ in 0..KEEP_LAST_ROUNDS_MAX {
        control.controller().keep();
        settle_last(control).await;
        let changes = control.controller().registry.changes();
        if before.replace(changes) == Some(changes) {
            return;
        }
    }
}

/// Takes in what shards report, for ever.
async fn attend_shards(control: &Control) {
    loop {
        let (waiting, next) = attend_once(control);
        let clock = control.shared().clock;
        let patience = next.map_or(SAMPLES_INTERVAL, |when| clock.until(when));
        let patience = if waiting { RETRY } else { patience.min(SAMPLES_INTERVAL) };
        let _ = tokio::time::timeout(patience, control.shared().notify.notified()).await;
    }
}

/// Whether something was left for later, and when there is something to do in any case.
fn attend_once(control: &Control) -> (bool, Option<Instant>) {
    let (waiting, next, events) = {
        let mut controller = control.controller();
        let waiting = controller.attend();
        let events: Vec<_> = controller.events().collect();
        (waiting, controller.registry.next_timeout(), events)
    };
    events.iter().for_each(|event| journal::record(event, control));
    (waiting, next)
}

/// Asks what was carried, now and then, for ever.
async fn settle_at_times(control: &Control) {
    loop {
        tokio::time::sleep(SETTLE_INTERVAL).await;
        control.controller().settle();
    }
}

/// Sees how busy shards are, now and then, for ever.
async fn look_at_load(control: &Control) {
    loop {
        tokio::time::sleep(load::LOOK).await;
        control.controller().look_at_load();
    }
}

/// Keeps what outlives the relay as it changes, for ever. However much that is, it takes a small part of
/// this thread's time.
async fn keep_state(control: &Control) {
    let mut kept = None;
    let mut took = Duration::ZERO;
    loop {
        let rest = KEEP_INTERVAL.max(took * KEEP_REST);
        let soon = async {
            control.shared().keep_soon.notified().await;
            // However many wait, half of the time is for other work.
            tokio::time::sleep(took).await;
        };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = soon => {}
        }
        let began = cputime::of_current_thread().unwrap_or_default();
        kept = control.keep(kept);
        took = cputime::of_current_thread().unwrap_or_default().saturating_sub(began);
    }
}

/// What was carried since the last time; what was asked before that has been answered then, too.
async fn settle_last(control: &Control) {
    control.controller().settle();
    while !control.controller().registry.is_settled() {
        tokio::time::sleep(RETRY).await;
        attend_once(control);
    }
    attend_once(control);
}
