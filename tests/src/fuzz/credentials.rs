//! Names and credentials: user names that tenants sign, ICE's ufrag and password, names of rooms. What
//! is taken is written back exactly, and is taken by the rule as the RFC words it.

use ringfence_core::{
    IceCredentials, IceCredentialsError, Name, RestUsername, RestUsernameError, Ufrag,
    long_term_key, rest_password,
};

use crate::sim::dice::Dice;

/// Texts as they came, or user names that are made of the bytes.
pub(super) fn run(bytes: &[u8]) {
    let mut dice = Dice::told(bytes);
    match dice.percent(50) {
        true => received(&dice.take_told()),
        false => written(&mut dice),
    }
}

fn received(bytes: &[u8]) {
    assert_eq!(Ufrag::from_bytes(bytes).is_some(), bytes.len() == 8);
    passwords_are_text(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    name(text);
    username(text);
    let (ufrag, password) = text.split_once(':').unwrap_or((text, text));
    ice(ufrag, password);
}

fn name(text: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~@:+".contains(c);
    let expected = !text.is_empty() && text.len() <= 64 && text.chars().all(plain);
    let read = Name::new(text);
    assert_eq!(read.is_ok(), expected);
    assert!(read.is_err() || read.is_ok_and(|name| name.as_str() == text));
}

/// RFC 8839 section 5.4.
fn ice(ufrag: &str, password: &str) {
    let ice_char = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/';
    let fits = |text: &str, least: usize| {
        (least..=256).contains(&text.chars().count()) && text.chars().all(ice_char)
    };
    let expected = match (fits(ufrag, 4), fits(password, 22)) {
        (false, _) => Some(IceCredentialsError::Ufrag),
        (true, false) => Some(IceCredentialsError::Password),
        (true, true) => None,
    };
    let read = IceCredentials::new(ufrag, password);
    assert_eq!(read.as_ref().err().copied(), expected);
    if let Ok(read) = read {
        assert_eq!((read.ufrag(), read.password()), (ufrag, password));
        let shown = format!("{read:?}").contains(password) && !ufrag.contains(password);
        assert!(!shown, "a secret is shown");
    }
}

/// Nothing in it is left over or ignored.
fn username(text: &str) {
    let Ok(read) = RestUsername::parse(text) else {
        return;
    };
    assert_eq!(read.to_string(), text);
    assert!(text.len() <= 508);
    assert!(Name::new(read.meeting).is_ok() && Name::new(read.party).is_ok());
    let parts = [Some(read.tenant), read.fence, read.group];
    let mut parts = parts.into_iter().flatten();
    assert!(parts.all(|part| !part.is_empty() && !part.contains(['/', ';', '\n', '\r', '\0'])));
}

fn passwords_are_text(bytes: &[u8]) {
    let (secret, name) = bytes.split_at(bytes.len() / 2);
    let password = rest_password(secret, name);
    assert_eq!(password.len(), 28);
    assert!(password.bytes().all(|byte| byte.is_ascii_graphic()));
    let key = long_term_key(name, b"realm", password.as_bytes());
    assert_ne!(key, long_term_key(name, b"realm2", password.as_bytes()));
}

/// A user name of good parts is taken, and one with a bad part is not.
fn written(dice: &mut Dice) {
    let expiry = dice.number();
    let [tenant, meeting, party, fence, group] = [0; 5].map(|_| word(dice));
    let mut text = format!("{expiry}:{tenant}/{meeting}/{party}");
    let (has_fence, has_group) = (dice.percent(50), dice.percent(50));
    if has_fence {
        text += &format!(";fence={fence}");
    }
    if has_group {
        text += &format!(";group={group}");
    }
    let wanted = RestUsername {
        expiry_unix_s: expiry,
        tenant: &tenant,
        meeting: &meeting,
        party: &party,
        fence: has_fence.then_some(fence.as_str()),
        group: has_group.then_some(group.as_str()),
    };
    let read = RestUsername::parse(&text);
    match text.len() > 508 {
        true => assert_eq!(read, Err(RestUsernameError::TooLong)),
        false => assert_eq!(read, Ok(wanted)),
    }
    name(&meeting);
    let spoilt = [";", ";fence=", "/", "\n", ";group=a;fence=b"].map(|end| text.clone() + end);
    assert!(spoilt.iter().all(|text| RestUsername::parse(text).is_err()), "{text}");
}

/// A name of 1 to 64 characters that every part of a user name may have.
fn word(dice: &mut Dice) -> String {
    const CHARS: &[u8] = b"abcXYZ019-._~@:+";
    let length = 1 + dice.below(64);
    let short = length.min(1 + dice.below(64));
    (0..short).map(|_| char::from(*dice.pick(CHARS))).collect()
}
