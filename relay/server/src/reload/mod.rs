//! Another policy while the relay runs. It is read, proved and compared with the one in force; then
//! either every shard works by it, or nothing has changed.

mod asker;
mod counts;
mod cut_list;
mod judge;
mod outcome;

use std::sync::Arc;
use std::time::Instant;

use ringfence_core::Cuts;
use ringfence_fence::Epoch;

pub use self::asker::Asker;
pub use self::counts::Reloads;
pub use self::cut_list::{CutAllocation, CutList, CutParticipant};
use self::judge::Judged;
pub use self::outcome::{Refused, Reloaded};
use crate::audit::{PolicyChange, Record};
use crate::config::Widening;
use crate::relay::{Control, InForce, evidence};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// Digest of the one change that may widen a fence.
    pub accept: Option<String>,
    /// Whether to do all but the change itself.
    pub dry_run: bool,
    /// By whom.
    pub by: Asker,
}

/// Reads the file again that the relay was started with, and puts it in force. When this returns
/// every shard works by it, and the flows that it forbids have been cut.
///
/// # Errors
/// [`Refused`]: the policy, its epoch and every flow are as they were, but for
/// [`Refused::Unconfirmed`]. One reload at a time.
pub async fn reload(control: &Control, request: Request) -> Result<Reloaded, Refused> {
    let Some(turn) = control.reloads().enter() else {
        control.reloads().note::<()>(&Err(Refused::InProgress));
        return Err(Refused::InProgress);
    };
    let control = control.clone();
    // In a task of its own: whoever asked may go away, and what was begun is still brought to its end.
    let task = tokio::spawn(async move {
        let outcome = attempt(&control, &request).await;
        if !request.dry_run {
            control.reloads().note(&outcome);
        }
        tell(&control, &request, &outcome);
        drop(turn);
        outcome
    });
    task.await.unwrap_or(Err(Refused::Interrupted))
}

async fn attempt(control: &Control, request: &Request) -> Result<Reloaded, Refused> {
    let began = Instant::now();
    let running = control.in_force();
    let judged = read_and_judge(control, &running).await?;
    check_guard(&running, &judged, request)?;
    let mut reloaded = Reloaded::of(&judged, request);
    let new = InForce::of(judged.loaded);
    let cuts = match request.dry_run {
        true => control.would_cut(&new.policy),
        false => put_in_force(control, &new, change(&reloaded, request, &new)).await?,
    };
    reloaded.cuts = CutList::of(&cuts, &new);
    reloaded.elapsed_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok(reloaded)
}

/// Large policies take seconds, so not on the control thread.
async fn read_and_judge(control: &Control, running: &InForce) -> Result<Judged, Refused> {
    let file = control.file().cloned().ok_or(Refused::NotReloadable)?;
    let running = running.clone();
    let task = tokio::task::spawn_blocking(move || {
        let epoch = Epoch(running.epoch().0.wrapping_add(1));
        let loaded = file.load_again(epoch, Arc::clone(&running.config));
        judge::judge(&running, loaded.map_err(|failure| Refused::BadConfig(Box::new(failure)))?)
    });
    task.await.unwrap_or(Err(Refused::Interrupted))
}

/// It is the guard in force that counts: a change cannot let itself through.
fn check_guard(running: &InForce, judged: &Judged, request: &Request) -> Result<(), Refused> {
    let accepted = request.accept.as_ref().is_some_and(|digest| *digest == judged.digest);
    match running.config.guard.widening {
        Widening::Refuse if judged.plan.widens && !accepted => {
            let plan = Box::new(judged.plan.clone());
            Err(Refused::Widens { plan, digest: judged.digest.clone() })
        }
        Widening::Refuse | Widening::Allow => Ok(()),
    }
}

async fn put_in_force(
    control: &Control,
    new: &InForce,
    change: PolicyChange,
) -> Result<Cuts, Refused> {
    let adopted = control.adopt_recorded(new.clone(), change).await;
    adopted.map_err(|_| match control.in_force().epoch() == new.epoch() {
        true => Refused::Unconfirmed,
        false => Refused::Busy,
    })
}

/// What goes on record of a change, and of who accepted it.
fn change(reloaded: &Reloaded, request: &Request, new: &InForce) -> PolicyChange {
    let widened = reloaded.plan.widens;
    let accepted = request.accept.as_ref().filter(|digest| widened && **digest == reloaded.digest);
    PolicyChange {
        digest: Some(reloaded.digest.clone()),
        widened,
        accepted_by: accepted.map(|_| request.by.to_string()),
        accepted_digest: accepted.cloned(),
        ..evidence::change_to(&new.policy)
    }
}

/// Puts down who changed the policy, or tried to.
fn tell(control: &Control, request: &Request, outcome: &Result<Reloaded, Refused>) {
    let by = &request.by;
    match outcome {
        Ok(Reloaded { applied: false, .. }) => {}
        Ok(Reloaded { epoch, digest, plan, cuts, .. }) => {
            let accepted = plan.widens && request.accept.as_ref() == Some(digest);
            let cut = cuts.participants_total + cuts.allocations_total;
            let widens = plan.widens;
            tracing::info!(%by, epoch, %digest, widens, accepted, cut, "another policy is in force");
        }
        Err(refused) => {
            let code = refused.code();
            let digest = refused.digest().map(str::to_owned);
            let (reason, by_whom) = (refused.to_string(), by.to_string());
            let record = Record::reload_refused(code, &reason, digest, Some(&by_whom));
            control.audit().record(record);
            tracing::warn!(%by, code, digest = refused.digest(), "reload refused: {refused}");
        }
    }
}
