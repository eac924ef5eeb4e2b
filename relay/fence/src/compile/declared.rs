//! Names where they are declared: well formed, not reserved, not twice.

use std::collections::HashMap;

use crate::id::HANDLES_MAX;
use crate::names::Named;
use crate::{Located, Origin, PolicyError};

/// Stands for every known region in a fence's list, so nothing may be called so.
pub(super) const ANY: &str = "any";

/// A DNS label (RFC 1035 section 2.3.1), so that names fit into host names and metric labels.
const NAME_BYTES_MAX: usize = 63;

/// The place of each name in the draft, for those who use it.
pub(super) fn places<'a>(names: impl Iterator<Item = &'a Located<String>>) -> Named<()> {
    let mut places = Named::default();
    names.for_each(|name| places.push(&name.value, ()));
    places
}

/// Checks the names of all things of one `kind`, a word for the messages.
pub(super) fn check<'a>(
    kind: &str,
    names: impl Iterator<Item = &'a Located<String>>,
    errors: &mut Vec<PolicyError>,
) {
    let mut first: HashMap<&str, Origin> = HashMap::new();
    for (place, name) in names.enumerate() {
        check_form(kind, name, errors);
        if place == HANDLES_MAX {
            let message = format!("more than {HANDLES_MAX} entries of kind {kind}");
            errors.push(PolicyError::new("too_many", name.origin, message));
        }
        if let Some(&earlier) = first.get(name.value.as_str()) {
            let message = format!("{kind} `{}` is declared twice", name.value);
            let error = PolicyError::new("duplicate_name", name.origin, message);
            errors.push(error.related(earlier, "first declared here"));
        }
        first.entry(&name.value).or_insert(name.origin);
    }
}

/// Checks one name for its form only.
pub(super) fn check_form(kind: &str, name: &Located<String>, errors: &mut Vec<PolicyError>) {
    if name.value == ANY {
        let message = format!("`{ANY}` is reserved and cannot name a {kind}");
        errors.push(PolicyError::new("reserved_name", name.origin, message));
    } else if !well_formed(&name.value) {
        let message = format!("`{}` cannot name a {kind}", name.value.escape_default());
        let help =
            format!("use a to z, 0 to 9 and hyphens, at most {NAME_BYTES_MAX}, not a hyphen first");
        errors.push(PolicyError::new("bad_name", name.origin, message).help(help));
    }
}

fn well_formed(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= NAME_BYTES_MAX
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|byte| plain(byte) || byte == b'-')
}
