//! Whatever the bytes, the answer is a configuration or an error, bounded, and tells no secret.

use std::path::Path;

use proptest::prelude::*;
use ringfence::import::{FILE_BYTES_MAX, Outcome, SETTINGS_MAX, Unreadable, import};

fn outcomes(text: &[u8]) -> Vec<Outcome> {
    let imported = import(text, Path::new("/nowhere")).unwrap();
    imported.findings.into_iter().map(|finding| finding.outcome).collect()
}

#[test]
fn a_file_that_is_none_is_refused_as_a_whole() {
    let import = |text: &[u8]| import(text, Path::new("/nowhere")).err();
    assert_eq!(import(&vec![b'a'; FILE_BYTES_MAX + 1]), Some(Unreadable::TooLarge));
    assert_eq!(import(&b"a\n".repeat(SETTINGS_MAX + 1)), Some(Unreadable::TooManySettings));
    assert_eq!(import(&b"\x00\n".repeat(SETTINGS_MAX + 1)), Some(Unreadable::TooManySettings));
    assert_eq!(import(&b"a\n".repeat(SETTINGS_MAX)), None);
    for nothing in ["", "\n\n", "# realm=x\n  # realm=y"] {
        assert_eq!(import(nothing.as_bytes()), Some(Unreadable::Empty));
    }
}

#[test]
fn lines_that_are_none_are_refused_one_by_one() {
    let long = format!("realm={}", "x".repeat(1_100));
    for line in
        [&b"\x7fELF\x02\x01"[..], b"realm=\xff\xfe", b"realm=a\x1b[31m", b"=x", long.as_bytes()]
    {
        let text = [line, b"\nfingerprint"].concat();
        let words: Vec<_> = outcomes(&text).iter().map(Outcome::word).collect();
        assert_eq!(words, ["refused", "ignored"], "{:?}", line.escape_ascii().to_string());
    }
}

#[test]
fn an_unknown_option_of_any_length_is_told_in_few_words() {
    let name = "x".repeat(900);
    let imported = import(name.as_bytes(), Path::new("/nowhere")).unwrap();
    assert_eq!(imported.findings[0].option, "");
}

/// Pieces that take a random text further in than random letters would.
const PIECES: [&str; 20] = [
    "listening-ip",
    "relay-ip",
    "min-port",
    "user",
    "static-auth-secret",
    "realm",
    "cert",
    "no-tls",
    "denied-peer-ip",
    "allowed-peer-ip",
    "alternate-server",
    "total-quota",
    "=",
    " ",
    "\n",
    "\"",
    "192.0.2.1",
    "::-::1",
    "\"\"\"",
    "'''\\",
];

fn text_of_pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![prop::sample::select(&PIECES[..]).prop_map(str::to_owned), "\\PC{0,3}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_are_answered(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = import(&text, Path::new("/nowhere"));
    }

    #[test]
    fn whatever_comes_out_is_toml(text in text_of_pieces()) {
        if let Ok(imported) = import(text.as_bytes(), Path::new("/nowhere")) {
            let read: Result<toml::Table, _> = toml::from_str(&imported.config);
            prop_assert!(read.is_ok(), "{}", imported.config);
        }
    }

    #[test]
    fn no_value_of_a_secret_is_told(
        option in prop::sample::select(&["static-auth-secret", "user", "cli-password", "pkey-pwd",
                                         "psql-userdb", "static-auth-secrte"][..]),
        between in "[ =:\t]{1,2}",
    ) {
        let text = format!("{option}{between}zoe:hunter2-hunter2-hunter2");
        let imported = import(text.as_bytes(), Path::new("/nowhere")).unwrap();
        let told = format!("{:?}{}{:?}", imported.findings, imported.config, imported.notes);
        prop_assert!(!told.contains("hunter2"), "{told}");
    }
}
