//! The thread that writes the trail, and the handle by which all others reach it. Nobody waits for
//! the disk: what does not fit the queue is counted, and the count is written when there is room.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{error, info, warn};

use super::flood::Flood;
use super::{Chain, ChainError, ChainSettings, Record};
use crate::timestamp::Moment;

/// Records that wait for the disk: a stall of a second in a relay whose every participant moves.
const QUEUE_MAX: usize = 16_384;

/// How soon a disk that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The longest the thread sleeps, so that what was counted is told soon.
const PATIENCE_MAX: Duration = Duration::from_millis(500);

/// Puts records onto the trail, from any thread; without a trail they go nowhere.
#[derive(Clone, Debug, Default)]
pub struct Audit(Option<Arc<Inlet>>);

/// The writing thread. Dropping it closes the trail.
#[derive(Debug)]
pub struct AuditThread {
    audit: Audit,
    thread: Option<JoinHandle<()>>,
}

/// How the trail does, for metrics and probes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditStatus {
    /// Number of the last line.
    pub seq: u64,
    /// The last line that is known to be on the disk.
    pub sealed_seq: u64,
    /// Records that were not written, for want of room or of a disk.
    pub lost: u64,
    /// Refusals that were only counted.
    pub suppressed: u64,
    /// Why nothing is written now.
    pub failure: Option<String>,
}

#[derive(Debug)]
struct Inlet {
    queue: SyncSender<Message>,
    flood: Mutex<Flood>,
    seq: AtomicU64,
    sealed_seq: AtomicU64,
    lost: AtomicU64,
    /// Of those lost for want of room, how many the trail does not tell yet, and since when:
    /// microseconds since 1970, the greatest of all where there are none.
    untold: AtomicU64,
    untold_since_us: AtomicU64,
    suppressed: AtomicU64,
    failure: Mutex<Option<String>>,
}

#[derive(Debug)]
enum Message {
    Record(Moment, Box<Record>),
    Close,
}

