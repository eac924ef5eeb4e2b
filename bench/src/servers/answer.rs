//! Waiting until a server that was started answers.

use std::net::SocketAddr;

use ringfence_tests::turn::{Road, UdpRoad};
use ringfence_wire::stun::{Class, Method, TransactionId, Writer};

use super::ASKING;

/// How often it is asked; each time it has half a second.
const ASKED_MAX: usize = 40;

/// Returns once a Binding request was answered, or it has ended.
///
/// # Errors
/// It does not answer; `log` says what it wrote.
pub(super) fn wait(
    address: SocketAddr,
    mut is_running: impl FnMut() -> bool,
    log: impl Fn() -> String,
) -> anyhow::Result<()> {
    let mut buffer = [0; 64];
    let id = TransactionId([9; 12]);
    let request = Writer::new(&mut buffer, Class::Request, Method::BINDING, id)?.finish();
    for _ in 0..ASKED_MAX {
        let mut road = UdpRoad::open(ASKING, address)?;
        let began = std::time::Instant::now();
        if road.send(request).and_then(|()| road.receive()).is_ok() {
            return Ok(());
        }
        anyhow::ensure!(is_running(), "the server at {address} has ended: {}", log());
        // A port that is closed refuses at once.
        std::thread::sleep(PAUSE.saturating_sub(began.elapsed()));
    }
    anyhow::bail!("the server at {address} does not answer: {}", log())
}

const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);
