//! Files that are wrong leave everything as it was, and the next good one mends it.

use std::fs;

use crate::lab::{Lab, rtp};

/// What is done to the configuration, and the code of what is found.
type Break = (&'static str, fn(&Lab), &'static str);

const BREAKS: [Break; 12] = [
    ("the file is missing", |lab| fs::remove_file(lab.path()).unwrap(), "unreadable_file"),
    ("it is empty", |lab| lab.write(""), "empty_file"),
    ("it is truncated", |lab| lab.write(&cut_off(&lab.text())), "syntax"),
    ("a prefix is bad", |lab| lab.edit("127.2.0.0/16", "127.2.0.0/33"), "bad_prefix"),
    ("host bits are set", |lab| lab.edit("127.2.0.0/16", "127.2.0.1/16"), "host_bits"),
    ("a prefix is twice", |lab| lab.edit("127.2.0.0/16", "127.3.0.0/16"), "duplicate_prefix"),
    (
        "a region is unknown",
        |lab| lab.edit("[\"europe\"]\n[tenants", "[\"asia\"]\n[tenants"),
        "unknown_region",
    ),
    ("a site is unknown", |lab| lab.edit("site = \"fra1\"", "site = \"fra9\""), "unknown_site"),
    ("a list is empty", |lab| lab.edit("cidrs = [\"127.2.0.0/16\"]", "cidrs = []"), "empty_region"),
    (
        "regions lie in each other",
        |lab| {
            lab.edit("[regions.germany]", "within = \"germany\"\n[regions.germany]");
        },
        "within_cycle",
    ),
    (
        "the enclave is another",
        |lab| lab.edit("site = \"fra1\"", "site = \"fra1\"\nenclave = \"gov\""),
        "wrong_enclave",
    ),
    (
        "a secret is bad",
        |lab| fs::write(lab.folder().join("acme.secret"), "short").unwrap(),
        "bad_secret",
    ),
];

fn cut_off(text: &str) -> String {
    text[..text.len() / 2].to_owned() + "\ncidrs = [\"127."
}

#[test]
fn a_broken_file_changes_nothing_and_the_next_good_one_does() {
    let lab = Lab::start();
    let alice = lab.latched("r", "alice", "127.1.5.1");
    let mut bob = lab.latched("r", "bob", "127.2.5.1");
    let (before, good) = (lab.state(), lab.text());
    let secret = fs::read(lab.folder().join("acme.secret")).unwrap();
    for ((what, spoil, code), sequence) in BREAKS.into_iter().zip(1..) {
        spoil(&lab);
        let problem = lab.reload().expect_err(what);
        assert_eq!((problem.status, problem.code.as_str()), (422, "bad_config"), "{what}");
        let errors = problem.change.expect(what).errors;
        assert!(errors.iter().any(|error| error["code"] == code), "{what}: {errors:?}");
        assert_eq!(lab.state(), before, "{what}");
        assert!(lab.is_stale(), "{what}");
        alice.send(&rtp(1, sequence));
        assert_eq!(bob.expect_media(), rtp(1, sequence), "{what}");
        lab.write(&good);
        fs::write(lab.folder().join("acme.secret"), &secret).unwrap();
    }
    lab.reload().expect("it is whole again");
    assert!(!lab.is_stale());
}

#[test]
fn what_needs_a_restart_is_named_and_stays_as_it_was() {
    let lab = Lab::start();
    let media = lab.media();
    lab.edit("workers = 2", "workers = 3");
    lab.edit(&media.to_string(), "127.1.0.9:3478");
    lab.edit("realm = \"example.org\"", "realm = \"example.com\"");

    let reloaded = lab.reload().expect("it can be put in force");

    let warnings = reloaded["warnings"].as_array().unwrap();
    let of = |warning: &serde_json::Value| {
        (
            warning["code"].as_str().unwrap().to_owned(),
            warning["message"].as_str().unwrap().to_owned(),
        )
    };
    let named: Vec<_> = warnings.iter().map(of).collect();
    for section in ["`node`", "`listen`", "`turn`"] {
        let is_named = |(code, message): &(String, String)| {
            code == "needs_restart" && message.starts_with(section)
        };
        assert!(named.iter().any(is_named), "{section}: {named:?}");
    }
    let config = lab.relay.control().config();
    assert_eq!((config.listen.media[0], config.turn.realm.as_str()), (media, "example.org"));
    lab.reload().expect("and again");
    assert!(lab.relay.control().policy().is_own_address(media.ip()));
}
