//! Credentials that any application server can make without asking the relay: the user name carries
//! its own expiry, the password is its MAC under the tenant's secret
//! (draft-uberti-behave-turn-rest-00 section 2.2).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::{Digest, Sha1};
use zeroize::Zeroize;

use crate::identity::Name;

/// "a UTF-8 encoded value of fewer than 509 bytes" (RFC 8489 section 14.3).
const USERNAME_BYTES_MAX: usize = 508;

/// What stands before the name of a fence.
const FENCE: &str = "fence=";

/// What stands before the name of a group.
const GROUP: &str = "group=";

/// `<unix expiry>:<tenant>/<meeting>/<party>[;fence=<name>][;group=<name>]`
///
/// [`fmt::Display`] writes exactly what [`RestUsername::parse`] read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RestUsername<'a> {
    /// First second since 1970 in which the credentials are no longer good.
    pub expiry_unix_s: u64,
    /// The account whose secret made the password.
    pub tenant: &'a str,
    /// What a policy, a quota or a report calls the call; a [`Name`].
    pub meeting: &'a str,
    /// Who; a [`Name`].
    pub party: &'a str,
    /// One of the tenant's fences. `None`: its first.
    pub fence: Option<&'a str>,
    /// One of the tenant's groups, as which it uses the fence. `None`: the whole account.
    pub group: Option<&'a str>,
}

/// Why a text is no such user name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RestUsernameError {
    /// Over 508 bytes.
    TooLong,
    /// No 1 to 20 digits before the first colon, a zero in front, or more than 64 bits.
    Expiry,
    /// Not exactly two slashes.
    Parts,
    /// The tenant is empty, or holds a control character.
    Tenant,
    /// The meeting is not a [`Name`].
    Meeting,
    /// The party is not a [`Name`].
    Party,
    /// The fence is empty, or holds a slash or a control character.
    Fence,
    /// The group is empty, or holds a slash or a control character.
    Group,
    /// Something other than one `fence=` and one `group=`, in this order, after semicolons.
    Option,
}

impl<'a> RestUsername<'a> {
    /// Reads a user name, strictly: nothing in it is left over or ignored.
    ///
    /// # Errors
    /// The first of the parts, from the left, that is not as it must be.
    pub fn parse(text: &'a str) -> Result<Self, RestUsernameError> {
        if text.len() > USERNAME_BYTES_MAX {
            return Err(RestUsernameError::TooLong);
        }
        let (expiry, rest) = text.split_once(':').ok_or(RestUsernameError::Expiry)?;
        let expiry_unix_s = self::expiry(expiry)?;
        let mut options = rest.split(';');
        let (tenant, meeting, party) = parts(options.next().unwrap_or_default())?;
        let mut options = options.peekable();
        let mut named = |prefix, error| {
            let name = options.next_if(|option| option.starts_with(prefix));
            name.map(|option| name_of(option, prefix, error)).transpose()
        };
        let fence = named(FENCE, RestUsernameError::Fence)?;
        let group = named(GROUP, RestUsernameError::Group)?;
        match options.next() {
            None => Ok(Self { expiry_unix_s, tenant, meeting, party, fence, group }),
            Some(_) => Err(RestUsernameError::Option),
        }
    }
}

/// `base64(HMAC-SHA1(secret, username))`, 28 characters.
pub fn rest_password(secret: &[u8], username: &[u8]) -> String {
    let mut mac = keyed(secret);
    mac.update(username);
    let mut tag: [u8; 20] = mac.finalize().into_bytes().into();
    let password = STANDARD.encode(tag);
    tag.zeroize();
    password
}

/// `MD5(username ":" realm ":" password)`: the key of MESSAGE-INTEGRITY under long-term credentials
/// (RFC 8489 section 9.2.2). Realm and password come as OpaqueStrings (RFC 8265 section 4.2).
pub fn long_term_key(username: &[u8], realm: &[u8], password: &[u8]) -> [u8; 16] {
    let mut digest = Md5::new();
    for part in [username, b":", realm, b":", password] {
        digest.update(part);
    }
    digest.finalize().into()
}

fn expiry(text: &str) -> Result<u64, RestUsernameError> {
    let digits = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    // One spelling for each moment, so that it can be written back.
    let padded = text.len() > 1 && text.starts_with('0');
    if !digits || padded {
        return Err(RestUsernameError::Expiry);
    }
    text.parse().map_err(|_| RestUsernameError::Expiry)
}

