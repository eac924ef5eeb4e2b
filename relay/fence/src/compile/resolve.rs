//! Names where they are used: what they stand for, or what was perhaps meant.

use crate::names::Named;
use crate::{Located, PolicyError};

/// Errors after which no more suggestions are made: each costs a pass over all names.
const SUGGEST_BELOW: usize = 100;

/// Names longer than this get no suggestion: the distance costs the square of the length.
const SUGGEST_BYTES_MAX: usize = 64;

/// The place of `name` in `known`; reports `code` if it has none.
pub(super) fn resolve<T>(
    code: &'static str,
    kind: &str,
    name: &Located<String>,
    known: &Named<T>,
    errors: &mut Vec<PolicyError>,
) -> Option<usize> {
    let place = known.place(&name.value);
    if place.is_none() {
        let message = format!("there is no {kind} `{}`", name.value.escape_default());
        let suggest = errors.len() < SUGGEST_BELOW;
        let nearest = suggest.then(|| nearest(&name.value, known.iter().map(|(name, _)| name)));
        let help = nearest.flatten().map(|nearest| format!("did you mean `{nearest}`?"));
        errors.push(PolicyError::new(code, name.origin, message).help(help));
    }
    place
}

/// The name that differs from `wanted` by the fewest letters, if it is at most a third of them.
fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.len() > SUGGEST_BYTES_MAX {
        return None;
    }
    let far = wanted.len() / 3 + 1;
    names
        .filter(|name| name.len().abs_diff(wanted.len()) <= far && name.len() <= SUGGEST_BYTES_MAX)
        .map(|name| (distance(wanted.as_bytes(), name.as_bytes()), name))
        .filter(|&(distance, _)| distance <= far)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Levenshtein's distance, one row of the matrix at a time.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_nearest_name_or_none() {
        let names = ["europe", "eu-west", "china"];
        assert_eq!(nearest("eurpoe", names.into_iter()), Some("europe"));
        assert_eq!(nearest("eu-wst", names.into_iter()), Some("eu-west"));
        assert_eq!(nearest("brazil", names.into_iter()), None);
    }

    #[test]
    fn counts_insertions_deletions_and_substitutions() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b"abc"), 0);
    }
}
