//! Our codec against `stun-types`, which shares no code with it.
//!
//! Where the two are meant to differ, and why:
//!
//! | bytes | ours | theirs | reason |
//! |---|---|---|---|
//! | wrong FINGERPRINT | parsed, refused by `verify_fingerprint` | refused at parse | the caller decides whether a fingerprint is asked for |
//! | attribute after integrity, then FINGERPRINT or MESSAGE-INTEGRITY-SHA256 | both seen | both overlooked | RFC 8489 section 14.5 ignores the attribute, not what may follow it |
//! | MESSAGE-INTEGRITY-SHA256 of 16 to 28 bytes | never verifies | compared as far as it goes | RFC 8489 section 14.6: whole unless the usage allows less, which ICE and TURN do not |
//! | bytes after the message, more than 32 attributes, values of no sound shape, anything after FINGERPRINT | refused | accepted, or refused only when read | the other direction: we may refuse what they accept, never the reverse |

#[path = "../forge/mod.rs"]
mod forge;
mod plan;
mod reading;

use plan::{PASSWORD, Plan, Tags};
use proptest::prelude::*;
use reading::Reading;
use ringfence_wire::stun::{
    self, Class, FingerprintError, IntegrityError, IntegrityKey, IntegrityKeySha256, Method,
};
use stun_types::attribute::{AttributeStaticType, MessageIntegritySha256};
use stun_types::message::{
    self as theirs, IntegrityAlgorithm, ShortTermCredentials, StunParseError,
};

#[test]
fn passwords_of_every_length_key_alike() {
    for bytes in [0, 1, 22, 63, 64, 65, 128, 256] {
        let password = "x".repeat(bytes);
        let mut buffer = [0; 128];
        let id = stun::TransactionId([7; 12]);
        let written = stun::Writer::new(&mut buffer, Class::Request, Method::BINDING, id)
            .and_then(|open| open.integrity(&IntegrityKey::short_term(password.as_bytes())))
            .and_then(|writer| {
                writer.integrity_sha256(&IntegrityKeySha256::short_term(password.as_bytes()))
            })
            .map(stun::Writer::finish)
            .unwrap();
        let key = ShortTermCredentials::new(password).make_key();
        let message = theirs::Message::from_bytes(written).unwrap();
        assert!(message.validate_integrity_with_key(&key).is_ok(), "{bytes}, SHA-256");
        let mut sha1_only = written[..44].to_vec();
        forge::repair_length(&mut sha1_only);
        let message = theirs::Message::from_bytes(&sha1_only).unwrap();
        assert!(message.validate_integrity_with_key(&key).is_ok(), "{bytes}, SHA-1");
    }
}

