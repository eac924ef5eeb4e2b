//! One thread of a process, stopped while the others go on (ptrace(2)).

use std::fs;

use nix::libc::{EBADF, EINTR, user_regs_struct};
use nix::sys::ptrace;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// It goes on when this is dropped, if its process is still there. Only the thread that made this
/// value may drop it.
#[derive(Debug)]
pub struct StoppedThread(Pid);

impl StoppedThread {
    /// Stops the thread of that name; it stands still when this returns.
    ///
    /// # Panics
    /// There is no such thread, or it may not be traced.
    pub fn stop(process: u32, name: &str) -> Self {
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

    /// Lets it go on. If it was waiting for events, which being stopped has interrupted, that fails as if what
    /// it waits with were closed (epoll_wait(2), EBADF), and a thread that can never wait again has to end.
    /// False: it was not waiting.
    ///
    /// # Panics
    /// It may not be traced.
    pub fn go_on_without_waiting(self) -> bool {
        let mut registers = ptrace::getregs(self.0).expect("it is stopped");
        let result = result(&mut registers);
        let was_waiting = *result == returned(EINTR);
        if was_waiting {
            *result = returned(EBADF);
            ptrace::setregs(self.0, registers).expect("it is stopped");
        }
        was_waiting
    }
}

/// What the kernel returns for an error.
fn returned(error: i32) -> u64 {
    (-i64::from(error)).cast_unsigned()
}

/// Where a system call's result is (syscall(2)).
fn result(registers: &mut user_regs_struct) -> &mut u64 {
    #[cfg(target_arch = "x86_64")]
    return &mut registers.rax;
    #[cfg(target_arch = "aarch64")]
    return &mut registers.regs[0];
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
