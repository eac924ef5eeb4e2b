//! Each question that the fence asked, in words.

use std::net::IpAddr;

use ringfence_fence::{Canonical, FenceId, Origin, Prefix, Question};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Address, RoleName, Teller, words};

/// One question of the fence, and how it was answered.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize, ToSchema)]
pub struct Step {
    /// Stable name of the question, in snake_case.
    pub question: String,
    /// Whether the decision went on from there.
    pub passed: bool,
    /// What was found.
    pub explanation: String,
    /// The line that was looked at, as `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Teller<'_> {
    /// All that the fence asks about what is asked about.
    pub(super) fn steps(&self, fence: FenceId) -> Vec<Step> {
        let Address(address) = self.question.address;
        let steps = self.policy.trace(fence, self.question.role.into(), address, self.site);
        steps.iter().map(|step| self.step(step)).collect()
    }

    fn step(&self, step: &ringfence_fence::Step) -> Step {
        let (code, found, line) = self.found(&step.question);
        let (explanation, line) = match &step.verdict {
            Ok(()) => (found, line),
            Err(refusal) => {
                let address = Some(self.question.address.ip());
                let why = words::at_site(self.policy, refusal, address, self.site);
                (why, refusal.origin.or(line))
            }
        };
        Step {
            question: code.to_owned(),
            passed: step.verdict.is_ok(),
            explanation,
            place: line.and_then(|line| self.line(line)),
        }
    }

    /// Name of a question, what was found if it passed, and the line that was looked at.
    fn found(&self, question: &Question) -> (&'static str, String, Option<Origin>) {
        let site = self.policy.site_name(self.site);
        let name = |region| self.policy.region_name(region);
        match *question {
            Question::Fence => ("fence", "the policy has the fence".to_owned(), None),
            Question::Site => ("site", format!("the policy has site `{site}`"), None),
            Question::OwnStanding => {
                ("own_standing", format!("this relay is where site `{site}` is"), None)
            }
            Question::Transit { region, list } => {
                let found =
                    format!("site `{site}` is in region `{}`, which may carry", name(region));
                ("transit", found, Some(list))
            }
            Question::RoomTransit { region } => {
                ("room_transit", format!("the room lets region `{}` carry it", name(region)), None)
            }
            Question::Port { .. } => ("port", "the port names an endpoint".to_owned(), None),
            Question::Form { canonical } => ("form", form(canonical), None),
            Question::NotOwn => {
                ("not_own", "it is no address of this relay or its host".to_owned(), None)
            }
            Question::Region { address, prefix } => {
                let line = prefix.map(|prefix| prefix.origin);
                ("region", self.whereabouts(address, prefix), line)
            }
            Question::List { region, list } => {
                let found = format!("region `{}` is in `{}`", name(region), self.list_name());
                ("list", found, Some(list))
            }
            Question::RoomRegion { region } => {
                ("room_region", format!("the room lets region `{}` in", name(region)), None)
            }
        }
    }

    fn whereabouts(&self, address: IpAddr, prefix: Option<Prefix>) -> String {
        match prefix {
            Some(Prefix { net, region, .. }) => {
                format!("{address} is in {net}, of region `{}`", self.policy.region_name(region))
            }
            None => format!("{address} is in no region"),
        }
    }

    fn list_name(&self) -> &'static str {
        match self.question.role {
            RoleName::Client => "clients",
            RoleName::Peer => "peers",
            RoleName::Transit => "transit",
        }
    }

    fn line(&self, line: Origin) -> Option<String> {
        let place = self.sources.place(line)?;
        Some(format!("{}:{}", place.file, place.line))
    }
}

fn form(canonical: Option<Canonical>) -> String {
    let Some(canonical) = canonical else { return "it has no canonical form".to_owned() };
    let address = canonical.addr();
    match canonical.embedded() {
        Some(embedded) => {
            format!("its canonical form is {address}, and a NAT64 sends to {embedded} in its stead")
        }
        None => format!("its canonical form is {address}"),
    }
}
