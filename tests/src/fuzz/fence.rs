//! The fence: policies and addresses out of the bytes, each answer held against an oracle that looks at
//! everything the slow way. Some of them go to `plan`, `prove` and `select`.

use ringfence_fence::draft::{FenceDraft, RegionDraft};
use ringfence_fence::{Epoch, Policy, PolicyDraft, PolicyError, Role};

use crate::fence_algebra::case;
use crate::fence_oracle::Oracle;
use crate::sim::addresses;
use crate::sim::dice::Dice;
use crate::sim::drafts;

/// Addresses that one policy is asked about.
const QUESTIONS: usize = 4;

const EPOCH: Epoch = Epoch(3);

/// One policy, or one change of policy.
pub(super) fn run(bytes: &[u8]) {
    let mut dice = Dice::told(bytes);
    match dice.percent(75) {
        true => decisions(&mut dice),
        false => {
            if let Err(why) = case::compare(&mut dice, false) {
                panic!("{why}");
            }
        }
    }
}

fn decisions(dice: &mut Dice) {
    let mut draft = drafts::random(dice);
    for _ in 0..dice.below(3) {
        draft = drafts::edited(&draft, dice);
    }
    spoil(&mut draft, dice);
    match Policy::compile(&draft, EPOCH) {
        Ok(policy) => agrees(&policy, &draft, dice),
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            let said = |error: &PolicyError| !error.code.is_empty() && !error.message.is_empty();
            assert!(errors.iter().all(said), "{errors:?}");
        }
    }
}

fn agrees(policy: &Policy, draft: &PolicyDraft, dice: &mut Dice) {
    let oracle = Oracle::new(draft);
    for _ in 0..QUESTIONS {
        let address = addresses::random(dice);
        for fence in &draft.fences {
            let id = policy.fence_id(&fence.name.value).expect("a fence of the policy");
            for role in [Role::Client, Role::Peer, Role::Transit] {
                let decision = policy.decide(id, role, address, policy.own_site());
                let expected = oracle.admits(role, &fence.name.value, address);
                assert_eq!(decision.is_ok(), expected, "{decision:?} of {address} as {role:?}");
                if let Ok(pass) = decision {
                    assert_eq!(pass.addr(), addresses::folded(address));
                    assert_eq!((pass.role(), pass.epoch()), (role, EPOCH));
                }
            }
        }
    }
}

/// Contradictions that only a person would write, in some of the policies.
fn spoil(draft: &mut PolicyDraft, dice: &mut Dice) {
    match dice.below(16) {
        0 => draft.fences.push(FenceDraft::default()),
        1 => draft.regions.push(RegionDraft::default()),
        2 => draft.tenants.iter_mut().for_each(|tenant| tenant.fences.clear()),
        3 => draft.own_site.value.clear(),
        4 => draft.sites.clear(),
        5 => draft.regions.extend_from_within(..1),
        6 => draft.regions[0].within = Some(draft.regions[0].name.clone()),
        7 => draft.tenants.extend_from_within(..1),
        _ => {}
    }
}
