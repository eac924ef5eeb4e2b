//! A relay that its policy puts elsewhere than it stands carries nothing more.

use crate::lab::{Lab, drain, rtp};

#[test]
fn under_another_sites_name_everything_is_cut() {
    let lab = Lab::start();
    let alice = lab.latched("r", "alice", "127.1.5.1");
    let mut bob = lab.latched("r", "bob", "127.1.5.2");
    lab.edit("site = \"fra1\"", "site = \"pek1\"");

    let reloaded = lab.reload().expect("it opens nothing");

    assert_eq!(reloaded["cuts"]["participants_total"], 2);
    assert_eq!(reloaded["cuts"]["participants"][0]["rule"], "own_address_outside_site");
    drain(&mut bob);
    alice.send(&rtp(1, 1));
    assert_eq!(bob.receive(), None);
    let ready = lab.call(hyper::Method::GET, "/ready", None).expect_err("not in standing");
    assert_eq!(ready.code, "not_ready");
}
