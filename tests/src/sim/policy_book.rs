//! Every policy that was ever in force in a simulation, beside the oracle's reading of it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use ringfence_fence::{Epoch, Policy, PolicyDraft, PolicyError, Role, RoomRegions};

use crate::fence_oracle::Oracle;

/// Policies by epoch.
#[derive(Default)]
pub struct PolicyBook {
    pages: Vec<Page>,
    known: HashMap<(Epoch, SocketAddr), Vec<(String, bool)>>,
}

struct Page {
    draft: PolicyDraft,
    policy: Arc<Policy>,
    oracle: Oracle,
}

impl PolicyBook {
    /// Compiles a draft as the newest policy.
    ///
    /// # Errors
    /// As [`Policy::compile`]; then the book is as it was.
    pub fn add(&mut self, draft: PolicyDraft) -> Result<Arc<Policy>, Vec<PolicyError>> {
        let epoch = Epoch(u32::try_from(self.pages.len()).expect("few policies"));
        let policy = Arc::new(Policy::compile(&draft, epoch)?);
        self.pages.push(Page { oracle: Oracle::new(&draft), policy: Arc::clone(&policy), draft });
        Ok(policy)
    }

    /// The newest policy.
    ///
    /// # Panics
    /// If there is none.
    pub fn newest(&self) -> &Arc<Policy> {
        &self.last().policy
    }

    /// What the newest policy was made from.
    ///
    /// # Panics
    /// If there is none.
    pub fn draft(&self) -> &PolicyDraft {
        &self.last().draft
    }

    /// Whether the oracle lets a participant be there, by the policy of that epoch.
    pub fn admits(&mut self, epoch: Epoch, fence: &str, address: SocketAddr) -> bool {
        let known = self.known.entry((epoch, address)).or_default();
        if let Some((_, answer)) = known.iter().find(|(other, _)| other == fence) {
            return *answer;
        }
        let oracle = &self.pages[epoch.0 as usize].oracle;
        let answer = oracle.admits(Role::Client, fence, address);
        known.push((fence.to_owned(), answer));
        answer
    }

    /// Whether it also does so in a room that leaves this out.
    pub fn admits_in(
        &mut self,
        epoch: Epoch,
        fence: &str,
        regions: &RoomRegions,
        address: SocketAddr,
    ) -> bool {
        let leaves_out = *regions != RoomRegions::default();
        let oracle = &self.pages[epoch.0 as usize].oracle;
        let in_room = !leaves_out || oracle.room_admits(regions, address);
        in_room && self.admits(epoch, fence, address)
    }

    /// Whether the oracle lets a participant be there, by the newest policy.
    pub fn admits_now(&mut self, fence: &str, address: SocketAddr) -> bool {
        let newest = self.newest().epoch();
        self.admits(newest, fence, address)
    }

    /// Whether the policy of that epoch has such a fence.
    pub fn has_fence(&self, epoch: Epoch, fence: &str) -> bool {
        let fences = &self.pages[epoch.0 as usize].draft.fences;
        fences.iter().any(|known| known.name.value == fence)
    }

    fn last(&self) -> &Page {
        self.pages.last().expect("a policy was added")
    }
}