proptest! {
    #[test]
    fn both_write_the_same_bytes(plan: Plan) {
        prop_assert_eq!(plan.written_by_us(), plan.written_by_them());
    }

    #[test]
    fn they_read_and_verify_what_we_write(plan: Plan) {
        let bytes = plan.written_by_us();
        let message = theirs::Message::from_bytes(&bytes).unwrap();
        prop_assert_eq!(Reading::of_theirs(&message), plan.reading());
        let expected = match plan.tags {
            Tags::None => None,
            Tags::Sha1 => Some(IntegrityAlgorithm::Sha1),
            Tags::Sha256 | Tags::Both => Some(IntegrityAlgorithm::Sha256),
        };
        prop_assert_eq!(their_verdict(&message), expected);
    }

    #[test]
    fn we_read_and_verify_what_they_write(plan: Plan) {
        let bytes = plan.written_by_them();
        let message = stun::Message::parse(&bytes).unwrap();
        prop_assert_eq!(Reading::of_ours(&message), plan.reading());
        let present = |wanted: bool| if wanted { Ok(()) } else { Err(IntegrityError::Absent) };
        let sha1 = matches!(plan.tags, Tags::Sha1 | Tags::Both);
        let sha256 = matches!(plan.tags, Tags::Sha256 | Tags::Both);
        prop_assert_eq!(message.verify_integrity(&key()), present(sha1));
        prop_assert_eq!(message.verify_integrity_sha256(&key_sha256()), present(sha256));
        prop_assert_eq!(message.verify_fingerprint().is_ok(), plan.fingerprint);
    }

    #[test]
    fn what_we_accept_of_forged_attributes_they_read_alike(
        attributes in prop::collection::vec(plan::forged_attribute(), 0..8),
        sealed: bool,
    ) {
        let mut bytes = forge::request(&attributes);
        if sealed {
            forge::seal(&mut bytes);
        }
        assert_agreement(&bytes)?;
    }

    #[test]
    fn what_we_accept_after_a_tail_was_added_they_read_alike(
        plan: Plan,
        tail in prop::collection::vec(plan::forged_attribute(), 1..4),
    ) {
        let mut bytes = plan.without_fingerprint().written_by_us();
        tail.iter().for_each(|(kind, value)| forge::append(&mut bytes, *kind, value));
        assert_agreement(&bytes)?;
    }

    #[test]
    fn what_we_accept_of_flipped_bits_they_read_alike(
        plan: Plan,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u32), 1..4),
    ) {
        let mut bytes = plan.written_by_us();
        for (at, bit) in flips {
            *at.get_mut(&mut bytes) ^= 1 << bit;
        }
        assert_agreement(&bytes)?;
    }

    #[test]
    fn what_we_accept_of_any_body_they_read_alike(body in prop::collection::vec(any::<[u8; 4]>(), 0..12)) {
        let mut bytes = forge::request(&[]);
        bytes.extend(body.as_flattened());
        forge::repair_length(&mut bytes);
        if stun::Message::parse(&bytes).is_ok() {
            assert_agreement(&bytes)?;
        }
    }
}

/// Rejects the case if we refuse the bytes: proptest fails a property that rejects too many, so
/// that these cannot come to compare nothing.
fn assert_agreement(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(ours) = stun::Message::parse(bytes) else {
        return Err(TestCaseError::reject("refused"));
    };
    let theirs = match theirs::Message::from_bytes(bytes) {
        Ok(message) => message,
        Err(StunParseError::FingerprintMismatch) => {
            prop_assert_eq!(ours.verify_fingerprint(), Err(FingerprintError::Mismatch));
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(format!("we accept, they say {error}"))),
    };
    prop_assert_eq!(Reading::of_ours(&ours), Reading::of_theirs(&theirs));
    if let Some(verdict) = our_verdict(&ours, &theirs) {
        prop_assert_eq!(verdict, their_verdict(&theirs));
    }
    Ok(())
}

/// Our verdict on the tag that they look at: the strongest they see. `None` for a truncated one.
fn our_verdict(
    ours: &stun::Message<'_>,
    theirs: &theirs::Message<'_>,
) -> Option<Option<IntegrityAlgorithm>> {
    if theirs.has_attribute(MessageIntegritySha256::TYPE) {
        let verdict = ours.verify_integrity_sha256(&key_sha256());
        let whole = verdict != Err(IntegrityError::Truncated);
        return whole.then_some(verdict.ok().map(|()| IntegrityAlgorithm::Sha256));
    }
    Some(ours.verify_integrity(&key()).ok().map(|()| IntegrityAlgorithm::Sha1))
}

fn their_verdict(message: &theirs::Message<'_>) -> Option<IntegrityAlgorithm> {
    let credentials = ShortTermCredentials::new(PASSWORD.to_owned());
    message.validate_integrity_with_key(&credentials.make_key()).ok()
}

fn key() -> IntegrityKey {
    IntegrityKey::short_term(PASSWORD.as_bytes())
}

fn key_sha256() -> IntegrityKeySha256 {
    IntegrityKeySha256::short_term(PASSWORD.as_bytes())
}
