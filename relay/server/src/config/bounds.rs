//! Every bound of the configuration, each with its reason.

use std::fmt::Display;
use std::ops::RangeInclusive;

use schemars::Schema;

/// Bytes of a configuration file: room for 100,000 prefixes of IPv6 in every list it can hold.
pub(crate) const FILE_BYTES_MAX: u64 = 16 << 20;
/// Bytes of a file whose syntax errors are all collected. In a larger one, where there could be
/// millions, the first is told.
pub(crate) const ALL_SYNTAX_ERRORS_BYTES_MAX: usize = 1 << 20;
/// Bytes of all overrides together; the kernel gives a process 2 MiB for its environment.
pub(crate) const ENVIRONMENT_BYTES_MAX: usize = 2 << 20;
/// Errors shown in one go; nobody reads further before mending the first ones.
pub(crate) const ERRORS_MAX: usize = 100;
/// Entries of any list: a whole continent's prefixes are about 60,000.
pub(crate) const LIST_MAX: usize = 100_000;
/// Media addresses: each costs a socket per worker.
pub(crate) const MEDIA_ADDRESSES_MAX: usize = 8;
/// Secrets of a tenant: two are enough to rotate, and each is tried in turn.
pub(crate) const TENANT_SECRETS_MAX: usize = 8;
/// Bytes of a socket path, its closing zero apart (unix(7): `sun_path` has 108).
pub(crate) const SOCKET_PATH_BYTES_MAX: usize = 107;
/// Invariants: each is proved over all addresses before a policy is taken.
pub(crate) const INVARIANTS_MAX: usize = 1_000;
/// Bytes of a realm: it goes to addresses that have proved nothing, in an answer of at most 72 bytes.
/// Of those 20 are the header, 8 the error code, 20 the nonce and 4 the realm's own header.
pub(crate) const REALM_BYTES_MAX: usize = 20;
/// Addresses that clients may be sent on to; an answer names one of them.
pub(crate) const ALTERNATE_SERVERS_MAX: usize = 8;
/// Bytes of a PEM file: a chain of a dozen certificates with long names.
pub(crate) const PEM_BYTES_MAX: u64 = 256 << 10;
/// Static users of a tenant: more of them are accounts, which the REST form is made for.
pub(crate) const USERS_MAX: usize = 10_000;
/// Bytes of a static user's name, which is looked for in a table.
pub(crate) const USER_NAME_BYTES_MAX: usize = 128;

/// Networks change hands all the time; data of ten years ago says nothing.
pub(crate) const REGION_DATA_AGE_DAYS: Bounds<u32> = Bounds { range: 1..=3_650, default: 90 };
/// As many shards as the sockets of one SO_REUSEPORT group are still spread evenly over.
pub(crate) const WORKERS: Bounds<u16> = Bounds { range: 0..=256, default: 0 };
/// A week is longer than any call; a minute is what systemd gives a service to stop, and some to spare.
pub(crate) const DRAIN_S: Bounds<u32> = Bounds { range: 0..=604_800, default: 60 };
/// Each packet is copied to all others: the route of a larger room does not fit a shard's turn.
pub(crate) const ROOM_PARTICIPANTS: Bounds<u16> = Bounds { range: 2..=1_000, default: 1_000 };
/// Rooms and participants are tables allocated at start; a million is about a gigabyte.
pub(crate) const ROOMS: Bounds<u32> = Bounds { range: 1..=1_000_000, default: 10_000 };
pub(crate) const PARTICIPANTS: Bounds<u32> = Bounds { range: 1..=1_000_000, default: 100_000 };
/// From one narrow voice to 10 Gbit/s.
pub(crate) const PARTICIPANT_KBPS: Bounds<u32> = Bounds { range: 8..=10_000_000, default: 20_000 };
/// An endpoint sends a handful of streams, each with retransmission and simulcast layers.
pub(crate) const SSRCS: Bounds<u16> = Bounds { range: 1..=256, default: 16 };
/// Consent may last at most 30 s (RFC 7675 section 5.1); under a second a few lost checks end it.
pub(crate) const CONSENT_MS: Bounds<u32> = Bounds { range: 1_000..=30_000, default: 30_000 };
/// Credentials that outlive a week are accounts, not participants.
pub(crate) const TTL_S: Bounds<u32> = Bounds { range: 1..=604_800, default: 86_400 };
/// Each takes a relay port; 16 addresses have a million of them.
pub(crate) const ALLOCATIONS: Bounds<u32> = Bounds { range: 1..=1_000_000, default: 10_000 };
/// A browser makes one for each pair of server and local interface, and makes them anew on restarts.
pub(crate) const ALLOCATIONS_PER_PARTY: Bounds<u32> = Bounds { range: 1..=1_000_000, default: 16 };
/// Each lives 5 minutes; a party of a call needs one for every address of every other party.
pub(crate) const PERMISSIONS: Bounds<u16> = Bounds { range: 1..=4_096, default: 256 };
/// 4,096 are all there are (RFC 8656 section 12).
pub(crate) const CHANNELS: Bounds<u16> = Bounds { range: 1..=4_096, default: 256 };
/// Each costs a file descriptor and its buffers.
pub(crate) const STREAMS: Bounds<u32> = Bounds { range: 1..=1_000_000, default: 10_000 };
/// An office behind one address; a single attacker gets no more of `streams_max` than this.
pub(crate) const STREAMS_PER_SOURCE: Bounds<u32> = Bounds { range: 1..=1_000_000, default: 64 };
/// From the default of RFC 8656 section 7.2, which no client expects to be cut, to a day.
pub(crate) const ALLOCATION_LIFETIME_S: Bounds<u32> =
    Bounds { range: 600..=86_400, default: 3_600 };
