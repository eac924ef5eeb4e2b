//! The twelve broken policies, one after the other on a relay that carries a call.

use ringfence_tests::broken_policies::{BROKEN_POLICIES, FoundBy, write_good};

use crate::lab::{Lab, rtp};

#[test]
fn none_of_the_twelve_changes_anything_and_the_good_one_mends_it() {
    let lab = Lab::start_from(|folder, media| write_good(folder, media).unwrap());
    let alice = lab.latched("r", "alice", "127.1.5.1");
    let mut bob = lab.latched("r", "bob", "127.1.5.2");
    let before = lab.state();
    for (broken, sequence) in BROKEN_POLICIES.iter().zip(1..) {
        broken.write(&lab.folder(), &lab.media().to_string()).unwrap();
        let problem = lab.reload().expect_err(broken.name);
        let expected = match broken.found_by {
            FoundBy::Reading => (422, "bad_config"),
            FoundBy::Proof => (409, "invariant_violated"),
        };
        assert_eq!((problem.status, problem.code.as_str()), expected, "{}", broken.name);
        assert_eq!(lab.state(), before, "{}", broken.name);
        assert!(lab.is_stale(), "{}", broken.name);
        alice.send(&rtp(1, sequence));
        assert_eq!(bob.expect_media(), rtp(1, sequence), "{}", broken.name);
    }
    write_good(&lab.folder(), &lab.media().to_string()).unwrap();
    lab.reload().expect("it is whole again");
    assert!(!lab.is_stale());
}
