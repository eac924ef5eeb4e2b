//! "Did you mean …?": the known name nearest to one that is not known.

/// Longer names are not compared: nobody mistypes a name of this length by a letter or two.
const COMPARED_MAX: usize = 64;

/// The candidate within a third of the name's length in edits, nearest first.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).max(1);
    if name.len() > COMPARED_MAX {
        return None;
    }
    let name = name.to_ascii_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= COMPARED_MAX)
        .map(|candidate| (strsim::osa_distance(&name, candidate), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Help for a name that is not one of the candidates.
pub(crate) fn help<'a>(name: &str, candidates: &[&'a str], what: &str) -> Option<String> {
    let nearest: Option<&'a str> = nearest(name, candidates.iter().copied());
    match nearest {
        Some(nearest) => Some(format!("did you mean `{nearest}`?")),
        None if candidates.is_empty() => None,
        None => Some(format!("{what}: {}", listed(candidates))),
    }
}

/// Names in backticks, at most a dozen.
pub(crate) fn listed(names: &[&str]) -> String {
    const LISTED_MAX: usize = 12;
    let mut text = String::new();
    for name in names.iter().take(LISTED_MAX) {
        let comma = if text.is_empty() { "" } else { ", " };
        text.push_str(&format!("{comma}`{name}`"));
    }
    if names.len() > LISTED_MAX {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let known = ["media", "turn_tcp", "relay_ports"];
        assert_eq!(nearest("meida", known), Some("media"));
        assert_eq!(nearest("MEDIA", known), Some("media"));
        assert_eq!(nearest("colour", known), None);
    }
}
