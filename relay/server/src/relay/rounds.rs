//! What the control thread does again and again, and a last time when the relay stops.

use std::time::Duration;

use ringfence_core::Instant;
use ringfence_net::cputime;

use super::{Control, journal, load};

/// How soon the control thread tries again when a mailbox was full.
const RETRY: Duration = Duration::from_millis(1);

/// How often what was carried is put on record: what a crash can lose.
const SETTLE_INTERVAL: Duration = Duration::from_secs(10);

/// Longest wait for that when the relay stops.
const SETTLE_LAST_TIME_MAX: Duration = Duration::from_secs(1);

/// How often what outlives the relay is written down: what somebody who was let in within that time before a
/// crash has to ask for again.
const KEEP_INTERVAL: Duration = Duration::from_millis(100);

/// Times the processor time it takes to write that down, until it is done again.
const KEEP_REST: u32 = 10;

/// What shards have to answer in when the relay stops: many turns.
const KEEP_LAST: Duration = Duration::from_millis(20);

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
    settle_last(control).await;
    keep_last(control).await;
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

/// A relay that stops in order loses nothing of what the next one takes over.
async fn keep_last(control: &Control) {
    control.controller().keep();
    tokio::time::sleep(KEEP_LAST).await;
    attend_once(control);
    control.keep(None);
    control.shared().keeper.flush();
}

/// Keeps what outlives the relay as it changes, for ever. However much that is, it takes a small part of
/// this thread's time.
async fn keep_state(control: &Control) {
    let mut kept = None;
    let mut rest = KEEP_INTERVAL;
    loop {
        tokio::time::sleep(rest).await;
        let began = cputime::of_current_thread().unwrap_or_default();
        kept = control.keep(kept);
        let took = cputime::of_current_thread().unwrap_or_default().saturating_sub(began);
        rest = KEEP_INTERVAL.max(took * KEEP_REST);
    }
}

/// What was carried since the last time is still told before the relay stops.
async fn settle_last(control: &Control) {
    control.controller().settle();
    let told = async {
        while !control.controller().registry.is_settled() {
            tokio::time::sleep(RETRY).await;
            attend_once(control);
        }
        attend_once(control);
    };
    // A shard that does not answer has ended, which stopping it will say.
    let _ = tokio::time::timeout(SETTLE_LAST_TIME_MAX, told).await;
}