fn parts(path: &str) -> Result<(&str, &str, &str), RestUsernameError> {
    let mut parts = path.split('/');
    let (Some(tenant), Some(meeting), Some(party), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(RestUsernameError::Parts);
    };
    if !is_policy_name(tenant) {
        return Err(RestUsernameError::Tenant);
    }
    Name::new(meeting).map_err(|_| RestUsernameError::Meeting)?;
    Name::new(party).map_err(|_| RestUsernameError::Party)?;
    Ok((tenant, meeting, party))
}

fn name_of<'a>(
    option: &'a str,
    prefix: &str,
    error: RestUsernameError,
) -> Result<&'a str, RestUsernameError> {
    let name = option.strip_prefix(prefix);
    name.filter(|name| is_policy_name(name) && !name.contains('/')).ok_or(error)
}

/// Names of the policy are what its file calls them; here they only must not break a line.
fn is_policy_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(char::is_control)
}

/// RFC 2104 section 2: a key longer than a block is hashed, a shorter one padded with zeros. Done
/// here, because the constructor that does it is typed as if it could fail.
fn keyed(secret: &[u8]) -> Hmac<Sha1> {
    let mut block = hmac::digest::Key::<Hmac<Sha1>>::default();
    if secret.len() > block.len() {
        fill(&mut block, &Sha1::digest(secret));
    } else {
        fill(&mut block, secret);
    }
    let keyed = Hmac::new(&block);
    block.as_mut_slice().zeroize();
    keyed
}

fn fill(block: &mut [u8], key: &[u8]) {
    block.iter_mut().zip(key).for_each(|(slot, byte)| *slot = *byte);
}

impl RestUsernameError {
    /// A stable name for metrics and answers.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "username_too_long",
            Self::Expiry => "username_expiry",
            Self::Parts => "username_parts",
            Self::Tenant => "username_tenant",
            Self::Meeting => "username_meeting",
            Self::Party => "username_party",
            Self::Fence => "username_fence",
            Self::Group => "username_group",
            Self::Option => "username_option",
        }
    }
}

impl fmt::Display for RestUsername<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expiry_unix_s, tenant, meeting, party, fence, group } = self;
        write!(f, "{expiry_unix_s}:{tenant}/{meeting}/{party}")?;
        if let Some(fence) = fence {
            write!(f, ";{FENCE}{fence}")?;
        }
        match group {
            Some(group) => write!(f, ";{GROUP}{group}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RestUsernameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "a user name has at most 508 bytes",
            Self::Expiry => "a user name starts with its expiry in seconds since 1970, and a colon",
            Self::Parts => "after the expiry come tenant, meeting and party with two slashes",
            Self::Tenant => "the tenant is empty or cannot be printed",
            Self::Meeting => "the meeting is not 1 to 64 letters, digits or any of - . _ ~ @ : +",
            Self::Party => "the party is not 1 to 64 letters, digits or any of - . _ ~ @ : +",
            Self::Fence => "the fence is empty or cannot be a name",
            Self::Group => "the group is empty or cannot be a name",
            Self::Option => {
                "the options of a user name are `;fence=` and `;group=`, each with a name"
            }
        })
    }
}

