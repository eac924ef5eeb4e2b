//! One shard: a pinned thread with its own sockets, engine and buffers.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam::atomic::AtomicCell;
use ringfence_core::{Counters, Engine, Instant};
use ringfence_net::affinity::{Cpu, pin_current_thread};
use ringfence_net::backend::{Backend, Pending};
use ringfence_net::cputime::ThreadClock;
use ringfence_net::receive_queue::ReceiveQueue;
use ringfence_net::sleep::sleep_exactly;
use ringfence_net::sockets::{SocketReport, Sockets};
use ringfence_net::{IoCounters, Waker};
use ringfence_wire::datagram::{Datagram, LocalSocket, Outbox, Step};
use tokio::sync::Notify;

use super::clock::Clock;
use super::containment::Containment;
use super::load::{Load, Waits};
use super::mailbox::Mailbox;
use super::pacing::Pacing;
use super::queue_drops::QueueDrops;
use super::strangers::{Order, Queues, Seen, Sieved, Strangers};

/// Receive rounds per turn. At 64 datagrams a round, mailbox, timers and strangers are looked at after at
/// most 256, about half a millisecond of work.
const ROUNDS_MAX: NonZeroU32 = NonZeroU32::new(4).expect("is not zero");

/// A shard that works shows no more often what it did: that costs a twentieth of a lone packet.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(1);

/// One that waits shows it after so long. A shorter wait would be the first timer of its processor each
/// time, and on a virtual machine setting that leaves the guest.
const SHOWN_WITHIN: Duration = Duration::from_millis(50);

/// How long a shard that takes over, and whoever waits for it, rests between two looks at its mailbox.
pub(super) const TAKE_OVER_REST: Duration = Duration::from_millis(1);

/// What a shard shows of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    /// What its engine counted.
    pub engine: Counters,
    /// What its sockets counted.
    pub io: IoCounters,
    /// Packets waiting for their SSRC's owner.
    pub parked: u64,
    /// Deadlines that its engine watches.
    pub timers: u64,
    /// Turns so far: a shard whose number stands still while packets wait is stuck.
    pub turns: u64,
    /// Turns that a bug of ours broke off.
    pub panics: u64,
    /// What it keeps out of its queues.
    pub sieved: Sieved,
}

/// A shard seen from the control thread.
pub(super) struct Shard {
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) snapshot: Arc<AtomicCell<Snapshot>>,
    pub(super) drops: QueueDrops,
    pub(super) sockets: Vec<SocketReport>,
    pub(super) cpu_clock: Arc<AtomicCell<Option<ThreadClock>>>,
    pub(super) waits: Arc<Waits>,
    pub(super) load: Load,
    begun: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    waker: Arc<Waker>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// What the shard's thread owns.
struct Turner {
    engine: Engine,
    backend: Sockets,
    mailbox: Arc<Mailbox>,
    snapshot: Arc<AtomicCell<Snapshot>>,
    waits: Arc<Waits>,
    begun: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    control: Arc<Notify>,
    clock: Clock,
    pacing: Pacing,
    containment: Containment,
    strangers: Strangers,
    queues: Vec<ReceiveQueue>,
    turns: u64,
    published: Instant,
    /// Something happened since then.
    unpublished: bool,
}

impl Shard {
    /// Starts a shard's thread. `control` is notified when there are reports.
    pub(super) fn start(
        engine: Engine,
        backend: Sockets,
        pacing: Pacing,
        control: Arc<Notify>,
        clock: Clock,
        (number, cpu): (usize, Option<Cpu>),
    ) -> io::Result<Self> {
        let mailbox = Arc::new(Mailbox::new(backend.waker()));
        let mut shard = Self {
            mailbox: Arc::clone(&mailbox),
            snapshot: Arc::default(),
            drops: QueueDrops::of(backend.receive_queues()),
            sockets: backend.reports().collect(),
            cpu_clock: Arc::default(),
            waits: Arc::default(),
            load: Load::since(clock.now()),
            begun: Arc::default(),
            stop: Arc::default(),
            waker: backend.waker(),
            thread: None,
        };
        let snapshot = Arc::clone(&shard.snapshot);
        let (begun, stop) = (Arc::clone(&shard.begun), Arc::clone(&shard.stop));
        let waits = Arc::clone(&shard.waits);
        let turner = Turner {
            engine,
            queues: backend.receive_queues(),
            backend,
            mailbox,
            snapshot,
            waits,
            begun,
            stop,
            control,
            clock,
            pacing,
            containment: Containment::default(),
            strangers: Strangers::default(),
            turns: 0,
            published: Instant::START,
            unpublished: true,
        };
        let cpu_clock = Arc::clone(&shard.cpu_clock);
        let thread = std::thread::Builder::new().name(format!("shard-{number}"));
        shard.thread = Some(thread.spawn(move || {
            cpu_clock.store(ThreadClock::current().ok());
            if let Some(cpu) = cpu {
                pin_current_thread(cpu)?;
            }
            if pacing.is_exact() {
                sleep_exactly()?;
            }
            turner.run()
        })?);
        Ok(shard)
    }

