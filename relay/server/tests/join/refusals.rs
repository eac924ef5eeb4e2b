//! Who is not let in, and what it is told.

use crate::lab::{Application, Lab};

#[test]
fn a_forbidden_address_is_told_why_and_never_let_in() {
    let lab = Lab::new();
    let application = Application::new();
    let dana = lab.join("dana", "127.3.0.14", &application, &[]);
    let warning = dana.wait_for("warning");
    let text = warning["text"].as_str().unwrap_or_default();
    assert!(text.contains("127.3.0.14") && text.contains("china"), "{text}");
    let left = dana.wait_for("left");
    assert_eq!(left["latches"], 0);
    assert_eq!(dana.ended(), Some(1));
    assert!(lab.participants().is_empty());
}

#[test]
fn a_name_that_is_taken_is_refused_unless_it_is_to_be_replaced() {
    let lab = Lab::new();
    let (first, second) = (Application::new(), Application::new());
    let alice = lab.join("alice", "127.1.0.11", &first, &[]);
    alice.wait_for("latched");
    assert_eq!(lab.join("alice", "127.1.0.12", &second, &[]).ended(), Some(1));
    assert_eq!(lab.participants(), ["alice"]);
    let heir = lab.join("alice", "127.1.0.12", &second, &["--replace"]);
    heir.wait_for("latched");
    let (code, _) = alice.terminate();
    assert_eq!(code, Some(0));
    assert_eq!(lab.participants(), ["alice"], "the place was the heir's to give back");
}
