//! The fence: an address goes in, a decision comes out.
//!
//! Whoever reads a policy fills a [`draft::PolicyDraft`]; [`Policy::compile`] finds every
//! contradiction in it at once or gives an immutable [`Policy`] to share by `Arc`. From then on
//! [`Policy::decide`] is the only way to a [`Pass`], and only an address with a pass can be sent to.
//! Unknown means no: an address in no region, a name nobody declared, a list that is empty.

#![forbid(unsafe_code)]

pub mod canonical;
mod compile;
pub mod draft;
mod error;
mod fence;
mod id;
mod names;
mod nat64;
mod pass;
mod policy;
mod refusal;
mod refused_space;
mod region_map;
mod region_set;
mod site;
mod special_purpose;
mod tenant;

pub use canonical::{Canonical, canonical};
pub use draft::{FileId, Located, Origin, PolicyDraft};
pub use error::PolicyError;
pub use id::{Epoch, FenceId, RegionId, SiteId, TenantId};
pub use pass::{Pass, Role};
pub use policy::Policy;
pub use refusal::{Refusal, Rule};
pub use tenant::Tenant;
