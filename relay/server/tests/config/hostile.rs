//! Whatever the bytes, the answer is a configuration or an error, never a crash.

use proptest::prelude::*;

use crate::folder::{Folder, REFERENCE};

/// Pieces that take a random text further in than random letters would.
const PIECES: [&str; 22] = [
    "[node]\n",
    "[listen]\n",
    "[[invariants]]\n",
    "[regions.a]\n",
    "site = ",
    "media = ",
    "cidrs = ",
    "within = ",
    "token = ",
    "\"a\"",
    "\"::/0\"",
    "[\"\"]",
    "[",
    "]",
    "{",
    "}",
    "=",
    "\n",
    "'''",
    "1e9",
    "\u{1f512}",
    "\u{0}",
];

fn text_of_pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), ".{0,3}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Whatever came out, all that an operator can ask of it works.
fn use_up(text: &str, environment: &[(&str, &str)]) {
    match Folder::new().parse_with(text, environment) {
        Ok(loaded) => drop(loaded.render_warnings(true)),
        Err(failure) => {
            assert!(!failure.diagnostics.is_empty(), "refused without a reason");
            drop((failure.render(true), failure.to_json()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        use_up(&text, &[]);
    }

    #[test]
    fn any_mix_of_pieces_is_answered(text in text_of_pieces()) {
        use_up(&text, &[]);
    }

    #[test]
    fn the_reference_with_a_stretch_replaced_is_answered(
        start in 0..REFERENCE.len(), len in 0..60_usize, piece in text_of_pieces(),
    ) {
        let start = REFERENCE.floor_char_boundary(start);
        let end = REFERENCE.ceil_char_boundary((start + len).min(REFERENCE.len()));
        use_up(&[&REFERENCE[..start], &piece, &REFERENCE[end..]].concat(), &[]);
    }

    #[test]
    fn any_override_is_answered(
        name in "(__|[A-Za-z_]|NODE|SITE|TENANTS|ACME|TOKEN){0,6}", value in text_of_pieces(),
    ) {
        use_up(REFERENCE, &[(&format!("RINGFENCE__{name}"), &value)]);
    }
}
