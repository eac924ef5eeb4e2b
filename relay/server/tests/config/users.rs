//! Static TURN users: each has one name in all tenants, a password elsewhere, a fence of its tenant.

use std::fs;

use crate::folder::{Folder, REFERENCE, codes, warning_codes};

const PASSWORD: &str = "the-password-of-zoe-0001";

/// The reference, these lines as users of its tenant, and one more tenant with a user.
fn with_users(users: &str) -> String {
    let other = "[tenants.globex]\nhome = \"europe\"\nfences = [\"not-china\"]\n\
                 [[tenants.globex.users]]\nname = \"gus\"\npassword = \"file:gus.password\"\n";
    format!("{REFERENCE}\n{users}\n{other}")
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("zoe.password", PASSWORD, 0o600);
    folder.write("gus.password", "the-password-of-gus-0001", 0o600);
    folder
}

fn user(lines: &str) -> String {
    with_users(&format!("[[tenants.acme.users]]\n{lines}"))
}

const ZOE: &str = "name = \"zoe\"\npassword = \"file:zoe.password\"";

#[test]
fn a_user_is_taken_with_password_and_fence() {
    let loaded = folder().parse(&user(&format!("{ZOE}\nfence = \"not-china\""))).expect("taken");
    assert_eq!(warning_codes(&loaded), [""; 0]);
    let zoe = &loaded.config.tenants[0].users[0];
    assert_eq!((zoe.name.as_str(), zoe.fence.as_deref()), ("zoe", Some("not-china")));
    assert_eq!(zoe.password.secret.as_ref().expect("a password").expose(), PASSWORD);
    assert_eq!(loaded.config.tenants[1].users[0].fence, None);
    assert!(!format!("{loaded:?}").contains(PASSWORD));
}

#[test]
fn a_user_whose_password_is_not_there_stays_shut_out() {
    let folder = folder();
    fs::remove_file(folder.path().join("zoe.password")).expect("removed");
    let loaded = folder.parse(&user(ZOE)).expect("taken, with a warning");
    assert_eq!(warning_codes(&loaded), ["secret_absent"]);
    assert!(loaded.render_warnings(false).contains("TURN user `zoe` is refused"));
    assert!(loaded.config.tenants[0].users[0].password.secret.is_none());
}

#[test]
fn each_bad_user_gives_its_one_error() {
    let long = format!("name = \"{}\"\npassword = \"file:zoe.password\"", "z".repeat(129));
    let cases = [
        (ZOE.replace("zoe\"", "1:zoe\""), "bad_user_name"),
        (ZOE.replace("zoe\"", "\""), "bad_user_name"),
        (ZOE.replace("\"zoe\"", "\"z\\noe\""), "bad_user_name"),
        (long, "bad_user_name"),
        (ZOE.replace("\"zoe\"", "\"gus\""), "duplicate_name"),
        (format!("{ZOE}\nfence = \"open\""), "fence_not_of_tenant"),
        ("name = \"zoe\"".to_owned(), "missing_key"),
        ("password = \"file:zoe.password\"".to_owned(), "missing_key"),
        (format!("{ZOE}\nrealm = \"x\""), "unknown_key"),
        (ZOE.replace("file:zoe.password", PASSWORD), "secret_literal"),
    ];
    for (lines, code) in cases {
        let failure = folder().parse(&user(&lines)).expect_err(&lines);
        assert_eq!(codes(&failure), [code], "{lines} gave:\n{failure}");
        assert!(!failure.render(false).contains(PASSWORD));
    }
}

#[test]
fn one_name_twice_in_a_tenant_is_refused() {
    let twice = format!("[[tenants.acme.users]]\n{ZOE}\n[[tenants.acme.users]]\n{ZOE}");
    let failure = folder().parse(&with_users(&twice)).expect_err("twice");
    assert_eq!(codes(&failure), ["duplicate_name"]);
}
