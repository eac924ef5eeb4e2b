//! A relay that goes on where the one before it was: its sockets and its state are kept by the service
//! manager (systemd.service(5), FileDescriptorStoreMax), whatever ends it.
//!
//! Sockets go on taking packets while there is no relay. The state is written anew whenever something has
//! changed, whole, into a sealed file that is memory only, so that one is either there or not. The next relay
//! reads it, judges everybody under the policy that it was started with, and opens nothing that it has.

mod clock;
mod document;
mod inheritance;
mod keeper;
mod names;
mod sealed;

pub(crate) use self::clock::monotonic_now;
pub use self::document::{FORMAT, NonceSecret, State, Unreadable, decode, encode};
pub use self::inheritance::{Handed, Inheritance};
pub(crate) use self::keeper::Keeper;
pub use self::keeper::Kept;
