//! The words of errors, as committed.

use crate::folder::{Folder, REFERENCE, codes};

#[test]
fn many_mistakes_are_all_shown_at_once_with_line_and_caret() {
    let folder = Folder::new();
    let failure = folder.parse(include_str!("mistakes.toml")).expect_err("mistakes");
    assert_eq!(failure.render(false), include_str!("mistakes.txt"));
}

#[test]
fn many_syntax_errors_are_all_shown_at_once() {
    let failure = Folder::new().parse(include_str!("syntax.toml")).expect_err("not TOML");
    assert_eq!(failure.render(false), include_str!("syntax.txt"));
}

#[test]
fn colour_comes_only_when_asked_for() {
    let failure = Folder::new().parse(include_str!("mistakes.toml")).expect_err("mistakes");
    assert!(!failure.render(false).contains('\u{1b}'));
    assert!(failure.render(true).contains('\u{1b}'));
}

#[test]
fn json_gives_file_line_and_column() {
    let text = REFERENCE.replace("workers = 2", "wrokers = 2");
    let failure = Folder::new().parse(&text).expect_err("an unknown key");
    let expected = serde_json::json!([{
        "severity": "error",
        "code": "unknown_key",
        "message": "there is no key `node.wrokers`",
        "file": "ringfence.toml",
        "line": 6,
        "column": 1,
        "help": "did you mean `workers`?",
    }]);
    assert_eq!(failure.to_json(), expected);
}

#[test]
fn control_characters_of_the_file_do_not_reach_the_terminal() {
    let text = REFERENCE.replace("fra1\" ", "\\u001b[31mfra1\" ");
    let failure = Folder::new().parse(&text).expect_err("an unknown site");
    assert_eq!(codes(&failure), ["unknown_site"]);
    assert!(!failure.render(false).contains('\u{1b}'));
}
