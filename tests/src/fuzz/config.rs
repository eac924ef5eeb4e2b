//! Configurations: any text is taken or refused with reasons, each with its place in the text, and
//! never with a secret. What is taken can be shown and read back.

use std::path::Path;

use ringfence::config::{self, Diagnostic, Failure, Loaded, effective};

/// Files that a text names are looked for here, and are not there.
const NOWHERE: &str = "/nonexistent/ringfence";

/// Faults that have no place in the text.
const PLACELESS: [&str; 2] = ["too_many_errors", "host_addresses"];

/// Stands where a secret must not, and is not to be told.
const SECRET: &str = "hunter2-hunter2-hunter2";

/// One text, and the same with a secret at its end.
pub(super) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse(&text) {
        Ok(loaded) => reads_back(&loaded),
        Err(failure) => says_where(&failure, &text),
    }
    // Of some inputs: it takes as long as the rest.
    if text.len().is_multiple_of(4) && !text.contains("hunter2") {
        keeps_the_secret(&text);
    }
}

fn parse(text: &str) -> Result<Loaded, Failure> {
    config::parse("ringfence.toml", text, Path::new(NOWHERE), [])
}

fn reads_back(loaded: &Loaded) {
    loaded.render_warnings(false);
    let shown = effective(&loaded.config);
    let again = parse(&shown).unwrap_or_else(|failure| panic!("{failure}\n{shown}"));
    assert_eq!(effective(&again.config), shown);
}

fn says_where(failure: &Failure, text: &str) {
    assert!(!failure.diagnostics.is_empty(), "refused without a reason");
    failure.diagnostics.iter().for_each(|diagnostic| has_place(diagnostic, failure, text));
    assert!(!failure.render(false).is_empty());
    let json = failure.to_json();
    assert_eq!(json.as_array().map(Vec::len), Some(failure.diagnostics.len()));
}

fn has_place(diagnostic: &Diagnostic, failure: &Failure, text: &str) {
    assert!(!diagnostic.message.is_empty() && !diagnostic.code.is_empty());
    let Some(origin) = diagnostic.origin else {
        assert!(PLACELESS.contains(&diagnostic.code), "{diagnostic:?} has no place");
        return;
    };
    let place = failure.sources.place(origin).expect("a place in the text");
    let line = text.split('\n').nth(place.line as usize - 1).expect("a line of the text");
    // In bytes: of a secret in other letters each byte is shown as a column.
    assert!(place.column <= line.len() + 1, "{place:?} in {line:?}");
    assert_eq!(place.file, "ringfence.toml");
}

fn keeps_the_secret(text: &str) {
    let with_secret = format!("{text}\n[control]\ntoken = \"{SECRET}\"\n");
    if let Err(failure) = parse(&with_secret) {
        let told = failure.render(false) + &failure.to_json().to_string();
        assert!(!told.contains(SECRET), "{told}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_configuration_is_read_back() {
        reads_back(&parse(include_str!("api.toml")).unwrap_or_else(|failure| panic!("{failure}")));
    }

    #[test]
    #[should_panic(expected = "a line of the text")]
    fn it_notices_a_place_that_is_none() {
        let failure = parse("\n\n\n[node").expect_err("not TOML");
        says_where(&failure, "");
    }
}
