//! Each way to break the file, one at a time: exactly one error, under the right bytes.

use ringfence::config;

use crate::folder::{Folder, REFERENCE, changed, codes};

/// What to change in the reference, into what, the error's code, and the text under its caret.
const BREAKAGES: &[(&str, &str, &str, &str)] = &[
    // Shape.
    ("workers = 2", "wrokers = 2", "unknown_key", "wrokers"),
    ("[selection]", "[selektion]", "unknown_key", "selektion"),
    ("workers = 2", "workers = \"2\"", "wrong_type", "\"2\""),
    (
        "media = [\"127.1.0.1:3478\"]",
        "media = \"127.1.0.1:3478\"",
        "wrong_type",
        "\"127.1.0.1:3478\"",
    ),
    ("near = [\"united-states\"]", "near = [7]", "wrong_type", "7"),
    ("[turn]", "[log]\nformat = \"xml\"\n[turn]", "unknown_value", "\"xml\""),
    ("site = \"fra1\"", "", "missing_key", "[node]"),
    ("region = \"china\"", "", "missing_key", "pek1"),
    ("home = \"europe\" ", "", "missing_key", "acme"),
    (
        "name = \"Nobody outside China is carried through China\"",
        "",
        "missing_key",
        "[[invariants]]",
    ),
    ("never_transit = [\"china\"]", "never_transit = []", "missing_key", "[[invariants]]"),
    ("[regions.china]\ncidrs = [\"127.3.0.0/16\"]", "[regions]\nchina = 5", "wrong_type", "5"),
    // Addresses.
    (
        "[\"127.1.0.1:3478\"]          #",
        "[\"0.0.0.0:3478\"] #",
        "wildcard_address",
        "\"0.0.0.0:3478\"",
    ),
    ("[\"127.1.0.1:3478\"]          #", "[\"[::]:3478\"] #", "wildcard_address", "\"[::]:3478\""),
    ("[\"127.1.0.1:3478\"]          #", "[\"127.1.0.1:0\"] #", "bad_port", "\"127.1.0.1:0\""),
    ("[\"127.1.0.1:3478\"]          #", "[\"127.1.0.1\"] #", "bad_address", "\"127.1.0.1\""),
    (
        "[\"127.1.0.1:3478\"]          #",
        "[\"224.0.0.1:3478\"] #",
        "bad_address",
        "\"224.0.0.1:3478\"",
    ),
    (
        "[\"127.1.0.1:3478\"]          #",
        "[\"[::ffff:127.1.0.1]:3478\"] #",
        "bad_address",
        "\"[::ffff:127.1.0.1]:3478\"",
    ),
    ("[\"127.1.0.1:3478\"]          #", "[] #", "missing_key", "[]"),
    (
        "turn_tcp = [\"127.1.0.1:3478\"]",
        "turn_tcp = [\"127.1.0.1:9\", \"127.1.0.1:09\"]",
        "duplicate_address",
        "\"127.1.0.1:09\"",
    ),
    (
        "http = \"127.0.0.1:8478\"",
        "http = \"127.1.0.1:3478\"",
        "duplicate_address",
        "\"127.1.0.1:3478\"",
    ),
    ("\"49152-65535\"", "\"50000-49999\"", "bad_port_range", "\"50000-49999\""),
    ("\"49152-65535\"", "\"80-65535\"", "bad_port_range", "\"80-65535\""),
    ("\"49152-65535\"", "\"3000-4000\"", "ports_overlap", "\"127.1.0.1:3478\""),
    ("\"49152-65535\"", "\"50000-50002\"", "too_few_ports", "\"50000-50002\""),
    (
        "turn_tcp = [\"127.1.0.1:3478\"]",
        "turn_tcp = [\"224.0.0.1:3478\"]",
        "bad_address",
        "\"224.0.0.1:3478\"",
    ),
    ("[\"127.1.0.1\"]", "[\"0.0.0.0\"]", "wildcard_address", "\"0.0.0.0\""),
    ("[\"127.1.0.1\"]", "[\"239.1.2.3\"]", "bad_address", "\"239.1.2.3\""),
    ("[turn]", "[turn]\nalternate_servers = [\"127.1.0.9\"]", "bad_address", "\"127.1.0.9\""),
    (
        "[turn]",
        "[turn]\nalternate_servers = [\"127.1.0.1:3478\"]",
        "redirect_loop",
        "\"127.1.0.1:3478\"",
    ),
    // Prefixes.
    ("\"127.2.0.0/16\"", "\"127.2.0.0/33\"", "bad_prefix", "\"127.2.0.0/33\""),
    ("\"127.2.0.0/16\"", "\"127.2.0.1\"", "bad_prefix", "\"127.2.0.1\""),
    ("\"127.2.0.0/16\"", "\"127.2.0.1/16\"", "host_bits", "\"127.2.0.1/16\""),
    ("\"127.3.0.0/16\"", "\"127.2.0.0/16\"", "duplicate_prefix", "\"127.2.0.0/16\""),
    ("\"127.3.0.0/24\"", "\"127.3.0.0/240\"", "bad_prefix", "\"127.3.0.0/240\""),
    (
        "[selection]",
        "[nat64]\nprefixes = [\"10.0.0.0/8\"]\n[selection]",
        "bad_prefix",
        "\"10.0.0.0/8\"",
    ),
    // Names.
    ("site = \"fra1\"", "site = \"fra2\"", "unknown_site", "\"fra2\""),
    ("region = \"china\"", "region = \"chnia\"", "unknown_region", "\"chnia\""),
    ("within = \"europe\"", "within = \"eurasia\"", "unknown_region", "\"eurasia\""),
    ("within = \"europe\"", "within = \"germany\"", "within_cycle", "\"germany\""),
    (
        "[\"eu-only\", \"not-china\"]",
        "[\"eu-olny\", \"not-china\"]",
        "unknown_fence",
        "\"eu-olny\"",
    ),
    ("never_transit = [\"china\"]", "never_transit = [\"any\"]", "unknown_region", "\"any\""),
    ("home = \"europe\" ", "home = \"united-states\" ", "home_not_in_transit", "\"united-states\""),
    // The audit trail.
    ("[selection]", "[audit]\npath = \"\"\n[selection]", "bad_audit_path", "\"\""),
    ("[selection]", "[audit]\npath = \"..\"\n[selection]", "bad_audit_path", "\"..\""),
    (
        "[selection]",
        "[audit]\nsigning_key = \"file:gone.key\"\n[selection]",
        "bad_signing_key",
        "\"file:gone.key\"",
    ),
    (
        "[selection]",
        "[audit]\nsigning_key = \"file:acme.secret\"\n[selection]",
        "bad_signing_key",
        "\"file:acme.secret\"",
    ),
    // Numbers and words.
    ("workers = 2", "workers = 257", "out_of_range", "257"),
    ("workers = 2", "workers = -1", "out_of_range", "-1"),
    ("primaries = 2", "primaries = 0", "out_of_range", "0"),
    ("max_rooms = 1000", "max_rooms = 0", "out_of_range", "0"),
    ("[turn]", "[limits]\nconsent_timeout_ms = 30001\n[turn]", "out_of_range", "30001"),
    ("[turn]", "[limits]\nroom_participants_max = 1\n[turn]", "out_of_range", "1"),
    ("\"example.org\"", "\"\"", "bad_realm", "\"\""),
    ("\"example.org\"", "\"turn.media.example.org\"", "bad_realm", "\"turn.media.example.org\""),
    ("[turn]", "[limits]\nallocation_lifetime_s_max = 599\n[turn]", "out_of_range", "599"),
    ("[turn]", "[limits]\npermissions_per_allocation_max = 4097\n[turn]", "out_of_range", "4097"),
    ("[turn]", "[limits]\nchannels_per_allocation_max = 0\n[turn]", "out_of_range", "0"),
    ("[turn]", "[limits]\nstreams_per_source_max = 0\n[turn]", "out_of_range", "0"),
    ("[turn]", "[tuning]\ncoalesce_us = 1001\n[turn]", "out_of_range", "1001"),
    ("[turn]", "[tuning]\nbusy_poll_us = -1\n[turn]", "out_of_range", "-1"),
    ("[turn]", "[tuning]\nkernel_busy_poll_us = 1001\n[turn]", "out_of_range", "1001"),
    (
        "max_allocations = 10000",
        "max_allocations = 5\nmax_allocations_per_party = 6",
        "out_of_range",
        "6",
    ),
    ("\"ringfence.sock\"", "\"\"", "bad_socket", "\"\""),
    // Secrets.
    ("token = \"file:control.token\"", "", "http_without_token", "\"127.0.0.1:8478\""),
    (
        "\"file:control.token\"",
        "\"correct-horse-battery\"",
        "secret_literal",
        "\"correct-horse-battery\"",
    ),
    ("\"file:acme.secret\"", "\"env:ACME\"", "secret_literal", "\"env:ACME\""),
];

