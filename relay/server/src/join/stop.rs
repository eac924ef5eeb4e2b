//! When a sidecar is to end.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::failure::Failure;

/// SIGINT, SIGTERM or the end of `--duration`.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    deadline: Option<Instant>,
}

impl Stop {
    pub(super) fn new(duration: Option<Duration>) -> Result<Self, Failure> {
        let of = |kind| signal(kind).map_err(|error| Failure::system("signals", &error));
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
            deadline: duration.and_then(|duration| Instant::now().checked_add(duration)),
        })
    }

    /// Ends when the sidecar is to. May be dropped and asked again.
    pub(super) async fn wanted(&mut self) {
        let deadline = self.deadline;
        let time_is_over = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = time_is_over => {}
        }
    }
}
