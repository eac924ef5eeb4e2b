//! Starting and stopping. Whatever can be refused is refused before the first thread starts.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use ringfence_core::{
    Engine, EngineSetup, Instant, Limits, PATH_CHECK_INTERVAL, Registry, RegistrySetup, Scrutiny,
    ShardId, TenantQuota, UNPROVEN_ANSWER_INTERVAL, UNPROVEN_ANSWERS_PER_S,
};
use ringfence_fence::Policy;
use ringfence_net::affinity::{self, Cpu};
use ringfence_net::backend::Backend;
use ringfence_net::sockets::{Adopted, Offload, Sockets, SocketsConfig};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::clock::Clock;
use super::control::{Control, Shared};
use super::controller::Controller;
use super::pacing::Pacing;
use super::shard::Shard;
use super::{InForce, StartError, evidence, rounds, turn_door};
use crate::audit::{AuditThread, ChainSettings, Record};
use crate::config::{self, Config, Loaded, WORKERS, Workers};
use crate::continuity::Inheritance;
use crate::reload::Reloads;

/// Room for 50 ms of 10 Gbit/s on one shard: a burst that comes while the shard sends a large
/// room's copies must not be lost.
pub(crate) const RECEIVE_BUFFER_BYTES: u32 = 64 << 20;

/// The copies of one batch to a large room.
pub(crate) const SEND_BUFFER_BYTES: u32 = 16 << 20;

/// A running relay. Dropping it stops it.
pub struct Relay {
    control: Control,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
    audit: Option<AuditThread>,
}

/// What runs on the control thread beside the registry, such as the API.
pub trait Attend: Send + 'static {
    /// Runs until the relay stops; it is dropped then.
    fn attend(self, control: Control) -> impl Future<Output = ()>;
}

/// Nothing runs beside the registry.
impl Attend for () {
    fn attend(self, _: Control) -> impl Future<Output = ()> {
        std::future::pending()
    }
}

impl Relay {
    /// Binds the sockets, starts the shards and the control thread.
    ///
    /// # Errors
    /// [`StartError`]; then nothing is bound and nothing runs.
    pub fn start(loaded: Loaded, attendant: impl Attend) -> Result<Self, StartError> {
        Self::start_again(loaded, attendant, Inheritance::default())
    }

    /// As [`Relay::start`], with what the relay before this one has left: its sockets, and whoever the
    /// policy still admits.
    ///
    /// # Errors
    /// As for [`Relay::start`].
    pub fn start_again(
        loaded: Loaded,
        attendant: impl Attend,
        mut inheritance: Inheritance,
    ) -> Result<Self, StartError> {
        let file = loaded.file.clone();
        let in_force = InForce::of(loaded);
        let InForce { config, policy, .. } = &in_force;
        let audit = open_audit(config, policy)?;
        let relayed_max = relayed_max(config);
        let keeper = inheritance.keeper(relayed_max as usize);
        let keeper = keeper.map_err(system("a thread for what is kept"))?;
        let before = inheritance.shards_before();
        let state = inheritance.state.take();
        let clock =
            state.as_ref().map_or_else(Clock::start, |state| Clock::resume(state.clock_origin));
        let nonce_secret = match &state {
            Some(state) => Zeroizing::new(state.nonce_secret.0),
            None => Zeroizing::new(seed()?),
        };
        let notify = Arc::new(Notify::new());
        let cpus = affinity::allowed().map_err(system("the list of CPUs"))?;
        raise_descriptor_limit();
        let mut backends = open_backends(config, &cpus, before, &mut inheritance.shards)?;
        inheritance.keep_from_now_on(&mut backends, &keeper);
        let media = backends[0].local_addresses().to_vec();
        let streams = backends[0].stream_addresses().to_vec();
        let registry = registry(config, policy, backends.len())?;
        let scrutiny = Scrutiny::new(seed()?);
        let shards =
            start_shards(backends, config, policy, &nonce_secret, (&cpus, clock), &notify)?;
        let controller = Mutex::new(Controller::new(registry, shards, in_force, scrutiny, clock));
        let reloads = Reloads::default();
        let trail = audit.as_ref().map(AuditThread::audit).unwrap_or_default();
        let shared = Shared {
            controller,
            notify,
            clock,
            file,
            reloads,
            audit: trail,
            media,
            streams,
            keeper,
            keep_soon: Notify::new(),
            nonce_secret,
            started: std::time::Instant::now(),
        };
        let control = Control::new(Arc::new(shared));
        if let Some(state) = state {
            control.restore(state);
        }
        control.controller().begin();
        control.audit().record(Record::Started {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            site_region: evidence::site_region(&control.policy()),
        });
        control.audit().record(Record::policy(evidence::change_to(&control.policy())));
        Self::start_control(control, audit, attendant)
    }