impl Audit {
    /// Puts a record onto the trail. Returns at once.
    pub fn record(&self, record: Record) {
        let Some(inlet) = &self.0 else { return };
        if record.is_refusal() && !locked(&inlet.flood).admit(Instant::now()) {
            inlet.suppressed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let message = Message::Record(Moment::now(), Box::new(record));
        if inlet.queue.try_send(message).is_err() {
            inlet.lost.fetch_add(1, Ordering::Relaxed);
            inlet.untold_since_us.fetch_min(Moment::now().unix_us, Ordering::Relaxed);
            inlet.untold.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How the trail does; `None` where there is none.
    pub fn status(&self) -> Option<AuditStatus> {
        let inlet = self.0.as_ref()?;
        Some(AuditStatus {
            seq: inlet.seq.load(Ordering::Relaxed),
            sealed_seq: inlet.sealed_seq.load(Ordering::Relaxed),
            lost: inlet.lost.load(Ordering::Relaxed),
            suppressed: inlet.suppressed.load(Ordering::Relaxed),
            failure: locked(&inlet.failure).clone(),
        })
    }
}

impl AuditThread {
    /// Takes the trail up and starts to write it. A trail that is damaged is left as it is.
    ///
    /// # Errors
    /// [`ChainError`]; then no thread runs.
    pub fn start(
        settings: ChainSettings,
        epoch: u32,
        fsync_interval: Duration,
        anchor_interval: Duration,
    ) -> Result<Self, ChainError> {
        let chain = Chain::open(settings.clone(), epoch)?;
        let (queue, records) = sync_channel(QUEUE_MAX);
        let inlet = Arc::new(Inlet::new(queue, &chain));
        let now = Instant::now();
        let writer = Writer {
            last: (chain.seq(), chain.sealed_seq(), epoch),
            chain: Some(chain),
            settings,
            inlet: Arc::clone(&inlet),
            fsync_interval,
            anchor_interval,
            seal_at: now + fsync_interval,
            anchor_at: now + anchor_interval,
            retry_at: now,
            lost: 0,
            whole_until: Moment::now(),
        };
        let thread = std::thread::Builder::new().name("audit".into());
        let thread = thread.spawn(move || writer.run(&records))?;
        Ok(Self { audit: Audit(Some(inlet)), thread: Some(thread) })
    }

    /// The handle to it.
    pub fn audit(&self) -> Audit {
        self.audit.clone()
    }

    /// Writes what waits, signs, brings all to the disk and ends the thread.
    ///
    /// # Errors
    /// If the thread had ended before.
    pub fn stop(&mut self) -> io::Result<()> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        if let Some(inlet) = &self.audit.0 {
            // A full queue is being emptied; an error means that the thread is gone.
            let _ = inlet.queue.send(Message::Close);
        }
        thread.join().map_err(|_| io::Error::other("the audit thread panicked"))
    }
}

impl Drop for AuditThread {
    fn drop(&mut self) {
        // Whoever wants to know calls `stop`.
        let _ = self.stop();
    }
}

impl Inlet {
    fn new(queue: SyncSender<Message>, chain: &Chain) -> Self {
        Self {
            queue,
            flood: Mutex::new(Flood::new(Instant::now())),
            seq: chain.seq().into(),
            sealed_seq: chain.sealed_seq().into(),
            lost: AtomicU64::new(0),
            untold: AtomicU64::new(0),
            untold_since_us: AtomicU64::new(u64::MAX),
            suppressed: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }
}

struct Writer {
    /// `None` while the disk fails.
    chain: Option<Chain>,
    settings: ChainSettings,
    inlet: Arc<Inlet>,
    fsync_interval: Duration,
    anchor_interval: Duration,
    seal_at: Instant,
    anchor_at: Instant,
    retry_at: Instant,
    /// Last line, last line on the disk, and epoch, as the chain had them.
    last: (u64, u64, u32),
    /// Records that the failing disk has cost and the trail does not tell yet.
    lost: u64,
    /// Up to then nothing was lost to the disk.
    whole_until: Moment,
}

impl Writer {
    fn run(mut self, records: &Receiver<Message>) {
        loop {
            match records.recv_timeout(self.patience()) {
                Ok(Message::Record(time, record)) => self.write(time, *record),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
            self.tend(Instant::now(), false);
        }
        while let Ok(Message::Record(time, record)) = records.try_recv() {
            self.write(time, *record);
        }
        self.tend(Instant::now(), true);
    }

    fn patience(&self) -> Duration {
        let unsealed = self.chain.as_ref().is_some_and(|chain| chain.seq() > chain.sealed_seq());
        let due = if unsealed { self.seal_at.min(self.anchor_at) } else { self.anchor_at };
        due.saturating_duration_since(Instant::now()).min(PATIENCE_MAX)
    }

    fn write(&mut self, time: Moment, record: Record) {
        if self.chain.is_none() {
            self.lose(1);
            return;
        }
        if !self.attempt(|chain| chain.append(time, record)) {
            self.lose(1);
        }
    }

    /// Whatever is due: at the end, everything.
    fn tend(&mut self, now: Instant, closing: bool) {
        if self.chain.is_none() && (closing || now >= self.retry_at) {
            self.reopen(now);
        }
        self.tell_counts(now, closing);
        if closing || now >= self.anchor_at {
            self.anchor_at = now + self.anchor_interval;
            self.attempt(|chain| chain.anchor(Moment::now()));
        }
        if closing || now >= self.seal_at {
            self.seal_at = now + self.fsync_interval;
            let sealed_at = Moment::now();
            if self.attempt(Chain::seal) && self.lost == 0 {
                self.whole_until = sealed_at;
            }
        }
    }

    fn tell_counts(&mut self, now: Instant, closing: bool) {
        if self.chain.is_none() {
            return;
        }
        let suppressed = locked(&self.inlet.flood).take(now, closing);
        if let Some(count) = suppressed {
            self.write(Moment::now(), Record::Suppressed { count });
        }
        let unfit = self.inlet.untold.swap(0, Ordering::Relaxed);
        let since_us = self.inlet.untold_since_us.swap(u64::MAX, Ordering::Relaxed);
        let unfit_since = Moment { unix_us: since_us.min(Moment::now().unix_us) };
        let failed = (std::mem::take(&mut self.lost), "disk", self.whole_until);
        for (count, cause, since) in [(unfit, "queue_full", unfit_since), failed] {
            if count > 0 {
                let record = Record::Lost { count, cause: cause.to_owned(), since };
                if !self.attempt(|chain| chain.append(Moment::now(), record)) {
                    self.lost += count;
                }
            }
        }
    }

    /// Does something with the chain; lets go of it if it fails. Whether it was done.
    fn attempt(&mut self, act: impl FnOnce(&mut Chain) -> Result<(), ChainError>) -> bool {
        let Some(chain) = &mut self.chain else { return false };
        let done = act(chain);
        self.last = (chain.seq(), chain.sealed_seq(), chain.epoch());
        self.inlet.seq.store(self.last.0, Ordering::Relaxed);
        self.inlet.sealed_seq.store(self.last.1, Ordering::Relaxed);
        let Err(error) = done else { return true };
        error!(%error, "the audit trail cannot be written: records are lost");
        self.fail(&error);
        false
    }

    fn fail(&mut self, error: &ChainError) {
        self.chain = None;
        self.retry_at = Instant::now() + RETRY;
        *locked(&self.inlet.failure) = Some(error.to_string());
    }

    /// Reads the trail again, as at a start: after an error nobody knows what reached the disk.
    fn reopen(&mut self, now: Instant) {
        let (seq, sealed_seq, epoch) = self.last;
        match Chain::reopen(self.settings.clone(), epoch, sealed_seq) {
            Ok(chain) => {
                // It may have begun with a line that tells of its mending.
                self.lose(seq.saturating_sub(chain.seq()));
                self.chain = Some(chain);
                *locked(&self.inlet.failure) = None;
                info!("the audit trail is written again");
            }
            Err(error) => {
                warn!(%error, "the audit trail still cannot be written");
                self.fail(&error);
                self.retry_at = now + RETRY;
            }
        }
    }

    fn lose(&mut self, count: u64) {
        self.lost += count;
        self.inlet.lost.fetch_add(count, Ordering::Relaxed);
    }
}

/// Nothing that can panic is done under these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
