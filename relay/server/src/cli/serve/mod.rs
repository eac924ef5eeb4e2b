//! `ringfence serve`.

mod heartbeat;
mod start_summary;
mod watchdog;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use ringfence_core::Holdings;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use super::failure::Failure;
use super::output::{OutputMode, print_error, style_errors};
use crate::api::Api;
use crate::config::{Loaded, LogFormat};
use crate::continuity::Handed;
use crate::log::{self, LineCap};
use crate::relay::{Control, Draining, Relay};
use crate::reload::{self, Asker};

/// How often threads are looked after.
const WATCH: Duration = Duration::from_secs(1);

/// More than it takes to stop once there is nothing left to drain.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// Runs a relay until SIGINT, or SIGTERM and the end of what it has; SIGHUP makes it reload.
pub(super) fn run(loaded: Loaded, output: OutputMode) -> Result<ExitCode, Failure> {
    let handed = Handed::take();
    let log = log::start(loaded.config.log, style_errors());
    log_panics();
    tell_warnings(&loaded, output);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::system("a runtime", &error))?;
    let api = Api::bind(&loaded.config.control)?;
    let relay = Relay::start_again(loaded, api, handed.read())?;
    start_summary::tell(relay.control());
    let ended = runtime.block_on(watch(&relay, &log));
    notify(NotifyState::Stopping);
    let stopped = relay.stop();
    log.tell_last();
    ended.map_err(|error| Failure::system("signals", &error))?;
    stopped.map_err(|error| Failure::thread_ended(&error))?;
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Waits for a signal, or for a thread to end.
async fn watch(relay: &Relay, log: &LineCap) -> io::Result<()> {
    let control = relay.control();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    notify(NotifyState::Ready);
    tokio::select! {
        () = told_to_end(&mut terminate, control) => {}
        () = received(&mut interrupt, "SIGINT") => {}
        () = drained(control) => {}
        () = look_after(relay, log) => {}
        () = watchdog::feed(control) => {}
        () = reload_on(&mut hangup, control) => {}
    }
    Ok(())
}

/// Reloads at each signal; what comes of it is in the log. Nobody is there to accept a change that
/// widens a fence.
async fn reload_on(hangup: &mut Signal, control: &Control) {
    while hangup.recv().await.is_some() {
        info!("SIGHUP: reloading");
        notify(NotifyState::Reloading);
        let request = reload::Request { accept: None, dry_run: false, by: Asker::Signal };
        // The log has it.
        let _ = reload::reload(control, request).await;
        notify(NotifyState::Ready);
    }
    std::future::pending::<()>().await;
}

/// The first SIGTERM drains, for as long as the configuration says; the second one stops at once.
async fn told_to_end(terminate: &mut Signal, control: &Control) {
    terminate.recv().await;
    info!("SIGTERM: draining; a second one stops at once");
    let drain = control.config().node.drain;
    control.drain(Some(drain));
    // The manager would end it after a time of its own (systemd.service(5), TimeoutStopSec).
    let extension = format!("EXTEND_TIMEOUT_USEC={}", (drain + STOP_TIME_MAX).as_micros());
    notify(NotifyState::Custom(&extension));
    received(terminate, "SIGTERM").await;
}

/// Until there is nothing left to drain, whoever asked for it.
async fn drained(control: &Control) {
    let Draining { holdings, .. } = control.drained().await;
    let Holdings { rooms, participants, allocations } = holdings;
    match holdings.is_empty() {
        true => info!("drained: stopping"),
        false => warn!(rooms, participants, allocations, "the time to drain is over: stopping"),
    }
}

async fn received(signal: &mut Signal, name: &str) {
    signal.recv().await;
    info!("{name}: stopping");
}

/// Ends when a thread has ended: what a shard carried, or nobody decides any more, is served better by a
/// restart than by the threads that are left.
async fn look_after(relay: &Relay, log: &LineCap) {
    loop {
        tokio::time::sleep(WATCH).await;
        log.tell();
        if !relay.is_whole() {
            warn!("a thread has ended: stopping");
            return;
        }
    }
}

/// A panic is logged like anything else: a packet that brings it about comes again.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(tracing::field::display);
        let thread = std::thread::current();
        let what = panic.payload_as_str().unwrap_or("no message");
        error!(place, thread = thread.name(), what, "a bug: please report it");
    }));
}

fn tell_warnings(loaded: &Loaded, output: OutputMode) {
    let for_people = loaded.config.log.format == LogFormat::Text && !output.is_json();
    if for_people {
        return print_error(&loaded.render_warnings(style_errors()));
    }
    for warning in &loaded.warnings {
        let place = warning.origin.and_then(|origin| loaded.sources.place(origin));
        let place = place.map(|place| format!("{}:{}", place.file, place.line));
        warn!(code = warning.code, place, "{}", warning.message);
    }
}

/// Tells systemd, if it is there (sd_notify(3)).
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(false, &[state]) {
        warn!(%error, "cannot tell the service manager");
    }
}
