//! The floor: the same copies to the same sockets from the same processor, and nothing else done.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use ringfence_net::affinity::pin_current_thread;
use ringfence_net::cputime;
use ringfence_net::floor::FanOut;

use super::{AHEAD_MAX, Cost, QUIET_MAX};
use crate::ears::Ears;
use crate::relay::Cpus;
use crate::room::Participant;

/// Copies in one round of the loop: each listener gets as many packets as it takes to fill whole
/// system calls of 64 messages, whatever the room's size.
const PACKETS_A_ROUND: usize = 64;

/// How long the loop waits at a time.
const WAIT: Duration = Duration::from_micros(50);

/// A bare `sendmmsg` loop to a room's listeners.
pub struct FloorSide<'p> {
    listeners: &'p [Participant],
    cpus: Cpus,
}

impl<'p> FloorSide<'p> {
    /// A loop on the shard's processor.
    pub fn new(listeners: &'p [Participant], cpus: Cpus) -> Self {
        Self { listeners, cpus }
    }

    /// Sends at least that many copies of `payload_bytes` and waits until all are heard.
    ///
    /// # Errors
    /// A socket or the thread fails.
    pub fn measure(&self, payload_bytes: usize, copies: u64) -> anyhow::Result<Cost> {
        let a_round = PACKETS_A_ROUND * self.listeners.len();
        let rounds = copies.div_ceil(a_round as u64);
        let expected = rounds * a_round as u64;
        let mut ears = Ears::new(self.listeners);
        ears.drain()?;
        let (began, heard) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let sender = self.sender(payload_bytes, rounds, Arc::clone(&heard))?;
        listen_while(&mut ears, &sender, &heard, expected)?;
        let heard = heard.load(Relaxed);
        let cpu = sender.join().map_err(|_| anyhow!("the floor's thread panicked"))??;
        Ok(Cost { cpu, wall: began.elapsed(), copies: heard, lost: expected - heard })
    }

    /// A thread that sends and returns the processor time that this took it. It is born on its
    /// processor: on ours it would have to wait for us, who never sleep.
    fn sender(
        &self,
        payload_bytes: usize,
        rounds: u64,
        heard: Arc<AtomicU64>,
    ) -> io::Result<JoinHandle<anyhow::Result<Duration>>> {
        let to: Vec<SocketAddr> = self.listeners.iter().map(|one| one.address).collect();
        let ahead_max = AHEAD_MAX * to.len() as u64;
        let to = to.repeat(PACKETS_A_ROUND);
        pin_current_thread(self.cpus.shard)?;
        let sender = std::thread::spawn(move || {
            let socket = UdpSocket::bind("127.1.0.1:0")?;
            let mut fan_out = FanOut::new(&socket, &to, vec![0xA5; payload_bytes]);
            send(&mut fan_out, rounds, &heard, ahead_max)
        });
        pin_current_thread(self.cpus.load)?;
        Ok(sender)
    }
}

fn send(
    fan_out: &mut FanOut<'_>,
    rounds: u64,
    heard: &AtomicU64,
    ahead_max: u64,
) -> anyhow::Result<Duration> {
    let (mut spent, mut sent) = (Duration::ZERO, 0);
    for _ in 0..rounds {
        while sent > heard.load(Relaxed) + ahead_max {
            std::thread::sleep(WAIT);
        }
        let before = cputime::of_current_thread()?;
        sent += fan_out.send()? as u64;
        spent += cputime::of_current_thread()? - before;
    }
    Ok(spent)
}

fn listen_while(
    ears: &mut Ears<'_>,
    sender: &JoinHandle<anyhow::Result<Duration>>,
    heard: &AtomicU64,
    expected: u64,
) -> io::Result<()> {
    let mut last_heard = Instant::now();
    while heard.load(Relaxed) < expected
        && (!sender.is_finished() || last_heard.elapsed() < QUIET_MAX)
    {
        let now = Instant::now();
        let now_heard = ears.listen(now)?;
        if now_heard > 0 {
            heard.fetch_add(now_heard, Relaxed);
            last_heard = now;
        }
    }
    Ok(())
}
