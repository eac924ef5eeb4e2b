//! Ending without ending a call: new work is refused, what there is goes on until it is done or its
//! time is over.

use std::time::Duration;

use ringfence_core::{Holdings, Instant};

use super::control::Control;

/// How often a draining relay looks whether it is done.
const LOOK: Duration = Duration::from_millis(100);

/// How far a relay that drains has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draining {
    /// What is still there.
    pub holdings: Holdings,
    /// How long it may take yet; `None` is until the last has ended.
    pub left: Option<Duration>,
}

/// That it drains, and until when at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    pub(super) deadline: Option<Instant>,
}

impl Control {
    /// Refuses new work from now on. Asked again, it takes the new deadline.
    pub fn drain(&self, within: Option<Duration>) -> Draining {
        let deadline = within.map(|within| self.shared().clock.now() + within);
        let mut controller = self.controller();
        controller.registry.set_draining(true);
        controller.drain = Some(Drain { deadline });
        let holdings = controller.registry.holdings();
        drop(controller);
        let Holdings { rooms, participants, allocations } = holdings;
        let within_s = within.map(|within| within.as_secs());
        tracing::info!(rooms, participants, allocations, within_s, "draining: no new work");
        Draining { holdings, left: within }
    }

    /// Takes new work again. False if it was not draining.
    pub fn resume(&self) -> bool {
        let mut controller = self.controller();
        controller.registry.set_draining(false);
        let drained = controller.drain.take().is_some();
        drop(controller);
        if drained {
            tracing::info!("draining is over: new work is taken again");
        }
        drained
    }

    /// How far it has come; `None` if it does not drain.
    pub fn draining(&self) -> Option<Draining> {
        let now = self.shared().clock.now();
        let controller = self.controller();
        let Drain { deadline } = controller.drain?;
        let left = deadline.map(|deadline| deadline.since(now));
        Some(Draining { holdings: controller.registry.holdings(), left })
    }

    /// Waits until it drains and is done, or out of time; and then for one look more, so that whoever asked
    /// for it has the answer.
    pub async fn drained(&self) -> Draining {
        let mut was_done = false;
        loop {
            tokio::time::sleep(LOOK).await;
            let state = self.draining();
            let done = state.filter(Draining::is_done);
            match done {
                Some(state) if was_done => return state,
                _ => was_done = done.is_some(),
            }
        }
    }
}

impl Draining {
    /// Whether there is nothing left to wait for.
    pub fn is_done(&self) -> bool {
        self.holdings.is_empty() || self.left.is_some_and(|left| left.is_zero())
    }
}
