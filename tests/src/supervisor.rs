//! A relay under a small service manager (`clients/supervisor.py`), which keeps its descriptors over its end as
//! systemd does.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value;

/// The manager. Dropping it ends it and the relay.
pub struct Supervisor {
    child: Child,
    orders: Option<ChildStdin>,
    notices: Receiver<Notice>,
}

/// What the manager tells.
#[derive(Clone, PartialEq, Debug)]
pub enum Notice {
    /// The relay said that it is ready.
    Ready {
        /// Since the one before it was told to end, or since this one was started.
        after: Duration,
        /// Its process.
        process: u32,
        /// Names of the descriptors that are kept then.
        kept: Vec<String>,
    },
    /// It has ended, with this status; negative is a signal.
    Ended(i64),
}

impl Supervisor {
    /// Starts the manager, and the relay with these arguments. What the relay writes goes to `log`.
    ///
    /// # Errors
    /// There is no python3.
    pub fn start(program: &Path, arguments: &[&OsStr], log: File) -> io::Result<Self> {
        let mut child = Command::new("python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/supervisor.py"))
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let (tell, notices) = channel();
        if let Some(output) = child.stdout.take() {
            let pass_on = move || read(output).try_for_each(|notice| tell.send(notice));
            std::thread::spawn(pass_on);
        }
        Ok(Self { orders: child.stdin.take(), child, notices })
    }

    /// Ends the relay by SIGKILL and starts the next one.
    ///
    /// # Errors
    /// The manager has ended.
    pub fn kill(&mut self) -> io::Result<()> {
        self.tell("kill")
    }

    /// The same by SIGTERM, as an operator would.
    ///
    /// # Errors
    /// The manager has ended.
    pub fn restart(&mut self) -> io::Result<()> {
        self.tell("restart")
    }

    /// Ends the relay by SIGKILL and starts none.
    ///
    /// # Errors
    /// The manager has ended.
    pub fn end(&mut self) -> io::Result<()> {
        self.tell("end-one")
    }

    /// Puts something that is no state in the place of the state that is kept.
    ///
    /// # Errors
    /// The manager has ended.
    pub fn spoil_state(&mut self) -> io::Result<()> {
        self.tell("spoil")
    }

    /// Starts a relay where there is none.
    ///
    /// # Errors
    /// The manager has ended.
    pub fn begin(&mut self) -> io::Result<()> {
        self.tell("start")
    }

    /// The next thing that it tells, if it does within that time.
    ///
    /// # Errors
    /// The manager has ended.
    pub fn notice(&self, within: Duration) -> io::Result<Option<Notice>> {
        match self.notices.recv_timeout(within) {
            Ok(notice) => Ok(Some(notice)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("the manager has ended")),
        }
    }

    fn tell(&mut self, word: &str) -> io::Result<()> {
        let orders = self.orders.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(orders, "{word}")
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        // The end of its orders ends it.
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// Until the manager ends.
fn read(output: ChildStdout) -> impl Iterator<Item = Notice> {
    BufReader::new(output).lines().map_while(Result::ok).filter_map(|line| notice(&line))
}

fn notice(line: &str) -> Option<Notice> {
    let told: Value = serde_json::from_str(line).ok()?;
    if let Some(status) = told["ended"].as_i64() {
        return Some(Notice::Ended(status));
    }
    let names = told["kept"].as_array()?.iter();
    Some(Notice::Ready {
        after: Duration::try_from_secs_f64(told["ready"].as_f64()?).ok()?,
        process: u32::try_from(told["pid"].as_u64()?).ok()?,
        kept: names.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
    })
}
