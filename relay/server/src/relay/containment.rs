//! A panic ends the turn that it happened in, and nothing else.
//!
//! It is a bug of ours, and some packet may bring it about again and again. So it costs the batch that
//! was under way, which whoever sent it has to bear, and not the calls of everybody else. Memory is
//! sound, since nothing here is unsafe but the sockets, which forget a broken batch; numbers may be
//! off by that batch. A shard that panics all the time is no use to anyone: then it ends, and with it the
//! relay, which the service manager starts again.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ringfence_core::Instant;

/// Panics of one window that a shard survives.
const PANICS_MAX: u32 = 100;
/// How long they are counted together.
const WINDOW: Duration = Duration::from_secs(10);

/// Counts the panics of a shard and says when there are too many.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Containment {
    panics: u64,
    window_began: Instant,
    in_window: u32,
}

impl Containment {
    /// Does what may panic. `None` if it has: whatever it was doing is lost.
    ///
    /// # Errors
    /// What `work` gives; or there were too many panics of late.
    pub(super) fn run<T>(
        &mut self,
        now: Instant,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        // What is left half done is described above.
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(done) => done.map(Some),
            Err(_) => self.note(now).map(|()| None),
        }
    }

    /// Panics so far.
    pub(super) fn panics(&self) -> u64 {
        self.panics
    }

    fn note(&mut self, now: Instant) -> io::Result<()> {
        if now.since(self.window_began) >= WINDOW {
            (self.window_began, self.in_window) = (now, 0);
        }
        self.panics += 1;
        self.in_window += 1;
        match self.in_window > PANICS_MAX {
            true => Err(io::Error::other("the shard panics again and again")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::num::NonZeroU32;

    use ringfence_net::backend::Backend;
    use ringfence_net::sockets::{Sockets, SocketsConfig};
    use ringfence_wire::datagram::{Datagram, Outbox, Step, Transmit};

    use super::*;

    /// Sends everything back, and has a bug.
    struct Buggy;

    impl Step for Buggy {
        fn batch<'rx>(
            &mut self,
            received: impl Iterator<Item = Datagram<'rx>>,
            outbox: &mut impl Outbox<'rx>,
        ) {
            for Datagram { payload, remote, local, .. } in received {
                outbox.forward(Transmit { payload, to: remote, from: local });
                assert_ne!(payload, b"bug", "the bug");
            }
        }
    }

    /// What a sender hears back of some datagrams, each of which is taken in by itself.
    fn heard(sent: &[&[u8]]) -> (Vec<Vec<u8>>, Containment) {
        let address = "127.0.0.1:0".parse().unwrap();
        let mut sockets = Sockets::open(&SocketsConfig::listening(vec![address])).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.connect(sockets.local_addresses()[0]).unwrap();
        sender.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let (mut containment, mut heard) = (Containment::default(), Vec::new());
        for datagram in sent {
            sender.send(datagram).unwrap();
            sockets.wait(None).unwrap();
            let turn = || sockets.turn(&mut Buggy, NonZeroU32::MIN).map(drop);
            if containment.run(Instant::START, turn).unwrap().is_some() {
                let mut room = [0; 100];
                let bytes = sender.recv(&mut room).unwrap();
                heard.push(room[..bytes].to_vec());
            }
        }
        (heard, containment)
    }

    #[test]
    fn a_panic_costs_its_batch_and_the_next_one_passes() {
        let (heard, containment) = heard(&[b"one", b"bug", b"two", b"bug", b"three"]);
        assert_eq!(heard, [&b"one"[..], b"two", b"three"], "no answer to a batch that broke off");
        assert_eq!(containment.panics(), 2);
    }

    #[test]
    fn who_panics_all_the_time_ends_and_who_does_so_now_and_then_goes_on() {
        let mut containment = Containment::default();
        let mut panic_at = |s| {
            let now = Instant::from_start(Duration::from_secs(s));
            containment.run::<()>(now, || panic!("again")).is_ok()
        };
        assert!((0..10 * u64::from(PANICS_MAX)).all(&mut panic_at));
        let at_once = (0..=PANICS_MAX).take_while(|_| panic_at(100_000)).count();
        assert_eq!(at_once, PANICS_MAX as usize);
    }
}
