//! Which sites to offer to a client: the fence first, nearness second, load third.
//!
//! This relay knows only how full its own site is. How others fare is for the caller to say, who
//! sees all of them: by `full` and `down`.

use axum::Json;
use axum::extract::State;
use ringfence_fence::{
    Availability, Nearness, NoSite, NotOffered, Offer, Policy, SelectQuestion, Selected, SiteId,
    SiteState, SiteStates,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;
use super::refusals;
use super::strict::StrictQuery;
use super::why::{self, Address};
use crate::config::Sources;
use crate::relay::Control;

/// Names in one list of a question.
const NAMES_MAX: usize = 1_000;

/// Who asks for sites.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// On whose account.
    #[param(example = "acme")]
    pub tenant: String,
    /// Under which fence of the tenant's. Absent: its default.
    pub fence: Option<String>,
    /// As which group of the tenant. Absent: the whole account.
    pub group: Option<String>,
    /// The client's IP address, with a port or without; the fence must admit it. Absent: nothing is
    /// known of it.
    #[param(value_type = Option<String>, example = "127.1.0.7")]
    pub client: Option<Address>,
    /// Only sites in these regions, with commas between; it can only take away.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "europe,united-states")]
    pub require: Option<Names>,
    /// Regions whose sites come first, in this order, with commas between; it lets no site in and
    /// keeps none out.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub prefer: Option<Names>,
    /// Sites that take no more work, with commas between.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub full: Option<Names>,
    /// Sites that do not answer, with commas between.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    pub down: Option<Names>,
}

/// Names with commas between.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct Names(Vec<String>);

/// Sites to offer.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Selection {
    /// On whose account.
    pub tenant: String,
    /// Under which fence.
    pub fence: String,
    /// The region of the client, where its address was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_region: Option<String>,
    /// Sites to try first, best first.
    pub primaries: Vec<Offered>,
    /// Sites to try when those are full, best first. They pass the same fence.
    pub spares: Vec<Offered>,
    /// The sites that are not offered, each with the reason.
    pub refused: Vec<NotOfferedSite>,
    /// The policy's version.
    pub epoch: u32,
}

/// A site that is offered.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Offered {
    /// Its name.
    pub site: String,
    /// Where it lies.
    pub region: String,
    /// Why it comes where it comes.
    pub reason: Reason,
}

/// Why a site comes where it comes, best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It lies in a preferred region.
    Preferred,
    /// It lies in the client's region, or in one around that.
    WithClient,
    /// It lies in a region near the client's.
    Near,
    /// It lies in the tenant's home region.
    Home,
    /// The fence allows it, and nothing else speaks for it.
    Elsewhere,
}

/// A site that is not offered.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct NotOfferedSite {
    /// Its name.
    pub site: String,
    /// Where it lies.
    pub region: String,
    /// The rule that refuses it, or `full` or `down`.
    pub reason: String,
    /// Where that rule is written, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// All of it in a sentence.
    pub explanation: String,
}

/// Why there is no selection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unselected {
    /// `full` or `down` names a site that this enclave does not have.
    UnknownSite(String),
    /// The question is refused, or no site is left.
    NoSite {
        /// Why, and which.
        error: NoSite,
        /// The sites of the enclave, for people.
        refused: Vec<NotOfferedSite>,
    },
}

/// Says which sites to offer to a client. The fence decides which; what is near or full only orders
/// them. When none is left that is an error, never "any" site.
#[utoipa::path(get, path = "/v1/select", tag = "fence", operation_id = "select",
    params(Question),
    responses(
        (status = 200, description = "At least one site. This relay marks its own site as full when it \
         takes no more rooms, participants or allocations; how others fare the caller says", body = Selection),
        (status = 403, description = "The fence refuses the client, or the tenant has no such fence or \
         group", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`full` or `down` names a site that is not there", body = Problem,
         content_type = "application/problem+json"),
        (status = 409, description = "`no_site_in_fence`: every site is refused, full or down; \
         `refused_sites` says which and why", body = Problem, content_type = "application/problem+json"),
        (status = "default", description = "Any other problem", body = Problem,
         content_type = "application/problem+json"),
    ))]
pub(super) async fn select(
    State(control): State<Control>,
    StrictQuery(question): StrictQuery<Question>,
) -> Result<Json<Selection>, Problem> {
    let in_force = control.in_force();
    let own_full = control.is_full();
    answer(&in_force.policy, &in_force.sources, &question, own_full)
        .map(Json)
        .map_err(|unselected| refusals::unselected(unselected, &in_force))
}

