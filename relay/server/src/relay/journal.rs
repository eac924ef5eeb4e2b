//! Events as log lines. User-made strings are names, which hold nothing that needs an escape.

use ringfence_core::{Event, ReleaseCause};
use ringfence_fence::{Policy, Refusal};
use tracing::{info, warn};

use super::control::Control;

/// Writes one event.
pub(super) fn record(event: &Event, policy: &Policy, control: &Control) {
    match event {
        Event::RoomOpened { room, tenant, fence } => info!(%room, %tenant, %fence, "room opened"),
        Event::RoomClosed { room } => info!(%room, "room closed"),
        Event::Joined { room, participant } => info!(%room, %participant, "joined"),
        Event::Left { room, participant, cause } => info!(%room, %participant, ?cause, "left"),
        Event::Latched { room, participant, address, region, moved_from } => {
            let region = policy.region_name(*region);
            let moved_from = moved_from.map(tracing::field::display);
            info!(%room, %participant, %address, %region, moved_from, "latched");
        }
        Event::Released { room, participant, address, cause: ReleaseCause::ConsentExpired } => {
            info!(%room, %participant, %address, "consent expired");
        }
        Event::Released { room, participant, address, cause: ReleaseCause::Cut(refusal) } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%room, %participant, %address, %rule, line, "cut");
        }
        Event::Refused { room, participant, address, refusal } => {
            let rule = refusal.rule;
            let line = line(refusal, control);
            warn!(%room, %participant, %address, %rule, line, "refused");
        }
        Event::SsrcRefused { room, participant, ssrc } => {
            warn!(%room, %participant, ssrc = ssrc.0, "SSRC belongs to another participant");
        }
    }
}

/// `file:line` of the rule, where it has one.
fn line(refusal: &Refusal, control: &Control) -> Option<String> {
    let place = control.sources().place(refusal.origin?)?;
    Some(format!("{}:{}", place.file, place.line))
}
