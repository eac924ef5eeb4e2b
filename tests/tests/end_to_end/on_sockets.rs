//! Real sockets as a world for scenarios: the same list that the simulator plays.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ringfence::config;
use ringfence::relay::{InForce, JoinRefused, Relay};
use ringfence_core::{Join, Name};
use ringfence_fence::{Epoch, Policy, PolicyDraft};
use ringfence_tests::scenario::{CONSENT, Request, Ticket, World, list, player};
use ringfence_tests::sim::drafts::small_world;

use crate::party::{config_text, free_address};

#[test]
fn every_scenario_comes_out_right_on_sockets() {
    for scenario in list::all() {
        player::play(&mut SocketWorld::new(), &scenario);
    }
}

/// A relay in this process, and a socket for each endpoint.
struct SocketWorld {
    relay: Relay,
    media: SocketAddr,
    endpoints: Vec<UdpSocket>,
}

impl SocketWorld {
    fn new() -> Self {
        let media = free_address("127.1.0.1");
        let consent = format!("[limits]\nconsent_timeout_ms = {}\n", CONSENT.as_millis());
        let text = config_text(media, Path::new("unused.sock"), 2) + &consent;
        let mut loaded =
            config::parse("test", &text, Path::new("/"), []).expect("the text is right");
        loaded.policy = compile(&small_world(), Epoch(1));
        let relay = Relay::start(loaded, ()).expect("the address is free");
        Self { relay, media, endpoints: Vec::new() }
    }
}

impl World for SocketWorld {
    type Endpoint = usize;

    fn endpoint(&mut self, address: SocketAddr) -> usize {
        let bound_before = |socket: &UdpSocket| socket.local_addr().is_ok_and(|at| at == address);
        if let Some(known) = self.endpoints.iter().position(bound_before) {
            return known;
        }
        let socket = UdpSocket::bind(address).expect("nobody else uses the scenario's addresses");
        socket.set_nonblocking(true).expect("a socket can be made so");
        self.endpoints.push(socket);
        self.endpoints.len() - 1
    }

    fn join(&mut self, asked: &Request) -> Result<Ticket, String> {
        let name = |text: &String| Name::new(text).expect("scenarios use plain names");
        let join = Join {
            tenant: "acme".into(),
            room: name(&asked.room),
            participant: name(&asked.who),
            fence: asked.fence.clone(),
            group: None,
            regions: Default::default(),
            ice: asked.ice.clone(),
            hears: asked.hears.as_ref().map(|names| names.iter().map(name).collect()),
            kbps_max: None,
            ttl: Duration::from_secs(600),
        };
        match self.relay.control().join(&join) {
            Ok(joined) => Ok(Ticket {
                ufrag: joined.credentials.ufrag.as_str().to_owned(),
                password: joined.credentials.password.as_str().to_owned(),
            }),
            Err(JoinRefused::Refused(error)) => Err(error.code().to_owned()),
            Err(JoinRefused::Busy) => Err("busy".to_owned()),
        }
    }

    fn leave(&mut self, room: &str, who: &str) -> bool {
        let name = |text| Name::new(text).expect("scenarios use plain names");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime");
        let control = self.relay.control();
        let left = runtime.block_on(control.leave(&name(room), &name(who)));
        left.expect("a relay that has time")
    }

    fn reload(&mut self, policy: PolicyDraft) {
        let control = self.relay.control();
        let Epoch(before) = control.policy().epoch();
        let policy = compile(&policy, Epoch(before + 1));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let adopted = runtime
            .expect("a runtime")
            .block_on(control.adopt(InForce { policy, ..control.in_force() }));
        adopted.expect("a relay that has time");
    }

    fn send(&mut self, from: usize, bytes: &[u8]) {
        self.endpoints[from].send_to(bytes, self.media).expect("loopback takes it");
    }

    fn received(&mut self, at: usize) -> Vec<Vec<u8>> {
        let mut buffer = [0; 2048];
        let mut datagrams = Vec::new();
        loop {
            match self.endpoints[at].recv_from(&mut buffer) {
                Ok((length, _)) => datagrams.push(buffer[..length].to_vec()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return datagrams,
                Err(error) => panic!("a socket of the test failed: {error}"),
            }
        }
    }

    fn let_time_pass(&mut self, span: Duration) {
        std::thread::sleep(span);
    }
}

fn compile(draft: &PolicyDraft, epoch: Epoch) -> Arc<Policy> {
    Arc::new(Policy::compile(draft, epoch).expect("a policy without contradictions"))
}
