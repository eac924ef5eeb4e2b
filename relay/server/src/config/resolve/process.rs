//! `[node]`, `[turn]`, `[limits]`, `[log]`, `[selection]`: values that stand for themselves.

use std::num::NonZeroU16;
use std::time::Duration;

use super::super::bounds;
use super::super::raw::{self, Item};
use super::super::settings::{Limits, Log, Node, Selection, Turn, Workers};
use super::Resolver;

const REALM: &str = "ringfence";

impl Resolver<'_> {
    pub(super) fn node(&mut self, raw: Option<&Item<raw::Node>>) -> Option<Node> {
        let help = "name the site that this host stands at: [node] site = \"…\"";
        let Some(node) = raw else {
            self.missing(&["node"], None, help);
            return None;
        };
        let workers = self.number(&node.workers, "node.workers", &bounds::WORKERS);
        let Some(site) = &node.site else {
            self.missing(&["node", "site"], Some(self.at(node)), help);
            return None;
        };
        Some(Node {
            site: String::clone(site),
            workers: NonZeroU16::new(workers).map_or(Workers::PerCpu, Workers::Count),
            pin: node.pin.as_ref().is_none_or(|pin| **pin),
        })
    }

    pub(super) fn turn(&mut self, raw: &raw::Turn) -> Turn {
        let Some(realm) = &raw.realm else {
            return Turn { realm: REALM.to_owned() };
        };
        let chars = realm.chars().count();
        if chars == 0 || chars > bounds::REALM_CHARS_MAX || realm.chars().any(char::is_control) {
            let message = "`turn.realm` cannot be sent as a realm";
            let help = format!("write 1 to {} characters (RFC 8489)", bounds::REALM_CHARS_MAX);
            self.error("bad_realm", self.at(realm), message, &help);
        }
        Turn { realm: String::clone(realm) }
    }

    pub(super) fn limits(&mut self, raw: &raw::Limits) -> Limits {
        let room = self.number(
            &raw.room_participants_max,
            "limits.room_participants_max",
            &bounds::ROOM_PARTICIPANTS,
        );
        let rooms = self.number(&raw.rooms_max, "limits.rooms_max", &bounds::ROOMS);
        let participants =
            self.number(&raw.participants_max, "limits.participants_max", &bounds::PARTICIPANTS);
        let kbps = self.number(
            &raw.participant_kbps_max,
            "limits.participant_kbps_max",
            &bounds::PARTICIPANT_KBPS,
        );
        let ssrcs = self.number(
            &raw.ssrcs_per_participant_max,
            "limits.ssrcs_per_participant_max",
            &bounds::SSRCS,
        );
        let consent_ms =
            self.number(&raw.consent_timeout_ms, "limits.consent_timeout_ms", &bounds::CONSENT_MS);
        let ttl_s =
            self.number(&raw.participant_ttl_s_max, "limits.participant_ttl_s_max", &bounds::TTL_S);
        Limits {
            room_participants_max: room,
            rooms_max: rooms,
            participants_max: participants,
            participant_kbps_max: kbps,
            ssrcs_per_participant_max: ssrcs,
            consent_timeout: Duration::from_millis(consent_ms.into()),
            participant_ttl_max: Duration::from_secs(ttl_s.into()),
        }
    }

    pub(super) fn log(raw: &raw::Log) -> Log {
        Log { format: raw.format.unwrap_or_default(), level: raw.level.unwrap_or_default() }
    }

    pub(super) fn selection(&mut self, raw: &raw::Selection) -> Selection {
        Selection {
            primaries: self.number(&raw.primaries, "selection.primaries", &bounds::PRIMARIES),
            spares: self.number(&raw.spares, "selection.spares", &bounds::SPARES),
        }
    }
}
