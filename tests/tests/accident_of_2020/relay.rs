//! A relay in a process of its own, and what it is asked.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::process::Stdio;

use hyper::Method;
use ringfence::client::{ApiClient, ClientError, Problem};
use ringfence_tests::turn::{Client, Credentials, Family, Process, Refused, UdpRoad, wait_until};
use serde_json::{Value, json};

use crate::world::{Desk, on};

pub(crate) struct Relay {
    pub(crate) desk: Desk,
    pub(crate) media: SocketAddr,
    process: Process,
    runtime: tokio::runtime::Runtime,
}

impl Relay {
    /// Serves the configuration, of a site with that address, on a port of its own.
    pub(crate) fn serve(text: &str, address: &str) -> Self {
        let desk = Desk::new();
        let media = UdpSocket::bind((address, 0)).unwrap().local_addr().unwrap();
        desk.write("ringfence.toml", &on(text, media));
        let mut command = desk.command(&["serve"]);
        let process = Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let mut relay = Self { desk, media, process, runtime: runtime.unwrap() };
        wait_until("the relay answers", || {
            assert!(relay.process.is_running(), "the relay has ended");
            relay.try_get("/health").is_ok()
        });
        relay
    }

    /// Another configuration in the place of the one it was started with.
    pub(crate) fn rewrite(&self, text: &str) {
        self.desk.write("ringfence.toml", &on(text, self.media));
    }

    pub(crate) fn join(&self, tenant: &str, participant: &str) -> Result<Value, Problem> {
        let body = json!({ "tenant": tenant, "participant": participant });
        let path = format!("/v1/rooms/{tenant}-room/participants");
        self.problem(self.call(Method::POST, &path, Some(&body)))
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, Problem> {
        self.problem(self.try_get(path))
    }

    /// All that a refused change could have moved: the epoch, who is there, what is offered.
    pub(crate) fn state(&self) -> [Value; 4] {
        let mut select = self.get("/v1/select?tenant=acme&client=127.1.0.7").unwrap();
        let why = self.get("/v1/why?tenant=acme&address=127.1.0.7").unwrap();
        let rooms = self.get("/v1/rooms").unwrap();
        let epoch = select["epoch"].take();
        [epoch, select, why, rooms]
    }

    fn try_get(&self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, path, None)
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, ClientError> {
        let client = ApiClient::unix(self.desk.path().join("ringfence.sock"));
        self.runtime.block_on(client.call(method, path, body))
    }

    #[expect(clippy::unused_self, reason = "reads as what it is: what this relay said")]
    fn problem(&self, answer: Result<Value, ClientError>) -> Result<Value, Problem> {
        answer.map_err(|error| match error {
            ClientError::Problem(problem) => *problem,
            other => panic!("{other}"),
        })
    }
}

/// An Allocate of acme's by a client at that address.
pub(crate) fn allocate(relay: &Relay, from: &str) -> Result<Vec<SocketAddr>, Refused> {
    let from: IpAddr = from.parse().unwrap();
    let mut road = UdpRoad::open(from, relay.media).unwrap();
    Client::new(Credentials::of("alice")).allocate(&mut road, Family::Default)
}
