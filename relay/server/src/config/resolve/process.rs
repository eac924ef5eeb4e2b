//! `[node]`, `[limits]`, `[tuning]`, `[log]`, `[guard]`, `[selection]`: values that stand for themselves.

use std::num::NonZeroU16;
use std::time::Duration;

use ringfence_fence::draft::SelectionDraft;

use super::super::bounds::{
    self, ALLOCATION_LIFETIME_S, BUSY_POLL_US, Bounds, CHANNELS, COALESCE_US, CONSENT_MS,
    PARTICIPANT_KBPS, PARTICIPANTS, PERMISSIONS, ROOM_PARTICIPANTS, ROOMS, SSRCS, STREAMS,
    STREAMS_PER_SOURCE, TTL_S,
};
use super::super::raw::{self, Item, Optional};
use super::super::settings::{Guard, Limits, Log, Node, Tuning, Workers};
use super::Resolver;

impl Resolver<'_> {
    pub(super) fn node(&mut self, raw: Option<&Item<raw::Node>>) -> Option<Node> {
        let help = "name the site that this host stands at: [node] site = \"…\"";
        let Some(node) = raw else {
            self.missing(&["node"], None, help);
            return None;
        };
        let workers = self.number(&node.workers, "node.workers", &bounds::WORKERS);
        let drain_s = self.number(&node.drain_s, "node.drain_s", &bounds::DRAIN_S);
        let Some(site) = &node.site else {
            self.missing(&["node", "site"], Some(self.at(node)), help);
            return None;
        };
        Some(Node {
            site: String::clone(site),
            workers: NonZeroU16::new(workers).map_or(Workers::PerCpu, Workers::Count),
            pin: node.pin.as_ref().is_none_or(|pin| **pin),
            drain: Duration::from_secs(drain_s.into()),
        })
    }

    pub(super) fn limits(&mut self, raw: &raw::Limits) -> Limits {
        let consent_ms = self.limit(&raw.consent_timeout_ms, "consent_timeout_ms", &CONSENT_MS);
        let ttl_s = self.limit(&raw.participant_ttl_s_max, "participant_ttl_s_max", &TTL_S);
        let lifetime_s = self.limit(
            &raw.allocation_lifetime_s_max,
            "allocation_lifetime_s_max",
            &ALLOCATION_LIFETIME_S,
        );
        Limits {
            room_participants_max: self.limit(
                &raw.room_participants_max,
                "room_participants_max",
                &ROOM_PARTICIPANTS,
            ),
            rooms_max: self.limit(&raw.rooms_max, "rooms_max", &ROOMS),
            participants_max: self.limit(&raw.participants_max, "participants_max", &PARTICIPANTS),
            participant_kbps_max: self.limit(
                &raw.participant_kbps_max,
                "participant_kbps_max",
                &PARTICIPANT_KBPS,
            ),
            ssrcs_per_participant_max: self.limit(
                &raw.ssrcs_per_participant_max,
                "ssrcs_per_participant_max",
                &SSRCS,
            ),
            consent_timeout: Duration::from_millis(consent_ms.into()),
            participant_ttl_max: Duration::from_secs(ttl_s.into()),
            permissions_per_allocation_max: self.limit(
                &raw.permissions_per_allocation_max,
                "permissions_per_allocation_max",
                &PERMISSIONS,
            ),
            channels_per_allocation_max: self.limit(
                &raw.channels_per_allocation_max,
                "channels_per_allocation_max",
                &CHANNELS,
            ),
            streams_max: self.limit(&raw.streams_max, "streams_max", &STREAMS),
            streams_per_source_max: self.limit(
                &raw.streams_per_source_max,
                "streams_per_source_max",
                &STREAMS_PER_SOURCE,
            ),
            allocation_lifetime_max: Duration::from_secs(lifetime_s.into()),
        }
    }

    fn limit<N>(&mut self, item: &Optional<i64>, key: &str, bounds: &Bounds<N>) -> N
    where
        N: Copy + PartialOrd + TryFrom<i64> + std::fmt::Display,
    {
        self.number(item, &format!("limits.{key}"), bounds)
    }

    pub(super) fn tuning(&mut self, raw: &raw::Tuning) -> Tuning {
        let mut micros = |item: &Optional<i64>, key: &str, bounds: &Bounds<u16>| {
            let micros = self.number(item, &format!("tuning.{key}"), bounds);
            Duration::from_micros(micros.into())
        };
        Tuning {
            coalesce: micros(&raw.coalesce_us, "coalesce_us", &COALESCE_US),
            busy_poll: micros(&raw.busy_poll_us, "busy_poll_us", &BUSY_POLL_US),
            kernel_busy_poll: micros(
                &raw.kernel_busy_poll_us,
                "kernel_busy_poll_us",
                &BUSY_POLL_US,
            ),
            offload: raw.offload.unwrap_or_default(),
        }
    }

    pub(super) fn log(raw: &raw::Log) -> Log {
        Log { format: raw.format.unwrap_or_default(), level: raw.level.unwrap_or_default() }
    }

    pub(super) fn guard(raw: &raw::Guard) -> Guard {
        Guard { widening: raw.widening.unwrap_or_default() }
    }

    pub(super) fn selection(&mut self, raw: &raw::Selection) -> SelectionDraft {
        SelectionDraft {
            primaries: self.number(&raw.primaries, "selection.primaries", &bounds::PRIMARIES),
            spares: self.number(&raw.spares, "selection.spares", &bounds::SPARES),
            spare_sites: self.names(&raw.spare_sites),
        }
    }
}
