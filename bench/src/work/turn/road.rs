//! Asking the server something while media flows.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use ringfence_tests::turn::Road;
use ringfence_wire::demux::Kind;

use super::ends::{End, Ends};

/// How long one answer is waited for.
const ANSWER_WAIT: Duration = Duration::from_millis(500);

const LOOK_INTERVAL: Duration = Duration::from_micros(100);

/// Media that came in between.
pub(super) struct Kept {
    pub(super) at_client: bool,
    pub(super) message: Vec<u8>,
    pub(super) at: Instant,
}

/// A client's way to the server. What comes and is no STUN is kept.
pub(super) struct LoadedRoad<'t> {
    pub(super) ends: &'t mut Ends,
    pub(super) end: End,
    pub(super) kept: &'t mut Vec<Kept>,
}

impl Road for LoadedRoad<'_> {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.ends.send(self.end, message, message.len())?;
        self.ends.flush()
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let (began, mut answers) = (Instant::now(), VecDeque::new());
        while began.elapsed() < ANSWER_WAIT {
            let kept = &mut *self.kept;
            self.ends.receive_at(self.end, &mut |message, at| {
                let message = message.to_vec();
                match Kind::of(&message) {
                    Kind::Stun => answers.push_back(message),
                    _ => kept.push(Kept { at_client: true, message, at }),
                }
            })?;
            // One request is under way at a time: whatever else there is answers none.
            match answers.pop_back() {
                Some(answer) => return Ok(answer),
                None => std::thread::sleep(LOOK_INTERVAL),
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}
