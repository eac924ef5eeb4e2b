//! Whether a policy keeps its promises, for every address and in every state of every site.
//!
//! *Every address*: the address space falls into classes that no fence tells apart; one address of
//! each class is as good as all of them.
//!
//! *Every state*: each site is up, full or down, and has some load. [`Policy::select`] first makes the
//! list of sites that the fence allows, to which states have no access, then takes offers out of those
//! of the list that are up. So whatever the states, only sites of the list are offered. And each of
//! them is: in the state where all others of the list are full, it is the only one left, and one that
//! is left is always offered. The sites offered in some state are therefore exactly those of the list,
//! and to check the list is to check all states. A room's regions and what a question requires only
//! take sites off the list; preference, nearness and load only order it.
//!
//! The list made here is made by the same function. It leaves out one thing, on the safe side: whether
//! this host's own addresses are in its site's ranges.

mod enclaves;
mod example;
mod invariants;
mod subject;
mod violation;

use crate::Policy;
use crate::census::Census;

use subject::Subject;

pub use violation::{Check, Example, Lack, Violation};

/// Violations that one proof tells of. More say nothing that these do not.
const VIOLATIONS_MAX: usize = 1000;

/// What was checked, and held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Proof {
    /// Configured invariants.
    pub invariants: usize,
    /// Fences as tenants and groups may use them; each has been checked against every invariant.
    pub uses: usize,
    /// Stretches of addresses.
    pub atoms: usize,
    /// Classes of addresses that some fence might admit.
    pub classes: usize,
    /// Sites, in each combination of up, full and down.
    pub sites: usize,
}

/// Checks every invariant, and always: every use keeps its tenant's home region in transit; only sites
/// in its transit and of its tenant's enclave are ever offered, so that no tenant is carried in two
/// enclaves; no address belongs to sites of two enclaves; every use admits some client and has some
/// site.
///
/// # Errors
/// Each violation with a counter-example, at most 1000.
pub fn prove(policy: &Policy) -> Result<Proof, Vec<Violation>> {
    let census = Census::of(policy, policy);
    let mut violations: Vec<_> = enclaves::shared_addresses(policy).collect();
    for subject in Subject::all(policy, &census) {
        violations.extend(subject.home_left_out());
        violations.extend(subject.offered_outside());
        violations.extend(subject.admits_nobody());
        violations.extend(subject.broken_invariants());
        if violations.len() >= VIOLATIONS_MAX {
            break;
        }
    }
    violations.truncate(VIOLATIONS_MAX);
    match violations.is_empty() {
        true => Ok(Proof {
            invariants: policy.invariants.len(),
            uses: policy.uses.len(),
            atoms: policy.atoms().count(),
            classes: census.classes().len(),
            sites: policy.sites.len(),
        }),
        false => Err(violations),
    }
}
