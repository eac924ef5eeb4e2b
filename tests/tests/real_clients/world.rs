//! A network of the test's own: a relay host with a wire to each of two regions, and no way out.
//!
//! A browser sends from whatever address its host has, so regions need hosts of their own. The
//! namespaces belong to a process that reads from the test: when the test ends, however it ends,
//! they vanish and everything in them is killed. Made inside a user namespace, which needs no
//! privileges where the system allows it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The relay host's address in europe; the wire to europe ends here.
pub(crate) const RELAY: &str = "10.77.1.1";
pub(crate) const EUROPE: &str = "10.77.1.0/24";
pub(crate) const CHINA: &str = "10.77.3.0/24";

const SET_UP: &str = r"
set -e
mount -t tmpfs tmpfs /run
ip link set lo up
region() {
    ip netns add $1
    ip link add $1 type veth peer name eth0 netns $1
    ip address add $2.1/24 dev $1
    ip link set $1 up
    ip -n $1 link set lo up
    ip -n $1 address add $2.2/24 dev eth0
    ip -n $1 link set eth0 up
    ip -n $1 route add default via $2.1
}
region europe 10.77.1
region china 10.77.3
# The kernel may take a second to say that a wire has a carrier; libwebrtc leaves out what has none.
for name in europe china; do
    until ip -n $name link show eth0 | grep -q 'state UP'; do sleep 0.02; done
done
echo ready
exec cat
";

pub(crate) struct World {
    holder: Child,
    /// The process that the namespaces are entered by.
    init: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut holder = Command::new("unshare")
            .args(["--map-root-user", "--net", "--mount", "--pid", "--mount-proc"])
            .args(["--fork", "--kill-child", "sh", "-c", SET_UP])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("util-linux is installed: scripts/check tools");
        let mut line = String::new();
        let output = holder.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("a pipe can be read");
        assert_eq!(line, "ready\n", "namespaces need root, or a system that lets users have them");
        let init = only_child(holder.id());
        Self { holder, init }
    }

    /// A program on the relay's host.
    pub(crate) fn at_relay(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--user", "--net", "--mount", "--pid", "--preserve-credentials"]);
        command.args(["--target", &self.init, program]);
        command
    }

    /// A program on the host of a region.
    pub(crate) fn at(&self, region: &str, program: &str) -> Command {
        let mut command = self.at_relay("ip");
        command.args(["netns", "exec", region, program]);
        command
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn only_child(parent: u32) -> String {
    let path = format!("/proc/{parent}/task/{parent}/children");
    std::fs::read_to_string(path).expect("a running process").trim().to_owned()
}
