//! The scenarios.

use std::time::Duration;

use ringfence_fence::PolicyDraft;

use super::Step::{
    Attack, CheckInVain, Handshake, Join, JoinRefused, Latch, Leave, Move, Reload, Speak, Wait,
};
use super::{CONSENT, Guest, Scenario};
use crate::sim::drafts::{name, small_world};

/// All of them.
pub fn all() -> Vec<Scenario> {
    vec![
        two_talk(),
        who_asks_for_some_hears_those(),
        who_is_not_latched_is_not_heard(),
        an_ssrc_has_one_owner(),
        a_forbidden_region_gets_nothing(),
        moving_within_the_fence(),
        moving_out_of_the_fence(),
        consent_ends(),
        a_reload_cuts_off(),
        leaving_and_coming_back(),
        handshakes_are_for_two(),
        refused_requests(),
        strangers_get_nothing(),
    ]
}

const fn guest(who: &'static str, from: &'static str) -> Guest {
    Guest { who, from, fence: None, hears: None, has_ice: true }
}

const ALICE: Guest = guest("alice", "127.1.20.1:5000");
const BOB: Guest = guest("bob", "127.1.20.2:5000");
const CAROL: Guest = guest("carol", "127.1.20.3:5000");
const CHINA: Guest = guest("mei", "127.3.20.1:5000");

fn two_talk() -> Scenario {
    Scenario {
        name: "two participants hear each other",
        steps: vec![
            Join(ALICE),
            Join(Guest { has_ice: false, ..BOB }),
            Latch("alice"),
            Latch("bob"),
            Speak("alice", 1, &["bob"]),
            Speak("bob", 2, &["alice"]),
        ],
    }
}

fn who_asks_for_some_hears_those() -> Scenario {
    Scenario {
        name: "who asks to hear some hears those",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Join(Guest { hears: Some(&["bob"]), ..CAROL }),
            Latch("alice"),
            Latch("bob"),
            Latch("carol"),
            Speak("alice", 1, &["bob"]),
            Speak("bob", 2, &["alice", "carol"]),
            Speak("carol", 3, &["alice", "bob"]),
        ],
    }
}

fn who_is_not_latched_is_not_heard() -> Scenario {
    Scenario {
        name: "who is not latched neither speaks nor hears",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Join(CAROL),
            Latch("alice"),
            Latch("bob"),
            Speak("carol", 3, &[]),
            Speak("alice", 1, &["bob"]),
            Latch("carol"),
            Speak("carol", 3, &["alice", "bob"]),
        ],
    }
}

fn an_ssrc_has_one_owner() -> Scenario {
    Scenario {
        name: "an SSRC has one owner",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Latch("alice"),
            Latch("bob"),
            Speak("alice", 1, &["bob"]),
            Speak("bob", 1, &[]),
            Speak("alice", 1, &["bob"]),
        ],
    }
}

fn a_forbidden_region_gets_nothing() -> Scenario {
    Scenario {
        name: "a participant in a forbidden region gets nothing",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Join(CHINA),
            Latch("alice"),
            Latch("bob"),
            CheckInVain("mei"),
            Speak("alice", 1, &["bob"]),
            Speak("mei", 3, &[]),
        ],
    }
}

fn moving_within_the_fence() -> Scenario {
    Scenario {
        name: "a move within the allowed regions is followed",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Latch("alice"),
            Latch("bob"),
            Speak("alice", 1, &["bob"]),
            Move("alice", "127.1.49.7:5000"),
            Speak("alice", 1, &[]),
            Latch("alice"),
            Speak("alice", 1, &["bob"]),
            Speak("bob", 2, &["alice"]),
        ],
    }
}

fn moving_out_of_the_fence() -> Scenario {
    Scenario {
        name: "a move into a forbidden region ends in silence",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Latch("alice"),
            Latch("bob"),
            Move("alice", "127.3.20.9:5000"),
            CheckInVain("alice"),
            Speak("alice", 1, &[]),
            Speak("bob", 2, &[]),
            Move("alice", "127.1.20.9:5000"),
            Latch("alice"),
            Speak("bob", 2, &["alice"]),
        ],
    }
}

fn consent_ends() -> Scenario {
    Scenario {
        name: "who sends no checks is no longer served",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Join(CAROL),
            Latch("alice"),
            Latch("bob"),
            Latch("carol"),
            Wait(CONSENT.saturating_add(Duration::from_millis(500)), &["bob", "carol"]),
            Speak("alice", 1, &[]),
            Speak("bob", 2, &["carol"]),
            Latch("alice"),
            Speak("bob", 2, &["alice", "carol"]),
        ],
    }
}

fn a_reload_cuts_off() -> Scenario {
    let american = guest("ann", "127.2.20.1:5000");
    Scenario {
        name: "a reload cuts off what it forbids and nothing else",
        steps: vec![
            Join(Guest { fence: Some("not-china"), ..american }),
            Join(ALICE),
            Join(BOB),
            Latch("ann"),
            Latch("alice"),
            Latch("bob"),
            Speak("alice", 1, &["ann", "bob"]),
            Reload(without_america),
            Speak("alice", 1, &["bob"]),
            Speak("ann", 3, &[]),
            CheckInVain("ann"),
            Reload(small_world),
            Latch("ann"),
            Speak("alice", 1, &["ann", "bob"]),
        ],
    }
}

fn leaving_and_coming_back() -> Scenario {
    Scenario {
        name: "who leaves and comes back still owns its SSRC",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Latch("alice"),
            Latch("bob"),
            Speak("alice", 1, &["bob"]),
            Leave("alice"),
            CheckInVain("alice"),
            Speak("bob", 1, &[]),
            Join(Guest { from: "127.1.20.11:5000", ..ALICE }),
            Latch("alice"),
            Speak("bob", 1, &[]),
            Speak("alice", 1, &["bob"]),
        ],
    }
}

fn handshakes_are_for_two() -> Scenario {
    Scenario {
        name: "handshakes pass in rooms of two only",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Handshake("alice", &[]),
            Latch("alice"),
            Latch("bob"),
            Handshake("alice", &["bob"]),
            Handshake("bob", &["alice"]),
            Join(CAROL),
            Latch("carol"),
            Handshake("alice", &[]),
        ],
    }
}

fn refused_requests() -> Scenario {
    Scenario {
        name: "a request that is refused says why",
        steps: vec![
            Join(ALICE),
            JoinRefused(ALICE, "participant_exists"),
            JoinRefused(Guest { fence: Some("not-china"), ..BOB }, "room_has_other_fence"),
            JoinRefused(Guest { fence: Some("no-such"), ..BOB }, "fence_not_of_tenant"),
            Join(BOB),
        ],
    }
}

fn strangers_get_nothing() -> Scenario {
    Scenario {
        name: "strangers neither speak nor hear nor move anyone",
        steps: vec![
            Join(ALICE),
            Join(BOB),
            Latch("alice"),
            Latch("bob"),
            Speak("alice", 1, &["bob"]),
            Attack("127.1.30.1:6000", "alice", 1),
            Attack("127.3.30.1:6000", "alice", 1),
            Attack("127.1.20.1:6000", "bob", 1),
            Speak("alice", 1, &["bob"]),
            Speak("bob", 2, &["alice"]),
        ],
    }
}

fn without_america() -> PolicyDraft {
    let mut draft = small_world();
    draft.fences[1].clients.value = vec![name("europe")];
    draft
}