    /// The handle to ask it things.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Whether all of its threads are there.
    pub fn is_whole(&self) -> bool {
        self.thread.as_ref().is_some_and(|control| !control.is_finished())
            && self.control.shards().iter().all(|shard| shard.running)
    }

    /// Stops all threads and waits for them.
    ///
    /// # Errors
    /// Why a thread had ended before it was told to.
    pub fn stop(mut self) -> io::Result<()> {
        self.stop_threads()
    }

    fn start_control(
        control: Control,
        audit: Option<AuditThread>,
        attendant: impl Attend,
    ) -> Result<Self, StartError> {
        let stop = Arc::new(Notify::new());
        let (handle, stopped) = (control.clone(), Arc::clone(&stop));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(system("a runtime for the control thread"))?;
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = rounds::go_on(&handle) => {}
                    () = attendant.attend(handle.clone()) => {}
                    () = stopped.notified() => {}
                }
                rounds::go_last(&handle).await;
            });
            // A configuration may still be being read; nobody waits for it any more.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("control".into()).spawn(run);
        let thread = Some(thread.map_err(system("a control thread"))?);
        Ok(Self { control, stop, thread, audit })
    }

    fn stop_threads(&mut self) -> io::Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        self.stop.notify_one();
        let control = thread.join().map_err(|_| io::Error::other("the control thread panicked"));
        let mut controller = self.control.controller();
        let shards = controller.shards.iter_mut().map(Shard::stop);
        let stopped = shards.fold(control, |first, next| first.and(next));
        self.control.audit().record(Record::Stopped);
        stopped.and(self.audit.as_mut().map_or(Ok(()), AuditThread::stop))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Whoever wants to know calls `stop`.
        let _ = self.stop_threads();
    }
}

/// Takes up the audit trail, if there is to be one.
fn open_audit(config: &Config, policy: &Policy) -> Result<Option<AuditThread>, StartError> {
    let audit = &config.audit;
    let Some(path) = audit.path.clone() else { return Ok(None) };
    let settings = ChainSettings {
        path: path.clone(),
        site: config.node.site.clone(),
        rotate_bytes: audit.rotate_bytes,
        keep: audit.keep,
        signing_key: audit.key(),
    };
    let (fsync, anchor) = (audit.fsync_interval, audit.anchor_interval);
    let thread = AuditThread::start(settings, policy.epoch().0, fsync, anchor);
    thread.map(Some).map_err(|error| StartError::Audit(path, error))
}

