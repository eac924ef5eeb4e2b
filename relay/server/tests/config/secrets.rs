//! Secrets: absent keeps shut, bad is refused, and the text is never shown.

use std::fs;

use crate::folder::{Folder, REFERENCE, SECRET, TOKEN, changed, codes, warning_codes};

#[test]
fn a_secret_that_is_not_there_is_a_warning_that_names_what_stays_shut() {
    let folder = Folder::new();
    fs::remove_file(folder.path().join("control.token")).expect("removed");
    fs::remove_file(folder.path().join("acme.secret")).expect("removed");

    let loaded = folder.reference_with(&[]);

    let absent = warning_codes(&loaded).into_iter().filter(|code| *code == "secret_absent");
    assert_eq!(absent.count(), 2);
    let shown = loaded.render_warnings(false);
    assert!(shown.contains("the TCP API refuses every call that needs the token"), "{shown}");
    assert!(shown.contains("TURN credentials of tenant `acme`"), "{shown}");
    assert!(loaded.config.control.http.is_some() && loaded.config.control.token().is_none());
    assert_eq!(loaded.config.tenants[0].secrets().count(), 0);
}

#[test]
fn a_bad_secret_is_refused_for_its_reason() {
    let cases: [(&[u8], u32, &str); 8] = [
        (b"", 0o600, "is empty"),
        (b"\n", 0o600, "is empty"),
        (b"fifteen-chars-x\n", 0o600, "is shorter than 16"),
        (&[b'x'; 4097], 0o600, "is larger than 4096"),
        (b"\xff\xfe-not-utf-8-at-all", 0o600, "is not UTF-8"),
        (b"two lines of secrets\nare two secrets\n", 0o600, "more than one line"),
        (b"good-enough-to-be-a-secret", 0o602, "can be written by every user"),
        (b"good-enough-to-be-a-secret", 0o666, "can be written by every user"),
    ];
    for (content, mode, reason) in cases {
        let folder = Folder::new();
        folder.write("control.token", content, mode);
        let failure = folder.parse(REFERENCE).expect_err(reason);
        assert_eq!(codes(&failure), ["bad_secret"]);
        assert!(failure.diagnostics[0].message.contains(reason), "{failure}");
    }
}

#[test]
fn a_folder_in_place_of_a_secret_is_refused() {
    let folder = Folder::new();
    let failure = folder.parse(&changed("file:control.token", "file:.")).expect_err("a folder");
    assert_eq!(codes(&failure), ["bad_secret"]);
}

#[test]
fn a_secret_that_every_user_can_read_is_warned_of() {
    let folder = Folder::new();
    folder.write("control.token", TOKEN, 0o644);
    let loaded = folder.reference_with(&[]);
    assert!(warning_codes(&loaded).contains(&"secret_exposed"));
    assert!(loaded.config.control.token().is_some());
}

#[test]
fn one_line_break_at_the_end_is_not_part_of_the_secret() {
    for ending in ["\n", "\r\n"] {
        let folder = Folder::new();
        folder.write("control.token", format!("{TOKEN}{ending}"), 0o600);
        let loaded = folder.reference_with(&[]);
        assert_eq!(loaded.config.control.token().expect("a token").expose(), TOKEN);
    }
}

#[test]
fn a_credential_is_read_from_systemds_folder() {
    let folder = Folder::new();
    let text = changed("file:control.token", "credential:control.token");
    let directory = folder.path().to_str().expect("UTF-8").to_owned();
    let loaded = folder.parse_with(&text, &[("CREDENTIALS_DIRECTORY", &directory)]);
    let loaded = loaded.expect("taken");
    assert_eq!(loaded.config.control.token().expect("a token").expose(), TOKEN);

    let outside = folder.parse(&text).expect("taken, with a warning");
    assert!(warning_codes(&outside).contains(&"secret_absent"));
}

#[test]
fn no_secret_is_ever_in_a_debug_print() {
    let loaded = Folder::new().reference_with(&[]);
    let shown = format!("{loaded:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains(SECRET));
}

/// Ways to put a secret into the file itself, well formed and not.
const SPILLS: [&str; 8] = [
    "token = \"hunter2-hunter2-hunter2\"",
    "token = hunter2-hunter2-hunter2",
    "token = \"hunter2-hunter2-hunter2",
    "token = [\"hunter2-hunter2-hunter2\"]",
    "token = { value = \"hunter2-hunter2-hunter2\" }",
    "\"to\\u006ben\" = \"hunter2-hunter2-hunter2\"",
    "tokn = 1\ntoken = '''\nhunter2-hunter2-hunter2'''",
    "passwords = \"hunter2-hunter2-hunter2\"",
];

#[test]
fn a_secret_written_into_the_file_is_refused_and_not_shown() {
    let folder = Folder::new();
    for spill in SPILLS {
        let text = changed("token = \"file:control.token\"", spill);
        let failure = folder.parse(&text).expect_err(spill);
        let shown = format!("{}{}{failure:?}", failure.render(false), failure.to_json());
        assert!(!shown.contains("hunter2"), "{spill} gave:\n{}", failure.render(false));
    }
}
