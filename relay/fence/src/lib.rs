//! The fence: an address goes in, a decision comes out.
//!
//! Whoever reads a policy fills a [`draft::PolicyDraft`]; [`Policy::compile`] finds every
//! contradiction in it at once or gives an immutable [`Policy`] to share by `Arc`. From then on
//! [`Policy::decide`] is the only way to a [`Pass`], and only an address with a pass can be sent to.
//! Unknown means no: an address in no region, a name nobody declared, a list that is empty.

#![forbid(unsafe_code)]

mod address_set;
mod atom;
pub mod canonical;
mod census;
mod compile;
pub mod draft;
mod error;
mod fence;
mod fence_use;
mod globally_unicast;
mod id;
mod invariant;
pub mod label_table;
pub mod longest_prefix;
mod names;
mod narrowing;
mod nat64;
mod pass;
mod plan;
mod policy;
mod prefix_book;
mod prove;
pub mod ranges;
mod refusal;
mod refused_space;
mod region;
mod region_map;
mod region_set;
mod select;
mod site;
mod special_purpose;
mod statements;
mod tenant;
mod trace;

pub use address_set::AddressSet;
pub use atom::Atom;
pub use canonical::{Canonical, canonical};
pub use draft::{FileId, Located, Origin, PolicyDraft};
pub use error::PolicyError;
pub use globally_unicast::globally_unicast;
pub use id::{Epoch, FenceId, RegionId, SiteId, TenantId};
pub use narrowing::{Narrowing, RoomRegions, Scope};
pub use pass::{Pass, Role};
pub use plan::{
    Addresses, BehindNat64, Change, Plan, Presence, RegionChange, UseChange, UseName, plan,
};
pub use policy::Policy;
pub use prefix_book::Prefix;
pub use prove::{Check, Example, Lack, Proof, Violation, prove};
pub use refusal::{Refusal, Rule};
pub use select::{
    Availability, Nearness, NoSite, NotOffered, Offer, RefusedSite, SelectQuestion, Selected,
    SiteState, SiteStates,
};
pub use statements::{Fact, Topic};
pub use tenant::Tenant;
pub use trace::{Question, Step};