#[test]
fn each_breakage_gives_its_one_error_at_its_place() {
    let folder = Folder::new();
    for (from, to, code, under_caret) in BREAKAGES {
        let text = changed(from, to);
        let failure = folder.parse(&text).err().unwrap_or_else(|| panic!("`{to}` was taken"));
        assert_eq!(codes(&failure), [*code], "`{to}` gave:\n{failure}");
        let origin = failure.diagnostics[0].origin.expect("a place");
        let marked = &text[origin.start as usize..origin.end as usize];
        assert_eq!(marked, *under_caret, "`{to}` gave:\n{failure}");
        let before = &text[..origin.start as usize];
        assert_eq!(origin.line as usize, before.matches('\n').count() + 1, "`{to}`");
    }
}

#[test]
fn a_list_longer_than_its_bound_is_refused() {
    let many: Vec<String> = (1..=9).map(|port| format!("\"127.1.0.1:{port}\"")).collect();
    let text = changed("[\"127.1.0.1:3478\"]          #", &format!("[{}] #", many.join(",")));
    let failure = Folder::new().parse(&text).expect_err("nine media addresses");
    assert_eq!(codes(&failure), ["list_too_long"]);
}

#[test]
fn a_list_longer_than_any_may_be_is_refused() {
    let text = changed("near = [\"united-states\"]", &format!("near = [{}]", "1,".repeat(100_001)));
    let failure = Folder::new().parse(&text).expect_err("100,001 entries");
    assert!(codes(&failure).contains(&"list_too_long"));
}

