//! rtpengine's `ng` control protocol: a cookie, a space and a bencoded dictionary in one UDP datagram
//! (rtpengine's README, "The ng control protocol").

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};

use super::bencode::Value;
use super::sdp;

/// How long one answer is waited for; then the command is sent again with its cookie, which rtpengine
/// answers from memory.
const ANSWER_WAIT: Duration = Duration::from_millis(250);

const ATTEMPTS: usize = 4;

/// A controller of one rtpengine.
pub struct Ng {
    socket: UdpSocket,
}

/// Commands of this process so far: rtpengine answers a cookie that it has seen, whoever sent it, with
/// what it answered then.
static COMMANDS: AtomicU64 = AtomicU64::new(0);

impl Ng {
    /// One that talks to this address; nothing is sent yet.
    ///
    /// # Errors
    /// There is no way there.
    pub fn connect(rtpengine: SocketAddr) -> anyhow::Result<Self> {
        let any = if rtpengine.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any)?;
        socket.connect(rtpengine)?;
        socket.set_read_timeout(Some(ANSWER_WAIT))?;
        Ok(Self { socket })
    }

    /// Asks whether it is there.
    ///
    /// # Errors
    /// It is not.
    pub fn ping(&self) -> anyhow::Result<()> {
        self.command([("command", "ping")]).map(drop)
    }

    /// Begins a call of a party at `caller`. Where the other party is to send to.
    ///
    /// # Errors
    /// It refuses, or does not answer.
    pub fn offer(&self, call: &str, caller: SocketAddr) -> anyhow::Result<SocketAddr> {
        let sdp = sdp::of(caller);
        let answer = self.command([
            ("command", "offer"),
            ("call-id", call),
            ("from-tag", "caller"),
            ("ICE", "remove"),
            ("sdp", &sdp),
        ]);
        media_address(&answer?)
    }

    /// Completes a call with a party at `callee`. Where the caller is to send to.
    ///
    /// # Errors
    /// It refuses, or does not answer.
    pub fn answer(&self, call: &str, callee: SocketAddr) -> anyhow::Result<SocketAddr> {
        let sdp = sdp::of(callee);
        let answer = self.command([
            ("command", "answer"),
            ("call-id", call),
            ("from-tag", "caller"),
            ("to-tag", "callee"),
            ("ICE", "remove"),
            ("sdp", &sdp),
        ]);
        media_address(&answer?)
    }

    /// Ends a call.
    ///
    /// # Errors
    /// It knows of no such call, or does not answer.
    pub fn delete(&self, call: &str) -> anyhow::Result<()> {
        let words = [("command", "delete"), ("call-id", call), ("from-tag", "caller")];
        // To delete nothing is only worth a warning to it.
        match self.command(words)?.text("warning") {
            Some(warning) => bail!("{warning}"),
            None => Ok(()),
        }
    }

    fn command<'w>(
        &self,
        words: impl IntoIterator<Item = (&'w str, &'w str)>,
    ) -> anyhow::Result<Value> {
        let command = COMMANDS.fetch_add(1, Ordering::Relaxed);
        let cookie = format!("{}_{command} ", std::process::id());
        let mut message = cookie.clone().into_bytes();
        Value::words(words).write(&mut message);
        for _ in 0..ATTEMPTS {
            // A refused connection is told by the next call; rtpengine may just be starting.
            if self.socket.send(&message).is_err() {
                std::thread::sleep(ANSWER_WAIT);
            } else if let Some(answer) = self.receive(&cookie) {
                return good(Value::read(&answer)?);
            }
        }
        bail!("no answer from rtpengine at {:?}", self.socket.peer_addr())
    }

    /// The answer with that cookie; `None` if it does not come in time.
    fn receive(&self, cookie: &str) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 65_535];
        loop {
            let bytes = self.socket.recv(&mut buffer).ok()?;
            if let Some(answer) = buffer[..bytes].strip_prefix(cookie.as_bytes()) {
                return Some(answer.to_vec());
            }
        }
    }
}

fn good(answer: Value) -> anyhow::Result<Value> {
    match answer.text("result") {
        Some("ok" | "pong") => Ok(answer),
        _ => bail!("rtpengine refuses: {}", answer.text("error-reason").unwrap_or("no reason")),
    }
}

fn media_address(answer: &Value) -> anyhow::Result<SocketAddr> {
    let address = answer.text("sdp").and_then(sdp::media_address);
    address.context("rtpengine's answer names no address for media")
}
