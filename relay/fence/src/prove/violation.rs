//! A promise that does not hold, and a case that shows it.

use std::fmt;
use std::net::IpAddr;

use crate::{Origin, UseName};

/// What was promised.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Check {
    /// A configured invariant, by its name.
    Invariant(String),
    /// Every fence keeps its tenant's home region in transit.
    HomeKept,
    /// Only sites in transit and of the tenant's enclave are offered.
    OffersInsideFence,
    /// No address belongs to sites of two enclaves.
    EnclavesApart,
    /// Every fence that a tenant uses admits somebody.
    AdmitsSomebody,
}

/// A promise that does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The promise.
    pub check: Check,
    /// The line that makes it, or that breaks it where no line makes it.
    pub origin: Origin,
    /// A case in which it is broken.
    pub example: Example,
}

/// A case in which a promise is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Example {
    /// A site carries that should not.
    Carried {
        /// Under whose fence.
        name: UseName,
        /// A client that is admitted; `None` if none is.
        client: Option<IpAddr>,
        /// Another end that is admitted, where the invariant names who that is.
        peer: Option<IpAddr>,
        /// The sites that are full; all others are up and idle.
        full: Vec<String>,
        /// The site that is then offered first.
        chosen: String,
        /// Whether it is offered as a spare.
        as_spare: bool,
    },
    /// A tenant's home is not in transit.
    HomeLeftOut {
        /// Under whose fence.
        name: UseName,
        /// The home region.
        home: String,
    },
    /// Two sites of two enclaves declare the same address.
    SharedAddress {
        /// The address.
        address: IpAddr,
        /// The sites.
        sites: [String; 2],
    },
    /// A fence lets nobody do anything.
    Nobody {
        /// Whose fence.
        name: UseName,
        /// What there is none of.
        lacks: Lack,
    },
}

/// What a fence has none of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lack {
    /// An address that it admits as client.
    Client,
    /// A site of the tenant's enclave in its transit.
    Site,
}

impl Check {
    /// Stable name in snake_case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invariant(_) => "invariant",
            Self::HomeKept => "home_kept",
            Self::OffersInsideFence => "offers_inside_fence",
            Self::EnclavesApart => "enclaves_apart",
            Self::AdmitsSomebody => "admits_somebody",
        }
    }
}

impl Lack {
    /// Stable name in snake_case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Site => "site",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.check {
            Check::Invariant(name) => write!(f, "invariant `{}`: ", name.escape_default())?,
            check => write!(f, "{}: ", check.code())?,
        }
        self.example.fmt(f)
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Carried { name, client, peer, full, chosen, as_spare } => {
                let end = |end: &Option<IpAddr>| end.map(|ip| ip.to_string());
                let client = end(client).unwrap_or("whoever asks".to_owned());
                let peer = end(peer).map(|peer| format!(" with {peer}")).unwrap_or_default();
                let role = if *as_spare { "spare" } else { "primary" };
                let full = if full.is_empty() { "none".to_owned() } else { full.join(", ") };
                write!(f, "{client}{peer} under {name} is offered {chosen} as {role}; full: {full}")
            }
            Self::HomeLeftOut { name, home } => {
                write!(f, "home `{home}` is not in the transit of {name}")
            }
            Self::SharedAddress { address, sites: [one, other] } => {
                write!(f, "{address} is of `{one}` and of `{other}`, which are of two enclaves")
            }
            Self::Nobody { name, lacks } => write!(f, "{name} has no {}", lacks.code()),
        }
    }
}
