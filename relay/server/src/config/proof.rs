//! Whether the policy keeps what it promises: proved before anything is bound or put in force.

use ringfence_fence::{Violation, prove};

use super::{Diagnostic, Failure, Loaded};

impl Loaded {
    /// The same, if its policy keeps every promise: for every address, in every state of its sites.
    ///
    /// # Errors
    /// `invariant_violated` for each promise that does not hold, with a case that shows it.
    pub fn proven(self) -> Result<Self, Failure> {
        match prove(&self.policy) {
            Ok(_) => Ok(self),
            Err(violations) => {
                let errors = violations.iter().map(violated).collect();
                Err(Failure::new(errors, self.sources))
            }
        }
    }
}

fn violated(violation: &Violation) -> Diagnostic {
    Diagnostic::error("invariant_violated", violation.origin, violation.to_string())
        .advise("no relay runs with it: mend the fence, the sites or the promise")
}
