//! `ringfence dev`: a relay to try things on. No arguments, no privileges, nothing left behind: it
//! lives in a temporary folder, on loopback, where each 127.x.0.0/16 stands for a region.

mod folder;
mod guide;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use self::folder::Folder;
use self::guide::Guide;
use crate::api::Api;
use crate::cli::OutputMode;
use crate::log::{self, LineCap};
use crate::relay::{Control, Relay, StartError};

/// Why it did not run.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How often the shards and the log are looked after.
const WATCH: Duration = Duration::from_secs(1);

/// Pairs of free ports that are tried.
const ATTEMPTS: u32 = 8;

/// Options of `ringfence dev`: none.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct DevArgs {}

/// Runs a development relay until Ctrl-C.
pub fn run(_: &DevArgs, output: OutputMode) -> ExitCode {
    let Err(failure) = serve(output) else {
        return ExitCode::SUCCESS;
    };
    match output {
        OutputMode::Human { .. } => eprintln!("error: {failure}"),
        OutputMode::Json => eprintln!("{}", serde_json::json!({ "title": failure.to_string() })),
    }
    ExitCode::FAILURE
}

fn serve(output: OutputMode) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before the folder is made: from here on Ctrl-C leaves nothing behind.
        let mut signals = Signals::new()?;
        let (folder, log, relay) = start_somewhere(output)?;
        print(&Guide::new(relay.control(), &folder)?, output)?;
        tokio::select! {
            () = signals.received() => {}
            () = look_after(relay.control(), &log) => {}
        }
        Ok(relay.stop()?)
    })
}

/// Ports that were free may be taken a moment later: then others are.
fn start_somewhere(output: OutputMode) -> Result<(Folder, LineCap, Relay), Failure> {
    for _ in 1..ATTEMPTS {
        match start(output) {
            Err(failure) if is_taken(failure.as_ref()) => {}
            other => return other,
        }
    }
    start(output)
}

fn start(output: OutputMode) -> Result<(Folder, LineCap, Relay), Failure> {
    let folder = Folder::make(output)?;
    let loaded = crate::config::load(&folder.config(), [])?.proven()?;
    let log = log::start(loaded.config.log, color(output));
    let api = Api::bind(&loaded.config.control)?;
    let relay = Relay::start(loaded, api)?;
    Ok((folder, log, relay))
}

fn is_taken(failure: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let cause = match failure.downcast_ref() {
        Some(StartError::Bind(_, cause)) => cause,
        _ => return false,
    };
    cause.kind() == io::ErrorKind::AddrInUse
}

fn color(output: OutputMode) -> bool {
    !output.is_json() && io::stderr().is_terminal()
}

fn print(guide: &Guide, output: OutputMode) -> io::Result<()> {
    let text = match output {
        OutputMode::Human { .. } => guide.to_text(),
        OutputMode::Json => format!("{:#}\n", guide.to_json()),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Ends when a shard has ended; `Relay::stop` then says why.
async fn look_after(control: &Control, log: &LineCap) {
    while control.shards().iter().all(|shard| shard.running) {
        log.tell();
        tokio::time::sleep(WATCH).await;
    }
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