impl std::error::Error for RestUsernameError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: RestUsername<'static> = RestUsername {
        expiry_unix_s: 1_795_291_380,
        tenant: "acme",
        meeting: "standup",
        party: "alice",
        fence: None,
        group: None,
    };

    #[test]
    fn a_user_name_is_read_and_written_back() {
        for (text, name) in [
            ("1795291380:acme/standup/alice", PLAIN),
            (
                "1795291380:acme/standup/alice;fence=eu-only",
                RestUsername { fence: Some("eu-only"), ..PLAIN },
            ),
            (
                "1795291380:acme/standup/alice;group=staff",
                RestUsername { group: Some("staff"), ..PLAIN },
            ),
            (
                "1795291380:acme/standup/alice;fence=eu-only;group=staff",
                RestUsername { fence: Some("eu-only"), group: Some("staff"), ..PLAIN },
            ),
            (
                "0:a/b/c:d",
                RestUsername {
                    expiry_unix_s: 0,
                    tenant: "a",
                    meeting: "b",
                    party: "c:d",
                    fence: None,
                    group: None,
                },
            ),
            (
                "18446744073709551615:acme/standup/alice",
                RestUsername { expiry_unix_s: u64::MAX, ..PLAIN },
            ),
        ] {
            assert_eq!(RestUsername::parse(text), Ok(name));
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn whatever_is_not_exactly_a_user_name_is_refused_for_its_part() {
        use RestUsernameError as E;
        let long = format!("1:{}/b/c", "a".repeat(USERNAME_BYTES_MAX - 5));
        for (text, error) in [
            ("", E::Expiry),
            ("acme/standup/alice", E::Expiry),
            (":a/b/c", E::Expiry),
            ("+1:a/b/c", E::Expiry),
            ("-1:a/b/c", E::Expiry),
            (" 1:a/b/c", E::Expiry),
            ("01:a/b/c", E::Expiry),
            ("1.5:a/b/c", E::Expiry),
            ("٣:a/b/c", E::Expiry),
            ("18446744073709551616:a/b/c", E::Expiry),
            ("000000000000000000001:a/b/c", E::Expiry),
            ("1:a/b", E::Parts),
            ("1:a/b/c/d", E::Parts),
            ("1:", E::Parts),
            ("1:;fence=x/y/z", E::Parts),
            ("1://", E::Tenant),
            ("1:a\nb/b/c", E::Tenant),
            ("1:a//c", E::Meeting),
            ("1:a/b b/c", E::Meeting),
            ("1:a/b/", E::Party),
            ("1:a/b/é", E::Party),
            ("1:a/b/c;", E::Option),
            ("1:a/b/c;Fence=x", E::Option),
            ("1:a/b/c;fence=x;fence=y", E::Option),
            ("1:a/b/c;ttl=9", E::Option),
            ("1:a/b/c;group=x;fence=y", E::Option),
            ("1:a/b/c;group=x;group=y", E::Option),
            ("1:a/b/c;fence=x;", E::Option),
            ("1:a/b/c;group=", E::Group),
            ("1:a/b/c;fence=x;group=y/z", E::Group),
            ("1:a/b/c;fence=", E::Fence),
            ("1:a/b/c;fence=x/y", E::Fence),
            (&long, E::TooLong),
        ] {
            assert_eq!(RestUsername::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(
            RestUsername::parse(&long.replacen("aa", "a", 1)).map(|name| name.party),
            Ok("c")
        );
    }

    #[test]
    fn each_error_has_a_code_of_its_own() {
        use RestUsernameError as E;
        let all = [
            E::TooLong,
            E::Expiry,
            E::Parts,
            E::Tenant,
            E::Meeting,
            E::Party,
            E::Fence,
            E::Group,
            E::Option,
        ];
        let codes: std::collections::BTreeSet<_> = all.iter().map(|error| error.code()).collect();
        assert_eq!(codes.len(), all.len());
    }

    /// Each from Python's `base64.b64encode(hmac.new(secret, name, "sha1").digest())`.
    #[test]
    fn passwords_are_those_of_every_application_server() {
        let name = b"1795291380:acme/standup/alice;fence=eu-only";
        assert_eq!(rest_password(b"north", name), "G3OjbtJxFGR+PerVbz1Dwf+y908=");
        assert_eq!(rest_password(&[b'k'; 100], name), "oFpmLPeIRLgqboPhpW+S+JGfJi4=");
    }

    /// The credentials of RFC 5769 section 2.4, digested by Python; the second is the example of
    /// turnserver.conf, from `turnadmin -k`.
    #[test]
    fn long_term_keys_are_those_of_the_rfc() {
        let hex = |key: [u8; 16]| format!("{:032x}", u128::from_be_bytes(key));
        let matrix = "\u{30de}\u{30c8}\u{30ea}\u{30c3}\u{30af}\u{30b9}".as_bytes();
        let key = long_term_key(matrix, b"example.org", b"TheMatrIX");
        assert_eq!(hex(key), "e8ca7ad59d5eb0518e312911d2dab2a9");
        let key = long_term_key(b"ninefingers", b"north.gov", b"youhavetoberealistic");
        assert_eq!(hex(key), "bc807ee29df3c9ffa736523fb2c4e8ee");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_as_it_was(
            expiry_unix_s: u64, tenant in "[^/;\\p{C}]{1,40}",
            meeting in "[A-Za-z0-9._~@:+-]{1,64}", party in "[A-Za-z0-9._~@:+-]{1,64}",
            fence in proptest::option::of("[^/;\\p{C}]{1,40}"),
            group in proptest::option::of("[^/;\\p{C}]{1,40}"),
        ) {
            let (fence, group) = (fence.as_deref(), group.as_deref());
            let (tenant, meeting, party) = (tenant.as_str(), meeting.as_str(), party.as_str());
            let name = RestUsername { expiry_unix_s, tenant, meeting, party, fence, group };
            let text = name.to_string();
            prop_assert_eq!(RestUsername::parse(&text), Ok(name));
        }

        #[test]
        fn what_is_read_is_written_as_it_was(
            text in "[0-9]{0,3}:?([a/;:\\n]|fence=|group=|\\PC){0,12}",
        ) {
            if let Ok(name) = RestUsername::parse(&text) {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
