//! One thread of a process, stopped while the others go on (ptrace(2)).

use std::fs;

use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// It goes on when this is dropped, if its process is still there. Only the thread that made this
/// value may drop it.
pub(crate) struct StoppedThread(Pid);

impl StoppedThread {
    /// Stops the thread of that name; it stands still when this returns.
    ///
    /// # Panics
    /// There is no such thread, or it may not be traced.
    pub(crate) fn stop(process: u32, name: &str) -> Self {
        let thread = find(process, name);
        ptrace::seize(thread, ptrace::Options::empty()).expect("a child may be traced");
        ptrace::interrupt(thread).expect("it is traced");
        let stopped = waitpid(thread, Some(WaitPidFlag::__WALL)).expect("it is traced");
        assert!(
            matches!(stopped, WaitStatus::PtraceEvent(..)),
            "{name} does not stop: {stopped:?}"
        );
        Self(thread)
    }
}

impl Drop for StoppedThread {
    fn drop(&mut self) {
        if ptrace::detach(self.0, None).is_err() {
            // Its process was ended, and is not gone before whoever traces its threads took notice.
            let _ = waitpid(self.0, Some(WaitPidFlag::__WALL));
        }
    }
}

fn find(process: u32, name: &str) -> Pid {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    let mut threads = threads.map(|thread| thread.expect("it runs").path());
    let named = |path: &std::path::PathBuf| {
        fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim_end() == name)
    };
    let path = threads.find(named).unwrap_or_else(|| panic!("no thread is called {name}"));
    let number = path.file_name().and_then(|number| number.to_str()?.parse().ok());
    Pid::from_raw(number.expect("a folder is named for its thread"))
}
