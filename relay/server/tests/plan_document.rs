//! The document of a plan: what it names, that its digest stands for all of it, what people read.

use std::collections::BTreeSet;
use std::path::Path;

use ringfence::config;
use ringfence::plan_document::{PlanDocument, fingerprint};
use ringfence_fence::Policy;

const OLD: &str = r#"
[node]
site = "fra1"
[listen]
media = ["127.1.0.1:3478"]
[regions.europe]
cidrs = ["127.1.0.0/16"]
[regions.china]
cidrs = ["127.3.0.0/16"]
[sites.fra1]
region = "europe"
addresses = ["127.1.0.0/24"]
[sites.pek1]
region = "china"
addresses = ["127.3.0.0/24"]
[sites.gov1]
region = "china"
enclave = "gov"
addresses = ["127.3.1.0/24"]
[fences.eu-only]
clients = ["europe"]
peers = ["europe"]
transit = ["europe"]
[tenants.acme]
home = "europe"
fences = ["eu-only"]
[tenants.globex]
home = "europe"
fences = ["eu-only"]
[tenants.ministry]
enclave = "gov"
home = "europe"
fences = ["eu-only"]
"#;

fn policy(text: &str) -> Policy {
    let loaded = config::parse("ringfence.toml", text, Path::new("/nonexistent"), []);
    Policy::clone(&loaded.unwrap_or_else(|failure| panic!("{failure}")).policy)
}

/// The document of a change of one line.
fn changed(from: &str, to: &str) -> PlanDocument {
    assert!(OLD.contains(from), "{from}");
    PlanDocument::of(&policy(OLD), &policy(&OLD.replacen(from, to, 1)))
}

fn wider_transit() -> PlanDocument {
    changed("transit = [\"europe\"]", "transit = [\"europe\", \"china\"]")
}

#[test]
fn tenants_for_whom_the_same_changes_are_named_together() {
    let document = wider_transit();
    assert!(document.widens && !document.narrows);
    let [common, gov] = document.changes.as_slice() else { panic!("{document:#?}") };
    let tenants: Vec<_> = common.uses.iter().map(|name| name.tenant.as_str()).collect();
    assert_eq!(tenants, ["acme", "globex"]);
    assert_eq!(
        (common.sites.gained[0].site.as_str(), gov.sites.gained[0].site.as_str()),
        ("pek1", "gov1")
    );
    assert_eq!(common.sites.gained[0].region, "china");
    assert_eq!(document.verdict(), "widens: 3 tenants, 1 fence, 2 sites");
}

#[test]
fn people_read_what_is_gained_and_lost() {
    let document = changed("clients = [\"europe\"]", "clients = [\"china\"]");
    let text = document.in_words(false);
    for line in
        ["widens: 3 tenants, 1 fence\n", "  + clients 127.3.0.0/16\n", "  - clients 127.1.0.0/16\n"]
    {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!text.contains('\x1b') && document.in_words(true).contains("\x1b[32m+ clients"));
}

#[test]
fn long_lists_are_cut_for_people_and_whole_for_programs() {
    let many: Vec<_> = (0..30).map(|block| format!("\"10.{}.0.0/16\"", 2 * block)).collect();
    let document = changed(
        "cidrs = [\"127.1.0.0/16\"]",
        &format!("cidrs = [\"127.1.0.0/16\", {}]", many.join(", ")),
    );
    assert_eq!(document.changes[0].clients.gained.prefixes.cidrs.len(), 30);
    let text = document.in_words(false);
    assert!(text.contains("+ clients: 20 more; --json shows all"), "{text}");
}

#[test]
fn the_digest_is_that_of_this_change_and_no_other() {
    let changes = [
        ("transit = [\"europe\"]", "transit = [\"europe\", \"china\"]"),
        ("clients = [\"europe\"]", "clients = [\"europe\", \"china\"]"),
        ("media = [\"127.1.0.1:3478\"]", "media = [\"127.1.0.1:3479\"]"),
        ("[listen]", "[selection]\nspare_sites = [\"pek1\"]\n[listen]"),
        ("cidrs = [\"127.1.0.0/16\"]", "cidrs = [\"127.1.0.0/17\"]"),
    ];
    let digests: BTreeSet<_> = changes.map(|(from, to)| changed(from, to).digest()).into();
    assert_eq!(digests.len(), changes.len());
    assert_eq!(wider_transit().digest(), wider_transit().digest());
}

#[test]
fn a_document_reads_back_to_itself() {
    let document = wider_transit();
    let text = serde_json::to_string(&document).unwrap();
    let read: PlanDocument = serde_json::from_str(&text).unwrap();
    assert_eq!((read.digest(), &read), (document.digest(), &document));
}

#[test]
fn how_a_policy_is_written_is_not_in_its_fingerprint() {
    let spaced = OLD.replace(" = ", "   =   ");
    assert_eq!(fingerprint(&policy(OLD)), fingerprint(&policy(&spaced)));
    assert!(PlanDocument::of(&policy(OLD), &policy(&spaced)).verdict().contains("say the same"));
    let other = OLD.replace("127.3.0.0/16", "127.4.0.0/16").replace("127.3.", "127.4.");
    assert_ne!(fingerprint(&policy(OLD)), fingerprint(&policy(&other)));
}

#[test]
fn one_enclave_sees_nothing_of_another() {
    let old = policy(OLD);
    let text = OLD
        .replacen("transit = [\"europe\"]", "transit = [\"europe\", \"china\"]", 1)
        .replace("127.3.1.0/24", "127.3.2.0/24");
    let new = policy(&text);
    let whole = PlanDocument::of(&old, &new);
    let seen = whole.within_own_enclave(&old, &new);
    let shown = serde_json::to_string(&seen).unwrap();
    for hidden in ["gov1", "ministry"] {
        assert!(serde_json::to_string(&whole).unwrap().contains(hidden));
        assert!(!shown.contains(hidden), "{hidden} is in {shown}");
    }
    assert_eq!((seen.changes.len(), seen.elsewhere), (1, 1));
}
