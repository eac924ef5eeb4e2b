//! One shard of a world: the real engine, and its mailboxes.

use std::sync::Arc;

use ringfence_core::{Command, Effect, Engine, EngineSetup, ShardId, TurnSetup};
use ringfence_fence::{Epoch, Policy};
use ringfence_wire::channel_data::ChannelNumbers;

use super::world::{Setup, UNIX_START};
use crate::sim::mailbox::Mailbox;

/// Letters one mailbox holds.
const LETTERS_MAX: usize = 200_000;

pub(super) struct Shard {
    pub(super) engine: Engine,
    pub(super) commands: Mailbox<Command>,
    pub(super) effects: Mailbox<Effect>,
    pub(super) epoch: Epoch,
}

impl Shard {
    pub(super) fn new(number: u16, setup: &Setup, policy: &Arc<Policy>, seed: [u8; 32]) -> Self {
        let turn = TurnSetup {
            channel_numbers: ChannelNumbers::Rfc8656,
            realm: setup.realm.as_str().into(),
            accounts: Arc::clone(&setup.accounts),
            families: setup.families.clone(),
            alternates: setup.alternates.clone(),
            nonce_secret: [3; 32].into(),
            unix_start: UNIX_START,
        };
        let engine = Engine::new(EngineSetup {
            shard: ShardId(number),
            limits: setup.limits,
            policy: Arc::clone(policy),
            turn: Some(turn),
            seed,
        });
        Self {
            engine,
            commands: Mailbox::new(LETTERS_MAX),
            effects: Mailbox::new(LETTERS_MAX),
            epoch: policy.epoch(),
        }
    }
}
