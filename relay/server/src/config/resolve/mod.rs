//! Raw to resolved: every value into its own type, every fault reported.
//!
//! A part that has a fault resolves to `None` or to a stand-in, and the whole is given out only if
//! nothing was reported.

mod addresses;
mod audit;
mod control;
mod invariants;
mod listen;
mod policy;
mod process;
mod region_data;
mod running;
mod secrets;
mod tenants;
mod turn;
mod users;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ringfence_fence::{FileId, Located, Origin, PolicyDraft};

use crate::region::date::Date;

use super::bounds::Bounds;
use super::raw::{Document, Item, List, Optional};
use super::settings::{Config, Control};
use super::shape::{Lost, Shaped};
use super::{Diagnostic, Sources};
pub(crate) use control::SOCKET;
use listen::Written;
pub(crate) use users::is_user_name;

/// Where relative things are looked for.
pub(crate) struct Surroundings {
    /// Addresses of this host's interfaces.
    pub(crate) host_addresses: Vec<IpAddr>,
    /// Folder that relative paths start at.
    pub(crate) base_dir: PathBuf,
    /// systemd's folder of credentials, if there is one.
    pub(crate) credentials_dir: Option<PathBuf>,
    /// What a relay runs with that reads its configuration again.
    pub(crate) running: Option<Arc<Config>>,
    /// The day by which the age of region data is told.
    pub(crate) today: Date,
}

/// A configuration before the policy is compiled, and what the policy's faults must leave out.
pub(crate) struct Resolved {
    pub(crate) policy: PolicyDraft,
    pub(crate) config: Option<Config>,
    /// Places of lists that faults have left shorter than they were written.
    pub(crate) hollow: Vec<Origin>,
    /// Whether names or region data are missing, so that the policy cannot be judged.
    pub(crate) names_lost: bool,
}

pub(crate) fn resolve(
    shaped: &Shaped,
    surroundings: &Surroundings,
    sources: &mut Sources,
    found: &mut Vec<Diagnostic>,
) -> Resolved {
    let mut resolver = Resolver {
        lost: &shaped.lost,
        surroundings,
        sources,
        found,
        hollow: Vec::new(),
        data_lost: false,
    };
    let (config, policy) = resolver.resolve(&shaped.document);
    let names_lost = shaped.lost.holds_names() || resolver.data_lost;
    Resolved { config, policy, hollow: resolver.hollow, names_lost }
}

struct Resolver<'a> {
    lost: &'a Lost,
    surroundings: &'a Surroundings,
    sources: &'a mut Sources,
    found: &'a mut Vec<Diagnostic>,
    hollow: Vec<Origin>,
    /// Whether there is region data that cannot be read.
    data_lost: bool,
}

impl Resolver<'_> {
    fn resolve(&mut self, raw: &Document) -> (Option<Config>, PolicyDraft) {
        let listen = self.listen(raw.listen.as_ref());
        let control = self.control(raw.control.as_ref(), listen.as_ref());
        let (region_data, prefixes) = self.region_data(raw.region_data.as_ref()).unzip();
        let mut policy = self.policy(raw, listen.as_ref(), prefixes);
        let http = control.iter().filter_map(|control| control.http).map(|http| http.ip());
        policy.host_addresses.extend(http);
        self.keep_own_addresses(raw, &mut policy);
        let config = self.config(raw, listen, control, policy.clone());
        let config = config.map(|config| Config { region_data, ..config });
        (config.map(|config| self.keep_what_runs(raw, config)), policy)
    }

    fn config(
        &mut self,
        raw: &Document,
        listen: Option<Written>,
        control: Option<Control>,
        policy: PolicyDraft,
    ) -> Option<Config> {
        let node = self.node(raw.node.as_ref());
        let turn = self.turn(&raw.turn, listen.as_ref());
        let limits = self.limits(&raw.limits);
        self.check_relay_ports(raw.listen.as_ref(), listen.as_ref(), node.as_ref());
        Some(Config {
            tuning: self.tuning(&raw.tuning),
            log: Self::log(&raw.log),
            guard: Self::guard(&raw.guard),
            audit: self.audit(&raw.audit)?,
            tenants: self.tenants(raw.tenants.as_ref(), &limits),
            node: node?,
            listen: listen?.listen,
            control: control?,
            turn: turn?,
            limits,
            region_data: None,
            policy,
        })
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    fn error(&mut self, code: &'static str, at: Origin, message: impl Into<String>, help: &str) {
        self.report(Diagnostic::error(code, at, message).advise(help));
    }

    fn at<T>(&self, item: &Item<T>) -> Origin {
        self.sources.origin(item.span())
    }

    fn located<T, U>(&self, item: &Item<T>, value: U) -> Located<U> {
        Located { value, origin: self.at(item) }
    }

    fn located_string(&self, item: &Item<String>) -> Located<String> {
        self.located(item, String::clone(item))
    }

    /// Reports a key that must be there and is not, unless it was cut out for a fault of its own.
    fn missing(&mut self, path: &[&str], within: Option<Origin>, help: &str) {
        if self.lost.holds(path) {
            return;
        }
        let origin = within.unwrap_or_else(|| self.sources.end(FileId(0)));
        self.error("missing_key", origin, format!("`{}` is missing", path.join(".")), help);
    }

    fn number<N>(&mut self, item: &Optional<i64>, name: &str, bounds: &Bounds<N>) -> N
    where
        N: Copy + PartialOrd + TryFrom<i64> + std::fmt::Display,
    {
        let Some(item) = item else {
            return bounds.default;
        };
        bounds.check(**item).unwrap_or_else(|| {
            let message = format!("`{name}` cannot be {}", **item);
            self.error("out_of_range", self.at(item), message, &format!("it can be {bounds}"));
            bounds.default
        })
    }

    /// The entries of a list, at most `max` of them.
    fn entries<'i, T>(&mut self, list: &'i List<T>, name: &str, max: usize) -> &'i [Item<T>] {
        let Some(list) = list else { return &[] };
        if list.len() > max {
            let message = format!("`{name}` has {} entries", list.len());
            self.error("list_too_long", self.at(list), message, &format!("it can have {max}"));
        }
        &list[..list.len().min(max)]
    }

    fn base_dir(&self) -> &Path {
        &self.surroundings.base_dir
    }
}
