//! One decision of the fence, explained: asked over the API, or offline from a configuration.

mod words;

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use ringfence_fence::{FenceId, Pass, Policy, Refusal, Role};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::refusals;
use super::strict::StrictQuery;
use crate::config::Sources;
use crate::relay::Control;

pub use self::words::{in_words, place};

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
    /// As what.
    #[serde(default)]
    #[param(inline)]
    pub role: RoleName,
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
    /// This relay's site, which would carry.
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
    /// All of it in a sentence.
    pub explanation: String,
}

/// Why there is no decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unanswered {
    /// Neither a fence nor a tenant was named.
    NoFenceNamed,
    /// No fence has this name.
    UnknownFence(String),
}

/// Explains the fence's decision about an address.
#[utoipa::path(get, path = "/v1/why", tag = "fence", operation_id = "why",
    params(Question),
    responses(
        (status = 200, description = "The decision, whether it admits or refuses", body = Answer),
        (status = 404, description = "No such fence", body = Problem,
         content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn ask(
    State(control): State<Control>,
    StrictQuery(question): StrictQuery<Question>,
) -> Result<Json<Answer>, Problem> {
    match answer(&control.policy(), control.sources(), &question) {
        Ok(answer) => Ok(Json(answer)),
        Err(Unanswered::NoFenceNamed) => Err(refusals::bad_query("name a `fence` or a `tenant`")),
        Err(Unanswered::UnknownFence(name)) => Err(refusals::no_fence(&name)),
    }
}

/// Decides and explains.
///
/// # Errors
/// No fence is named, or one that is not there.
pub fn answer(
    policy: &Policy,
    sources: &Sources,
    question: &Question,
) -> Result<Answer, Unanswered> {
    let Address(address) = question.address;
    let fence = match fence(policy, question)? {
        Ok(fence) => fence,
        Err(refusal) => return Ok(refused(policy, sources, question, &refusal)),
    };
    let answer = match policy.decide(fence, question.role.into(), address, policy.own_site()) {
        Ok(pass) => admitted(policy, question, &pass),
        Err(refusal) => refused(policy, sources, question, &refusal),
    };
    Ok(Answer { fence: Some(policy.fence_name(fence).to_owned()), ..answer })
}

fn fence(policy: &Policy, question: &Question) -> Result<Result<FenceId, Refusal>, Unanswered> {
    match (&question.tenant, &question.fence) {
        (Some(tenant), fence) => Ok(policy.room_fence(tenant, fence.as_deref())),
        (None, Some(fence)) => {
            policy.fence_id(fence).map(Ok).ok_or_else(|| Unanswered::UnknownFence(fence.clone()))
        }
        (None, None) => Err(Unanswered::NoFenceNamed),
    }
}

fn admitted(policy: &Policy, question: &Question, pass: &Pass) -> Answer {
    Answer {
        admitted: true,
        address: pass.addr().ip().to_string(),
        role: question.role,
        fence: None,
        site: policy.site_name(policy.own_site()).to_owned(),
        region: Some(policy.region_name(pass.region()).to_owned()),
        rule: None,
        place: None,
        epoch: pass.epoch().0,
        explanation: words::of_pass(policy, pass),
    }
}

fn refused(policy: &Policy, sources: &Sources, question: &Question, refusal: &Refusal) -> Answer {
    let Address(address) = question.address;
    let region = refusal.region.map(|region| policy.region_name(region));
    Answer {
        admitted: false,
        address: address.ip().to_string(),
        role: question.role,
        fence: None,
        site: policy.site_name(policy.own_site()).to_owned(),
        region: region.map(str::to_owned),
        rule: Some(refusal.rule.code().to_owned()),
        place: place(refusal, sources),
        epoch: refusal.epoch.0,
        explanation: in_words(policy, refusal, Some(address.ip())),
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
        }
    }
}

impl std::error::Error for Unanswered {}