    /// Lets it take in no more packets.
    pub(super) fn pause(&self) {
        self.begun.store(false, Ordering::Release);
        let _ = self.waker.wake();
    }

    /// Lets it take in packets: whoever was there before is known now.
    pub(super) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.thread.iter().for_each(|thread| thread.thread().unpark());
    }

    /// Stops the thread and waits for it.
    ///
    /// # Errors
    /// Why the shard had ended before, if it had.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.stop.store(true, Ordering::Release);
        self.begin();
        let _ = self.waker.wake();
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) => Err(io::Error::other("the shard panicked")),
            None => Ok(()),
        }
    }

    /// Whether its thread is still there.
    pub(super) fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Turner {
    fn run(mut self) -> io::Result<()> {
        self.backend.lift_sieve();
        let (mut now, mut left) = (self.clock.now(), Pending::Nothing);
        while !self.stop.load(Ordering::Acquire) {
            if !self.begun.load(Ordering::Acquire) {
                self.pause()?;
                continue;
            }
            now = match left {
                Pending::Nothing => self.counted_wait(now)?,
                Pending::Maybe => {
                    self.backend.wait(Some(Duration::ZERO))?;
                    self.clock.now()
                }
            };
            left = self.contained_turn(now)?;
        }
        self.publish(now);
        Ok(())
    }

    /// Packets wait in the sockets until everybody is known whom the relay before this one had: until
    /// then theirs would be a stranger's. Or until there is a relay after this one, which would not know of
    /// what they bring about.
    fn pause(&mut self) -> io::Result<()> {
        while !self.begun.load(Ordering::Acquire) {
            let now = self.clock.now();
            let mut containment = self.containment;
            let attended = containment.run(now, || {
                self.apply_commands();
                self.handle_timeout(now);
                self.report();
                Ok(())
            });
            self.containment = containment;
            attended?;
            std::thread::park_timeout(TAKE_OVER_REST);
        }
        Ok(())
    }

    /// Waits, and shows that it does.
    fn counted_wait(&mut self, turn_began: Instant) -> io::Result<Instant> {
        let since = self.clock.now();
        self.waits.begin(since);
        let woken = self.wait(turn_began)?;
        self.waits.end(since, woken);
        Ok(woken)
    }

    /// Until there is something to do: what time it is then. The last turn began at `turn_began`.
    fn wait(&mut self, turn_began: Instant) -> io::Result<Instant> {
        if self.pacing.is_steady()
            && let Some(rest) = self.pacing.before_looking(self.clock.now())
        {
            std::thread::sleep(rest);
            if self.backend.wait(Some(Duration::ZERO))? {
                return Ok(self.clock.now());
            }
            self.pacing.found_nothing();
        }
        if !self.look()? {
            let timeout = self.timeout(turn_began);
            self.backend.wait(timeout)?;
        }
        let woken = self.clock.now();
        let Some(rest) = self.pacing.after_waking(woken) else { return Ok(woken) };
        std::thread::sleep(rest);
        self.backend.wait(Some(Duration::ZERO))?;
        Ok(self.clock.now())
    }

    /// How long to wait for packets at most: until a timer is due, or what happened is to be shown.
    fn timeout(&self, turn_began: Instant) -> Option<Duration> {
        let timers = [self.engine.next_timeout(), self.strangers.next_look()];
        let timers = timers.into_iter().flatten().map(|when| when.since(turn_began));
        let show = self.unpublished.then_some(SHOWN_WITHIN);
        timers.chain(show).min()
    }

    /// Looks for packets without sleeping, as long as that is wanted; whether there are any.
    fn look(&mut self) -> io::Result<bool> {
        let span = self.pacing.busy_poll();
        if span.is_zero() {
            return Ok(false);
        }
        let until = self.clock.now() + span;
        while self.clock.now() < until {
            if self.backend.wait(Some(Duration::ZERO))? {
                return Ok(true);
            }
            std::hint::spin_loop();
        }
        Ok(false)
    }

    /// What a panic has left behind is looked for at once: there is no new edge for it.
    fn contained_turn(&mut self, now: Instant) -> io::Result<Pending> {
        let mut containment = self.containment;
        let left = containment.run(now, || self.turn(now));
        self.containment = containment;
        Ok(left?.unwrap_or(Pending::Maybe))
    }

    fn turn(&mut self, now: Instant) -> io::Result<Pending> {
        self.pacing.turn(now);
        self.apply_commands();
        self.handle_timeout(now);
        let mut step = EngineStep { engine: &mut self.engine, clock: self.clock };
        let left = self.backend.turn(&mut step, ROUNDS_MAX)?;
        self.mind_strangers(now, left);
        self.report();
        self.show_samples();
        self.turns += 1;
        self.unpublished = true;
        if now >= self.published + PUBLISH_INTERVAL {
            self.publish(now);
        }
        Ok(left)
    }

    fn apply_commands(&mut self) {
        while let Some(command) = self.mailbox.receive() {
            self.engine.apply(self.clock.now(), command);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.engine.next_timeout().is_some_and(|when| when <= now) {
            let engine = &mut self.engine;
            self.backend.emit(|outbox| engine.handle_timeout(now, outbox));
        }
    }

    /// Has the kernel keep strangers out while they are more than can be read.
    fn mind_strangers(&mut self, now: Instant, left: Pending) {
        let Self { engine, backend, strangers, waits, queues, .. } = self;
        let seen = || Seen::by(engine.counters(), waits.until(now));
        let done = match strangers.after_turn(now, left, seen, || Queues::of(queues)) {
            Some(Order::Put(share)) => backend.put_sieve(engine.admitted(), share),
            Some(Order::Lift) => {
                backend.lift_sieve();
                Ok(())
            }
            None => Ok(()),
        };
        if done.is_err() {
            // Without a sieve everybody is let in, as before.
            backend.lift_sieve();
            strangers.give_up();
        }
    }

    /// Hands reports over while the control thread has room; the rest stay in the engine.
    fn report(&mut self) {
        let mut any = false;
        while !self.mailbox.reports.is_full()
            && let Some(effect) = self.engine.poll_effect()
        {
            any |= self.mailbox.reports.push(effect).is_ok();
        }
        if any {
            self.control.notify_one();
        }
    }

    /// Nobody is woken for samples, and nobody misses one.
    fn show_samples(&mut self) {
        while let Some(sample) = self.engine.poll_sample() {
            let _ = self.mailbox.samples.push(sample);
        }
    }

    fn publish(&mut self, now: Instant) {
        (self.published, self.unpublished) = (now, false);
        self.strangers.note(Seen::by(self.engine.counters(), self.waits.until(now)));
        self.snapshot.store(Snapshot {
            engine: *self.engine.counters(),
            io: self.backend.counters(),
            parked: self.engine.parked() as u64,
            timers: self.engine.timers() as u64,
            turns: self.turns,
            panics: self.containment.panics(),
            sieved: self.strangers.shown(),
        });
    }
}

/// The engine as a backend calls it: the clock is read once per batch.
struct EngineStep<'e> {
    engine: &'e mut Engine,
    clock: Clock,
}

impl Step for EngineStep<'_> {
    fn batch<'rx>(
        &mut self,
        received: impl Iterator<Item = Datagram<'rx>>,
        outbox: &mut impl Outbox<'rx>,
    ) {
        self.engine.handle_batch(self.clock.now(), received, outbox);
    }

    fn accept(&mut self, remote: SocketAddr) -> bool {
        self.engine.accept(remote)
    }

    fn closed(&mut self, stream: LocalSocket) {
        self.engine.closed(stream);
    }
}
