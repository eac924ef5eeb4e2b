//! The relay that is soaked: `ringfence serve`, one worker, all of it on the first processor.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use hyper::Method;
use ringfence::client::ApiClient;
use ringfence_tests::scrape::scrape;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::holdings::Holdings;
use super::metrics::Metrics;
use super::process;
use crate::servers::{self, Processors, Server, TENANT, Wish};
use crate::work::rooms::Door;

/// What is not as it comes: one speaker may send what a whole meeting does, reloads may widen, and
/// consent ends soon enough that the end does not wait for it.
const SERVER: &str = "ringfence:limits.participant_kbps_max=10000000,guard.widening=allow,\
                      limits.consent_timeout_ms=15000";

/// Where a relay is that runs as long as its [`Server`] is there.
pub(super) struct Subject {
    pub(super) process: u32,
    control: PathBuf,
    /// Where datagrams and TCP go.
    pub(super) media: SocketAddr,
    /// Where TLS goes.
    pub(super) tls: SocketAddr,
    pub(super) version: String,
    /// The configuration as it was at first.
    text: String,
}

impl Subject {
    /// Starts it, and moves the calling thread to the last processor; threads that it starts stay there.
    pub(super) fn start() -> anyhow::Result<(Server, Self)> {
        let processors = Processors::of_this_machine()?;
        processors.take_the_generators()?;
        let server = servers::start(SERVER, 0, &Wish { tls: true, flows: 0, processors })?;
        let control = server.control.clone().context("the relay has a control socket")?;
        let text = fs::read_to_string(control.with_file_name(CONFIGURATION))?;
        let subject = Self {
            process: server.process.context("the relay is ours")?,
            media: *server.addresses.first().context("a server has an address")?,
            tls: server.tls.context("the relay speaks TLS")?,
            version: server.version.clone(),
            control,
            text,
        };
        Ok((server, subject))
    }

    /// One that a test has started.
    #[cfg(test)]
    pub(super) fn of(server: &ringfence_tests::turn::Server) -> Self {
        Self {
            process: server.process.id(),
            media: server.address,
            tls: server.address,
            version: String::new(),
            control: server.control(),
            text: String::new(),
        }
    }

    /// What it publishes now.
    pub(super) fn metrics(&self) -> anyhow::Result<Metrics> {
        let text = scrape(&self.control).context("the relay has ended")?;
        let metrics = Metrics::new(text);
        ensure!(metrics.has(TIMERS), "the relay does not publish {TIMERS}: it is an older build");
        Ok(metrics)
    }

    /// What it holds now.
    pub(super) fn holdings(&self) -> anyhow::Result<Holdings> {
        let metrics = self.metrics()?;
        let ports = |state| metrics.count_labelled("ringfence_turn_ports", state);
        Ok(Holdings {
            descriptors: self.descriptors()?,
            threads: process::threads(self.process)?,
            ports_used: ports("state=\"used\""),
            ports_reserved: ports("state=\"reserved\""),
            allocations: metrics.count("ringfence_turn_allocations"),
            streams: metrics.count("ringfence_turn_streams"),
            rooms: metrics.count("ringfence_rooms"),
            participants: metrics.count("ringfence_participants"),
            shard_timers: metrics.count(TIMERS),
            registry_timers: metrics.count("ringfence_registry_timers"),
        })
    }

    /// Without connections to its API that are over: the relay closes them some time after we do.
    fn descriptors(&self) -> anyhow::Result<u64> {
        let mut least = process::descriptors(self.process)?;
        for _ in 0..CLOSING_LOOKS {
            std::thread::sleep(CLOSING_REST);
            least = least.min(process::descriptors(self.process)?);
        }
        Ok(least)
    }

    /// Whoever asks its API.
    pub(super) fn caller(&self) -> anyhow::Result<Caller> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Caller { api: ApiClient::unix(&self.control), runtime })
    }

    /// Where rooms are entered, for so long.
    pub(super) fn door(&self, ttl_s: u32) -> Door {
        let (media, control) = (self.media, self.control.clone());
        Door { media, control, tenant: TENANT.to_owned(), ttl_s }
    }

    /// Puts another policy in force: a region that nobody is in is let in, and the next time it is not.
    pub(super) fn reload(&self, caller: &Caller, number: u64) -> anyhow::Result<()> {
        let text = match number % 2 {
            0 => self.text.replace(ADMITTED_ALONE, ADMITTED_AND_GUESTS) + GUESTS,
            _ => self.text.clone(),
        };
        fs::write(self.control.with_file_name(CONFIGURATION), text)?;
        let answer = caller.call(Method::POST, "/v1/reload", Some(&json!({})))?;
        ensure!(answer["applied"] == json!(true), "the reload was not applied: {answer}");
        Ok(())
    }
}

/// A client of the API.
pub(super) struct Caller {
    api: ApiClient,
    runtime: Runtime,
}

impl Caller {
    pub(super) fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let call = self.api.call(method, path, body);
        self.runtime.block_on(call).with_context(|| path.to_owned())
    }
}

/// As the test set-up writes it.
const CONFIGURATION: &str = "ringfence.toml";
const ADMITTED_ALONE: &str = "clients = [\"admitted\"]";
const ADMITTED_AND_GUESTS: &str = "clients = [\"admitted\", \"guests\"]";
const GUESTS: &str = "\n[regions.guests]\ncidrs = [\"127.77.0.0/16\"]\n";

/// How often it is looked which descriptors stay, and how long in between.
const CLOSING_LOOKS: u32 = 10;
const CLOSING_REST: Duration = Duration::from_millis(5);

const TIMERS: &str = "ringfence_shard_timers";
