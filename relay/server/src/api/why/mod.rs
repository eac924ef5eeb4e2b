//! One decision of the fence, explained: asked over the API, or offline from a configuration.

mod steps;
mod words;

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use ringfence_fence::{FenceId, Pass, Policy, Refusal, Role, SiteId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::refusals;
use super::select::site_in_sight;
use super::strict::StrictQuery;
use crate::config::Sources;
use crate::relay::Control;

pub use self::steps::Step;
pub use self::words::{at_site as in_words_at, in_words, place};

/// What is asked about.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// IP address, with a port or without: any port is judged alike.
    #[param(value_type = String, example = "127.3.0.7")]
    pub address: Address,
    /// Under this fence; may be left out where `tenant` is given.
    pub fence: Option<String>,
    /// As this tenant: under its default fence, or `fence` if that is one of its own.
    pub tenant: Option<String>,
    /// As this group of the tenant.
    pub group: Option<String>,
    /// As what.
    #[serde(default)]
    #[param(inline)]
    pub role: RoleName,
    /// When this site carries. Absent: this relay's own.
    pub site: Option<String>,
}

/// An address, whose port does not matter.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(SocketAddr);

/// As what an address is judged.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, Serialize, ToSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// A participant of a room, or a TURN client.
    #[default]
    Client,
    /// A TURN peer.
    Peer,
    /// A relay that carries.
    Transit,
}

/// The decision.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Answer {
    /// Whether the fence lets it in.
    pub admitted: bool,
    /// What was judged; once admitted, in its canonical form.
    pub address: String,
    /// As what.
    pub role: RoleName,
    /// Under which fence; absent where the tenant may not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<String>,
    /// As which group of the tenant; absent for the whole account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The site that would carry.
    pub site: String,
    /// The region that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The rule that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where that rule is written, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The policy's version.
    pub epoch: u32,
    /// The verdict in a sentence.
    pub explanation: String,
    /// What the fence asked, in its order, up to the question that it refused at. Empty where the
    /// tenant may not use the fence, so that nothing else was asked.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// Why there is no decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unanswered {
    /// Neither a fence nor a tenant was named.
    NoFenceNamed,
    /// No fence has this name.
    UnknownFence(String),
    /// A group was named, and no tenant whose group it is.
    GroupWithoutTenant,
    /// This enclave has no site of this name.
    UnknownSite(String),
}

/// Explains the fence's decision about an address.
#[utoipa::path(get, path = "/v1/why", tag = "fence", operation_id = "why",
    params(Question),
    responses(
        (status = 200, description = "The decision, whether it admits or refuses", body = Answer),
        (status = 404, description = "No such fence, or no such site", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn ask(
    State(control): State<Control>,
    StrictQuery(question): StrictQuery<Question>,
) -> Result<Json<Answer>, Problem> {
    let by = control.in_force();
    match answer(&by.policy, &by.sources, &question) {
        Ok(answer) => Ok(Json(answer)),
        Err(Unanswered::NoFenceNamed) => Err(refusals::bad_query("name a `fence` or a `tenant`")),
        Err(Unanswered::GroupWithoutTenant) => {
            Err(refusals::bad_query("a `group` is a `tenant`'s"))
        }
        Err(Unanswered::UnknownFence(name)) => Err(refusals::no_fence(&name)),
        Err(Unanswered::UnknownSite(name)) => Err(refusals::no_site(&name)),
    }
}

/// Decides and explains.
///
/// # Errors
/// No fence is named, or one that is not there; no such site.
pub fn answer(
    policy: &Policy,
    sources: &Sources,
    question: &Question,
) -> Result<Answer, Unanswered> {
    let site = match &question.site {
        Some(name) => {
            site_in_sight(policy, name).ok_or_else(|| Unanswered::UnknownSite(name.clone()))?
        }
        None => policy.own_site(),
    };
    let teller = Teller { policy, sources, question, site };
    let fence = match fence(policy, question)? {
        Ok(fence) => fence,
        Err(refusal) => return Ok(teller.refused(&refusal)),
    };
    let Address(address) = question.address;
    let answer = match policy.decide(fence, question.role.into(), address, site) {
        Ok(pass) => teller.admitted(&pass),
        Err(refusal) => teller.refused(&refusal),
    };
    Ok(Answer {
        fence: Some(policy.fence_name(fence).to_owned()),
        group: policy.group_name(fence).map(str::to_owned),
        steps: teller.steps(fence),
        ..answer
    })
}

fn fence(policy: &Policy, question: &Question) -> Result<Result<FenceId, Refusal>, Unanswered> {
    let Question { tenant, fence, group, .. } = question;
    match (tenant, fence) {
        (Some(tenant), fence) => Ok(policy.fence_of(tenant, fence.as_deref(), group.as_deref())),
        (None, _) if group.is_some() => Err(Unanswered::GroupWithoutTenant),
        (None, Some(fence)) => {
            policy.fence_id(fence).map(Ok).ok_or_else(|| Unanswered::UnknownFence(fence.clone()))
        }
        (None, None) => Err(Unanswered::NoFenceNamed),
    }
}

/// Puts one decision into words.
struct Teller<'a> {
    policy: &'a Policy,
    sources: &'a Sources,
    question: &'a Question,
    site: SiteId,
}

impl Teller<'_> {
    fn admitted(&self, pass: &Pass) -> Answer {
        Answer {
            admitted: true,
            address: pass.addr().ip().to_string(),
            region: Some(self.policy.region_name(pass.region()).to_owned()),
            explanation: words::of_pass(self.policy, pass, self.site),
            ..self.undecided()
        }
    }

    fn refused(&self, refusal: &Refusal) -> Answer {
        let address = self.question.address.ip();
        Answer {
            region: refusal.region.map(|region| self.policy.region_name(region).to_owned()),
            rule: Some(refusal.rule.code().to_owned()),
            place: place(refusal, self.sources),
            explanation: words::at_site(self.policy, refusal, Some(address), self.site),
            ..self.undecided()
        }
    }

    /// What is the same whatever was decided.
    fn undecided(&self) -> Answer {
        Answer {
            admitted: false,
            address: self.question.address.ip().to_string(),
            role: self.question.role,
            fence: None,
            group: None,
            site: self.policy.site_name(self.site).to_owned(),
            region: None,
            rule: None,
            place: None,
            epoch: self.policy.epoch().0,
            explanation: String::new(),
            steps: Vec::new(),
        }
    }
}

impl Address {
    /// Without the port.
    pub fn ip(self) -> IpAddr {
        self.0.ip()
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Port 9 stands for all: only port 0 is judged otherwise, and nobody can have that.
        let alone = text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 9));
        alone.or_else(|_| text.parse()).map(Self).map_err(
            |_| "write an address as 192.0.2.1, 192.0.2.1:5004, 2001:db8::1 or [2001:db8::1]:5004",
        )
    }
}

impl TryFrom<String> for Address {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Client => Self::Client,
            RoleName::Peer => Self::Peer,
            RoleName::Transit => Self::Transit,
        }
    }
}

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoFenceNamed => f.write_str("name a fence (--fence) or a tenant (--tenant)"),
            Self::UnknownFence(name) => write!(f, "the policy has no fence `{name}`"),
            Self::GroupWithoutTenant => f.write_str("a group is a tenant's: name it (--tenant)"),
            Self::UnknownSite(name) => write!(f, "there is no site `{name}` in this enclave"),
        }
    }
}

impl std::error::Error for Unanswered {}
