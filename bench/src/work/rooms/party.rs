//! A participant's side of ICE: the endpoint of `ringfence join`.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use ringfence::endpoint::{Credentials, Endpoint, State, StunMessage};
use ringfence_core::{Instant, Seed};

/// One participant.
pub(super) struct Party {
    endpoint: Endpoint,
    relay: SocketAddr,
    credentials: Credentials,
    seed: Seed,
}

impl Party {
    /// `number` makes its transaction ids its own.
    pub(super) fn new(relay: SocketAddr, credentials: &Credentials, number: usize) -> Self {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let endpoint = Endpoint::new(Instant::START, relay, credentials, seed);
        Self { endpoint, relay, credentials: credentials.clone(), seed }
    }

    /// Its patience begins now.
    pub(super) fn begin(&mut self, since_start: Duration) {
        let now = Instant::START + since_start;
        self.endpoint = Endpoint::new(now, self.relay, &self.credentials, self.seed);
    }

    pub(super) fn is_latched(&self) -> bool {
        self.endpoint.state() == State::Latched
    }

    /// Checks, if it is time to.
    pub(super) fn do_what_is_due(&mut self, since_start: Duration) -> anyhow::Result<()> {
        self.endpoint.handle_timeout(Instant::START + since_start);
        ensure!(self.endpoint.state() != State::Lost, "a participant lost its path to the relay");
        Ok(())
    }

    /// Takes in what is not media. Whether there may be an answer to it.
    pub(super) fn hear(&mut self, since_start: Duration, datagram: &[u8]) -> bool {
        let before = self.endpoint.counts().path_checks_answered;
        self.endpoint.handle_datagram(Instant::START + since_start, datagram);
        self.endpoint.counts().path_checks_answered > before
    }

    #[cfg(test)]
    pub(super) fn checks_answered(&self) -> u64 {
        self.endpoint.counts().checks_answered
    }

    pub(super) fn next_message(&mut self) -> Option<StunMessage> {
        self.endpoint.poll_transmit()
    }
}
