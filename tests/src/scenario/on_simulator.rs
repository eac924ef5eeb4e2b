//! The simulator as a world for scenarios.

use std::net::SocketAddr;
use std::time::Duration;

use ringfence_core::{Join, Limits};
use ringfence_fence::PolicyDraft;

use super::{CONSENT, Request, Ticket, World};
use crate::sim::guests::{name, request};
use crate::sim::{EndpointId, Setup, Simulation};

/// A simulation whose endpoints answer nothing by themselves.
pub struct SimulatedWorld(Simulation);

impl SimulatedWorld {
    /// A relay of so many shards in the small world.
    pub fn new(seed: u64, shards: u16) -> Self {
        let setup = Setup::small_world(seed);
        let limits = Limits { consent_timeout: CONSENT, ..setup.limits };
        Self(Simulation::new(Setup { shards, limits, ..setup }))
    }
}

impl World for SimulatedWorld {
    type Endpoint = EndpointId;

    fn endpoint(&mut self, address: SocketAddr) -> EndpointId {
        let endpoint = self.0.endpoint(address);
        self.0.at_mut(endpoint).is_bare = true;
        endpoint
    }

    fn join(&mut self, asked: &Request) -> Result<Ticket, String> {
        let hears = asked.hears.as_ref();
        let join = Join {
            fence: asked.fence.clone(),
            ice: asked.ice.clone(),
            hears: hears.map(|names| names.iter().map(|who| name(who)).collect()),
            ..request(&asked.room, &asked.who)
        };
        let holder = self.0.endpoint(SocketAddr::from(([127, 1, 255, 255], 1)));
        let joined = self.0.join(holder, &join).map_err(|refused| refused.code().to_owned())?;
        Ok(Ticket {
            ufrag: joined.credentials.ufrag.as_str().to_owned(),
            password: joined.credentials.password.as_str().to_owned(),
        })
    }

    fn leave(&mut self, room: &str, who: &str) -> bool {
        self.0.leave(&name(room), &name(who))
    }

    fn reload(&mut self, policy: PolicyDraft) {
        let policy = self.0.adopt(policy).expect("a policy without contradictions");
        while self.0.relay().answered() != policy.epoch() {
            self.0.pass(Duration::from_millis(1));
        }
    }

    fn send(&mut self, from: EndpointId, bytes: &[u8]) {
        let who = self.0.at(from);
        let (address, local) = (who.address, who.local);
        self.0.send(address, local, bytes.to_vec());
    }

    fn received(&mut self, at: EndpointId) -> Vec<Vec<u8>> {
        let inbox = std::mem::take(&mut self.0.at_mut(at).inbox);
        inbox.into_iter().map(|received| received.bytes).collect()
    }

    fn let_time_pass(&mut self, span: Duration) {
        self.0.pass(span);
    }
}

impl Drop for SimulatedWorld {
    /// The judge was not told who sends what: here the player knows what is right.
    fn drop(&mut self) {
        self.0.judge.violations.clear();
    }
}