#[test]
fn a_file_without_its_sections_is_refused_for_each() {
    let failure = Folder::new().parse("# nothing yet\n").expect_err("no sections");
    assert_eq!(codes(&failure), ["missing_key"; 6]);
}

#[test]
fn an_empty_file_is_refused() {
    for text in ["", "\n \n"] {
        let failure = Folder::new().parse(text).expect_err("empty");
        assert_eq!(codes(&failure), ["empty_file"]);
        assert!(failure.render(false).contains("ringfence.toml"));
    }
}

#[test]
fn a_file_that_is_not_there_is_refused_by_name() {
    let folder = Folder::new();
    let failure = config::load(&folder.path().join("absent.toml"), []).expect_err("no file");
    assert_eq!(codes(&failure), ["unreadable_file"]);
    assert!(failure.render(false).contains("absent.toml"));
}

#[test]
fn a_file_that_is_not_utf8_or_too_large_is_refused() {
    let folder = Folder::new();
    let path = folder.write("latin1.toml", b"site = \"K\xf6ln\"", 0o600);
    assert_eq!(codes(&config::load(&path, []).expect_err("not UTF-8")), ["not_utf8"]);
    let path = folder.write("large.toml", vec![b' '; (16 << 20) + 1], 0o600);
    assert_eq!(codes(&config::load(&path, []).expect_err("too large")), ["file_too_large"]);
}

#[test]
fn a_file_cut_off_before_its_last_section_is_refused() {
    let folder = Folder::new();
    let needed = REFERENCE.find("secrets = [").expect("the last section that must be there");
    let cuts = (0..needed).filter(|at| REFERENCE.is_char_boundary(*at));
    let taken: Vec<usize> = cuts.filter(|at| folder.parse(&REFERENCE[..*at]).is_ok()).collect();
    let tenant =
        REFERENCE.find("fences = [\"eu-only\", \"not-china\"]").expect("the tenant's fences");
    assert!(taken.iter().all(|at| *at > tenant), "taken when cut at {taken:?}");
}

#[test]
fn nesting_without_end_is_refused() {
    let text = changed("near = [\"united-states\"]", &format!("near = {}", "[".repeat(100_000)));
    assert!(codes(&Folder::new().parse(&text).expect_err("nested")).contains(&"syntax"));
}

#[test]
fn no_more_errors_are_shown_than_are_worth_showing() {
    let bad = "\"x\",".repeat(150);
    let text = changed("cidrs = [\"127.2.0.0/16\"]", &format!("cidrs = [{bad}]"));
    let failure = Folder::new().parse(&text).expect_err("150 bad prefixes");
    let codes = codes(&failure);
    assert_eq!((codes.len(), codes.last()), (101, Some(&"too_many_errors")));
}

#[test]
fn a_large_file_of_nothing_but_errors_is_told_its_first() {
    let failure = Folder::new().parse(&"=\n".repeat(1 << 20)).expect_err("not TOML");
    assert_eq!(codes(&failure), ["syntax"]);
}