/// One set of sockets per shard. The first resolves ports, so that all shards share them.
///
/// With sockets of the relay before this one there are as many shards as that had: who is behind which of
/// them is the kernel's to say, and allocations live with their shard's sockets.
fn open_backends(
    config: &Config,
    cpus: &[Cpu],
    before: Option<usize>,
    adopted: &mut BTreeMap<u16, Adopted>,
) -> Result<Vec<Sockets>, StartError> {
    let wanted = match config.node.workers {
        Workers::PerCpu => cpus.len().max(1),
        Workers::Count(count) => usize::from(NonZeroU16::get(count)),
    };
    let shards =
        before.filter(|&shards| shards <= usize::from(*WORKERS.range.end())).unwrap_or(wanted);
    if shards != wanted {
        tracing::warn!(
            shards,
            wanted,
            "as many shards as before: calls are behind them; stop it to change that"
        );
    }
    let mut sockets = sockets_config(config, shards);
    if adopted.is_empty() {
        sockets.listen.iter().try_for_each(|&address| refuse_taken(address))?;
        sockets.streams.iter().try_for_each(|listener| refuse_taken_stream(listener.address))?;
    }
    let mut backends = Vec::with_capacity(shards);
    for number in 0..shards {
        let own = u16::try_from(number).ok().and_then(|number| adopted.remove(&number));
        let backend = open_backend(&sockets, own.unwrap_or_default())?;
        sockets.listen = backend.local_addresses().to_vec();
        backends.push(backend);
    }
    let wanted = !sockets.kernel_busy_poll.is_zero();
    if wanted && !backends.iter().all(Sockets::busy_polls) {
        tracing::warn!("this kernel has no busy polling by epoll (Linux 6.9): shards do without");
    }
    Ok(backends)
}

/// What one of so many shards opens. Connections and allocations spread over all of them, unevenly,
/// so each shard may have more than its share.
fn sockets_config(config: &Config, shards: usize) -> SocketsConfig {
    let shards = u32::try_from(shards).unwrap_or(u32::MAX);
    let share = |all: u32| all.div_ceil(shards).saturating_mul(2).min(all);
    SocketsConfig {
        receive_buffer_bytes: RECEIVE_BUFFER_BYTES,
        send_buffer_bytes: SEND_BUFFER_BYTES,
        relayed_max: relayed_max(config),
        offload: match config.tuning.offload {
            config::Offload::Auto => Offload::Auto,
            config::Offload::Off => Offload::Off,
        },
        kernel_busy_poll: config.tuning.kernel_busy_poll,
        streams: turn_door::listeners(config),
        streams_max: share(config.limits.streams_max),
        streams_per_source_max: share(config.limits.streams_per_source_max),
        ..SocketsConfig::listening(config.listen.media.clone())
    }
}

/// How many relayed addresses there can be at once.
fn relayed_max(config: &Config) -> u32 {
    let ports = u32::try_from(config.listen.relay_ports.len()).unwrap_or(u32::MAX);
    let addresses = u32::try_from(config.listen.relay_addresses.len()).unwrap_or(u32::MAX);
    ports.saturating_mul(addresses)
}

/// Each allocation and each connection is a descriptor, and the soft limit is 1,024 on most systems,
/// for programs that still use select(2). Ours does not; the hard limit is the operator's word.
fn raise_descriptor_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "cannot raise the limit of open files, which allocations need");
    }
}

/// SO_REUSEPORT lets shards share an address, and would let a second relay of the same user take
/// half of the first one's packets. A socket without it finds out.
fn refuse_taken(address: SocketAddr) -> Result<(), StartError> {
    let probe = std::net::UdpSocket::bind(address);
    probe.map(drop).map_err(|error| StartError::Bind(address, error))
}

fn refuse_taken_stream(address: SocketAddr) -> Result<(), StartError> {
    let probe = std::net::TcpListener::bind(address);
    probe.map(drop).map_err(|error| StartError::Bind(address, error))
}

fn open_backend(config: &SocketsConfig, adopted: Adopted) -> Result<Sockets, StartError> {
    Sockets::adopt(config, adopted).map_err(|error| {
        // Which of them it was: the one that cannot be bound alone either.
        let udp = config.listen.iter().copied();
        let tcp = config.streams.iter().map(|listener| listener.address);
        let alone = |address: &SocketAddr| std::net::UdpSocket::bind(address).is_err();
        let address = udp.clone().chain(tcp).find(alone).or(udp.clone().next());
        match address {
            Some(address) => StartError::Bind(address, error),
            None => StartError::System("an address to listen on", error),
        }
    })
}

