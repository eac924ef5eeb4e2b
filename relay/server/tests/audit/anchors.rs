//! Signatures: what they hold, and that openssl makes and checks them too.

use std::fs;
use std::path::Path;
use std::process::Command;

use ringfence::audit::{ChainSettings, Digest, Fault, PublicKey, SigningKey};

use crate::trails::{Folder, key, write};

fn openssl(folder: &Path, script: &str) -> String {
    let run = Command::new("sh").args(["-ec", script]).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn a_signed_trail_holds_by_its_key_and_by_no_other() {
    let folder = Folder::new();
    write(folder.signed(), 5);
    let verdict = folder.verdict_by(Some(key().public()));
    assert_eq!((verdict.whole, verdict.signatures, verdict.signed_seq), (true, 1, 5));
    let other = SigningKey::parse(&[b'8'; 64]).unwrap();
    assert!(!folder.verdict_by(Some(other.public())).whole);
}

#[test]
fn a_trail_without_signatures_does_not_hold_by_a_key() {
    let verdict = Folder::with_lines(5).verdict_by(Some(key().public()));
    assert_eq!(verdict.findings[0].fault, Fault::BadSignature);
}

#[test]
fn a_trail_and_head_made_anew_do_not_hold_by_the_key() {
    let folder = Folder::new();
    write(folder.signed(), 5);
    // All digests fit again, and only the signature is of what was there before.
    let text = fs::read_to_string(folder.live()).unwrap();
    let mut prev = Digest::NONE;
    let mut forged = String::new();
    for line in text.split_inclusive('\n') {
        let at = line.find("prev").unwrap() + 7;
        let line = format!("{}{prev}{}", &line[..at], &line[at + 64..]);
        let line = line.replace("\"participant\":\"2\"", "\"participant\":\"x\"");
        prev = Digest::of(line.as_bytes());
        forged.push_str(&line);
    }
    fs::write(folder.live(), forged).unwrap();
    fs::write(folder.head(), format!("{{\"seq\":6,\"sha256\":\"{prev}\"}}\n")).unwrap();
    assert_eq!(folder.faults(), [Fault::BadSignature], "even without a key to compare with");
}

#[test]
fn a_rotation_signs_the_file_it_closes() {
    let folder = Folder::new();
    write(ChainSettings { rotate_bytes: 2_500, ..folder.signed() }, 40);
    for name in folder.names().iter().filter(|name| name.ends_with(char::is_numeric)) {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.lines().last().unwrap().contains("\"event\":\"anchor\""), "{name}");
    }
    assert!(folder.verdict_by(Some(key().public())).whole);
}

#[test]
fn openssl_makes_the_keys_and_checks_the_signatures() {
    let folder = Folder::new();
    openssl(folder.path(), "openssl genpkey -algorithm ed25519 -out key.pem");
    openssl(folder.path(), "openssl pkey -in key.pem -pubout -out public.pem");
    let key = SigningKey::parse(&fs::read(folder.path().join("key.pem")).unwrap()).unwrap();
    let public = PublicKey::parse(&fs::read(folder.path().join("public.pem")).unwrap()).unwrap();
    assert_eq!(key.public(), public);
    assert_eq!(format!("{key:?}"), "SigningKey");
    let settings = ChainSettings { signing_key: Some(key.into()), ..folder.settings() };
    write(settings, 3);
    let out = openssl(
        folder.path(),
        "line=$(tail -n 1 audit.jsonl)
         printf 'ringfence audit %s %s' $(echo \"$line\" | jq -r '.seq, .prev') > text
         echo \"$line\" | jq -r .signature | tr a-f A-F | basenc --base16 -d > signature
         openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in text -sigfile signature",
    );
    assert!(out.contains("Verified Successfully"), "{out}");
}

#[test]
fn what_is_no_key_says_why_and_shows_nothing() {
    let folder = Folder::new();
    openssl(folder.path(), "openssl genpkey -algorithm x25519 -out key.pem");
    let other = fs::read(folder.path().join("key.pem")).unwrap();
    for bad in [&b""[..], b"correct horse", &[b'7'; 63], &other] {
        let error = SigningKey::parse(bad).unwrap_err().to_string();
        assert!(!error.contains("horse"), "{error}");
        assert!(PublicKey::parse(bad).is_err());
    }
}