/// Selects, and explains. `own_full`: this host's site takes no more work.
///
/// # Errors
/// [`Unselected`]; never a site that the fence refuses.
pub fn answer(
    policy: &Policy,
    sources: &Sources,
    question: &Question,
    own_full: bool,
) -> Result<Selection, Unselected> {
    let states = states(policy, question, own_full)?;
    let names = |list: &Option<Names>| list.as_ref().map(|Names(names)| names.clone());
    let (require, prefer) = (names(&question.require), names(&question.prefer));
    let asked = SelectQuestion {
        tenant: &question.tenant,
        fence: question.fence.as_deref(),
        group: question.group.as_deref(),
        room: None,
        require: require.as_deref(),
        prefer: prefer.as_deref().unwrap_or_default(),
        client: question.client.map(|address| address.ip()),
        states: Some(&states),
    };
    let teller = Teller { policy, sources };
    match policy.select(&asked) {
        Ok(selected) => Ok(teller.selection(question, &selected)),
        Err(error) => {
            let refused = teller.refused(&error.refused);
            Err(Unselected::NoSite { error, refused })
        }
    }
}

/// What was said of sites, and what is known of our own.
fn states(policy: &Policy, question: &Question, own_full: bool) -> Result<SiteStates, Unselected> {
    let mut states = SiteStates::default();
    let own = own_full.then_some((policy.own_site(), Availability::Full));
    let told = [(&question.full, Availability::Full), (&question.down, Availability::Down)];
    let told = told.into_iter().flat_map(|(names, availability)| {
        let names = names.iter().flat_map(|Names(names)| names);
        names.map(move |name| (name, availability))
    });
    for known in own.into_iter().map(Ok).chain(told.map(|(name, availability)| {
        let site = site_in_sight(policy, name);
        site.map(|site| (site, availability)).ok_or(Unselected::UnknownSite(name.clone()))
    })) {
        let (site, availability) = known?;
        states.set(site, SiteState { availability, load: 0 });
    }
    Ok(states)
}

/// A site of this host's enclave. Of others nothing is said, not even that they are there.
pub(super) fn site_in_sight(policy: &Policy, name: &str) -> Option<SiteId> {
    let own = policy.site_enclave(policy.own_site());
    policy.site_id(name).filter(|&site| policy.site_enclave(site) == own)
}

struct Teller<'a> {
    policy: &'a Policy,
    sources: &'a Sources,
}

impl Teller<'_> {
    fn selection(&self, question: &Question, selected: &Selected) -> Selection {
        let region = |region| self.policy.region_name(region).to_owned();
        let offered = |offers: &[Offer]| offers.iter().map(|offer| self.offered(offer)).collect();
        Selection {
            tenant: question.tenant.clone(),
            fence: self.policy.fence_name(selected.fence).to_owned(),
            client_region: selected.client_region.map(region),
            primaries: offered(&selected.primaries),
            spares: offered(&selected.spares),
            refused: self.refused(&selected.refused),
            epoch: self.policy.epoch().0,
        }
    }

    fn offered(&self, offer: &Offer) -> Offered {
        Offered {
            site: self.policy.site_name(offer.site).to_owned(),
            region: self.policy.region_name(offer.region).to_owned(),
            reason: offer.nearness.into(),
        }
    }

    fn refused(&self, refused: &[ringfence_fence::RefusedSite]) -> Vec<NotOfferedSite> {
        let each = refused.iter().map(|refused| {
            let site = self.policy.site_name(refused.site);
            let (place, explanation) = match &refused.reason {
                NotOffered::Refused(refusal) => (
                    why::place(refusal, self.sources),
                    why::in_words_at(self.policy, refusal, None, refused.site),
                ),
                NotOffered::Full => (None, format!("site `{site}` takes no more work")),
                NotOffered::Down => (None, format!("site `{site}` is down")),
            };
            NotOfferedSite {
                site: site.to_owned(),
                region: self.policy.region_name(refused.region).to_owned(),
                reason: refused.reason.code().to_owned(),
                place,
                explanation,
            }
        });
        each.collect()
    }
}

impl Names {
    /// These names.
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }
}

impl TryFrom<String> for Names {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let names: Vec<String> = text.split(',').take(NAMES_MAX + 1).map(str::to_owned).collect();
        if names.len() > NAMES_MAX {
            return Err("a list has at most 1000 names");
        }
        match names.iter().any(String::is_empty) {
            true => Err("a list has names with single commas between, and is not empty"),
            false => Ok(Self(names)),
        }
    }
}

impl From<Nearness> for Reason {
    fn from(nearness: Nearness) -> Self {
        match nearness {
            Nearness::Preferred(_) => Self::Preferred,
            Nearness::WithClient(_) => Self::WithClient,
            Nearness::Near(_) => Self::Near,
            Nearness::Home => Self::Home,
            Nearness::Elsewhere => Self::Elsewhere,
        }
    }
}

impl Reason {
    /// In words, of a site that has it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Preferred => "preferred",
            Self::WithClient => "where the client is",
            Self::Near => "near the client",
            Self::Home => "the tenant's home",
            Self::Elsewhere => "allowed",
        }
    }
}
