//! Changes the file and has the relay read it, over and over.

use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use hyper::Method;
use ringfence::client::ApiClient;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Case;
use super::crowd::Order;
use super::world::{REGIONS, VICTIMS, World};

/// What the relay answered.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) all: Vec<Duration>,
    pub(super) tightening: Vec<Duration>,
    /// As the relay says.
    pub(super) by_relay: Vec<Duration>,
    pub(super) applied: u64,
    pub(super) cut: u64,
    pub(super) cut_expected: u64,
    pub(super) took: Duration,
}

pub(super) struct Reloader<'w> {
    world: &'w World,
    client: ApiClient,
    orders: Sender<Order>,
    runtime: Runtime,
}

impl<'w> Reloader<'w> {
    pub(super) fn new(
        world: &'w World,
        socket: PathBuf,
        orders: Sender<Order>,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { world, client: ApiClient::unix(socket), orders, runtime })
    }

    /// Each region in turn is left out, then let in again.
    pub(super) fn run(&self, case: &Case) -> anyhow::Result<Answers> {
        let (began, mut answers) = (Instant::now(), Answers::default());
        for reload in 0..case.reloads {
            let region = usize::try_from(reload / 2)? % REGIONS;
            let next = Instant::now() + Duration::from_millis(case.interval_ms);
            match reload % 2 {
                0 => self.tighten(region, &mut answers)?,
                _ => self.widen(region, &mut answers)?,
            }
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        answers.took = began.elapsed();
        self.orders.send(Order::Done)?;
        Ok(answers)
    }

    fn tighten(&self, region: usize, answers: &mut Answers) -> anyhow::Result<()> {
        self.world.write_without(Some(region))?;
        let (answer, took) = self.reload()?;
        // From the answer on.
        self.order(|done| Order::Forbid(region, done))?;
        answers.tightening.push(took);
        answers.cut_expected += VICTIMS as u64;
        answers.note(&answer, took);
        Ok(())
    }

    fn widen(&self, region: usize, answers: &mut Answers) -> anyhow::Result<()> {
        self.order(|done| Order::Permit(region, done))?;
        self.world.write_without(None)?;
        let (answer, took) = self.reload()?;
        answers.note(&answer, took);
        Ok(())
    }

    fn reload(&self) -> anyhow::Result<(Value, Duration)> {
        let (began, body) = (Instant::now(), json!({}));
        let answer = self.client.call(Method::POST, "/v1/reload", Some(&body));
        let answer = self.runtime.block_on(answer).context("the reload was refused")?;
        Ok((answer, began.elapsed()))
    }

    fn order(&self, order: impl Fn(Sender<()>) -> Order) -> anyhow::Result<()> {
        let (done, told) = mpsc::channel();
        self.orders.send(order(done))?;
        told.recv().context("the crowd is gone")
    }
}

impl Answers {
    fn note(&mut self, answer: &Value, took: Duration) {
        self.all.push(took);
        self.by_relay.push(Duration::from_micros(answer["elapsed_us"].as_u64().unwrap_or(0)));
        self.applied += u64::from(answer["applied"] == json!(true));
        self.cut += answer["cuts"]["participants_total"].as_u64().unwrap_or(0);
    }
}