fn registry(config: &Config, policy: &Arc<Policy>, shards: usize) -> Result<Registry, StartError> {
    Ok(Registry::new(RegistrySetup {
        shards: u16::try_from(shards).unwrap_or(u16::MAX),
        limits: core_limits(&config.limits, shards),
        quotas: quotas(config),
        policy: Arc::clone(policy),
        relay_ports: turn_door::ports(config),
        seed: seed()?,
    }))
}

/// What each tenant may have.
pub(super) fn quotas(config: &Config) -> BTreeMap<String, TenantQuota> {
    let quota = |tenant: &config::Tenant| TenantQuota {
        rooms_max: tenant.max_rooms as usize,
        participants_max: tenant.max_participants as usize,
        allocations_max: tenant.max_allocations as usize,
        allocations_per_party_max: tenant.max_allocations_per_party as usize,
    };
    config.tenants.iter().map(|tenant| (tenant.name.clone(), quota(tenant))).collect()
}

fn start_shards(
    backends: Vec<Sockets>,
    config: &Config,
    policy: &Arc<Policy>,
    nonce_secret: &Zeroizing<[u8; 32]>,
    (cpus, clock): (&[Cpu], Clock),
    notify: &Arc<Notify>,
) -> Result<Vec<Shard>, StartError> {
    let limits = core_limits(&config.limits, backends.len());
    let turn = turn_door::setup(config, nonce_secret, clock.wall(Instant::START));
    let mut shards = Vec::with_capacity(backends.len());
    for (number, backend) in backends.into_iter().enumerate() {
        let engine = Engine::new(EngineSetup {
            shard: ShardId(u16::try_from(number).unwrap_or(u16::MAX)),
            limits,
            policy: Arc::clone(policy),
            turn: turn.clone(),
            seed: seed()?,
        });
        let cpu = config.node.pin.then(|| cpus.get(number % cpus.len().max(1)).copied()).flatten();
        let pacing = Pacing::new(config.tuning.coalesce, config.tuning.busy_poll);
        let shard = Shard::start(engine, backend, pacing, Arc::clone(notify), clock, (number, cpu));
        shards.push(shard.map_err(system("a thread for a shard"))?);
    }
    Ok(shards)
}

fn core_limits(limits: &config::Limits, shards: usize) -> Limits {
    let shards = u32::try_from(shards).unwrap_or(u32::MAX);
    Limits {
        other_port_interval: PATH_CHECK_INTERVAL.saturating_mul(shards),
        room_participants_max: limits.room_participants_max.into(),
        rooms_max: limits.rooms_max as usize,
        participants_max: limits.participants_max as usize,
        participant_kbps_max: limits.participant_kbps_max,
        ssrcs_per_participant_max: limits.ssrcs_per_participant_max.into(),
        consent_timeout: limits.consent_timeout,
        participant_ttl_max: limits.participant_ttl_max,
        permissions_per_allocation_max: limits.permissions_per_allocation_max.into(),
        channels_per_allocation_max: limits.channels_per_allocation_max.into(),
        allocation_lifetime_max: limits.allocation_lifetime_max,
        unproven_answer_interval: UNPROVEN_ANSWER_INTERVAL.saturating_mul(shards),
        unproven_answers_per_s: UNPROVEN_ANSWERS_PER_S / shards.max(1),
        ..Limits::default()
    }
}

fn seed() -> Result<[u8; 32], StartError> {
    let mut seed = [0; 32];
    let filled = getrandom::fill(&mut seed).map_err(io::Error::other);
    filled.map(|()| seed).map_err(system("random numbers"))
}

fn system(what: &'static str) -> impl Fn(io::Error) -> StartError {
    move |error| StartError::System(what, error)
}