/// A millisecond is what a network's own jitter hides; more would be heard of in a call.
pub(crate) const COALESCE_US: Bounds<u16> = Bounds { range: 0..=1_000, default: 0 };
/// Longer than that, a sleep costs less than the looking.
pub(crate) const BUSY_POLL_US: Bounds<u16> = Bounds { range: 0..=1_000, default: 0 };
/// Sites offered to one client; it tries them in turn.
pub(crate) const PRIMARIES: Bounds<u8> = Bounds { range: 1..=16, default: 2 };
pub(crate) const SPARES: Bounds<u8> = Bounds { range: 0..=16, default: 2 };

/// A file that is opened in an editor, up to a terabyte.
pub(crate) const ROTATE_BYTES: Bounds<i64> = Bounds { range: 65_536..=1 << 40, default: 64 << 20 };
/// A file an hour for ten years, and every one is looked at when one more is full.
pub(crate) const AUDIT_KEEP: Bounds<u32> = Bounds { range: 0..=100_000, default: 0 };
/// What a power cut may cost; each costs the disk a few writes.
pub(crate) const FSYNC_MS: Bounds<u32> = Bounds { range: 10..=60_000, default: 1_000 };
/// What someone with the disk in hand may make up; each is a line.
pub(crate) const ANCHOR_S: Bounds<u32> = Bounds { range: 1..=86_400, default: 600 };
/// Bytes of a signing key's file.
pub(crate) const SIGNING_KEY_BYTES_MAX: usize = 4_096;

/// What a number may be, and what it is when nobody says.
pub(crate) struct Bounds<N> {
    pub(crate) range: RangeInclusive<N>,
    pub(crate) default: N,
}

impl<N: Copy + PartialOrd + TryFrom<i64>> Bounds<N> {
    /// The number in its own type, if it lies within the bounds.
    pub(crate) fn check(&self, number: i64) -> Option<N> {
        N::try_from(number).ok().filter(|number| self.range.contains(number))
    }
}

impl<N: Copy + Display> Display for Bounds<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.range.start(), self.range.end())
    }
}

impl<N: Copy + Into<serde_json::Value>> Bounds<N> {
    /// Writes the bounds and the default into the JSON Schema of a field.
    pub(crate) fn schema(self) -> impl FnMut(&mut Schema) {
        move |schema| {
            schema.insert("minimum".to_owned(), (*self.range.start()).into());
            schema.insert("maximum".to_owned(), (*self.range.end()).into());
            schema.insert("default".to_owned(), self.default.into());
        }
    }
}
