//! Whether there are file descriptors for all that the configuration allows.

use super::Finding;
use crate::config::Config;

const CHECK: &str = "open_files";

/// Of the process itself: files, the API's connections (512 at most), timers.
const OTHERS: u64 = 600;

/// Of each shard beside its listen sockets: a poll and a waker.
const PER_SHARD: u64 = 2;

/// How many descriptors are open when all is in use that may be.
pub(super) fn needed(config: &Config, shards: usize) -> u64 {
    let listen = &config.listen;
    let stream_listeners = listen.turn_tcp.len() + listen.turn_tls.len();
    let streams = match stream_listeners {
        0 => 0,
        _ => u64::from(config.limits.streams_max),
    };
    let relayed = (listen.relay_ports.len() * listen.relay_addresses.len()) as u64;
    let listeners = (listen.media.len() + stream_listeners) as u64;
    OTHERS + relayed + streams + shards as u64 * (PER_SHARD + listeners)
}

/// The relay raises its soft limit to the hard one, which `max` is; `None`: not known.
pub(super) fn check(needed: u64, max: Option<u64>) -> Finding {
    let Some(max) = max else {
        return Finding::unknown(CHECK, "/proc/self/limits");
    };
    if max >= needed {
        let message = format!("{max} files may be open, and {needed} can come to be");
        return Finding::ok(CHECK, message);
    }
    let message = format!(
        "{max} files may be open here, and {needed} can come to be: each allocation and each \
         connection takes one"
    );
    let fix = format!(
        "systemctl edit ringfence.service    # and write:\n[Service]\nLimitNOFILE={needed}"
    );
    Finding::warning(CHECK, message, fix)
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn needed_by(more: &str) -> u64 {
        let text = include_str!("../../tests/api/running.toml")
            .replace("[control]", &format!("{more}\n[control]"))
            .replace("rooms_max = 4", "rooms_max = 4\nstreams_max = 100");
        let loaded = crate::config::parse("test", &text, std::path::Path::new("/"), []);
        needed(&loaded.unwrap().config, 2)
    }

    #[test]
    fn relay_ports_and_streams_each_need_one() {
        let without = needed_by("");
        assert_eq!(without, OTHERS + 2 * (PER_SHARD + 1));
        let relay = "relay_addresses = [\"127.1.0.1\"]\nrelay_ports = \"50000-50999\"";
        assert_eq!(needed_by(relay), without + 1_000);
        assert_eq!(needed_by("turn_tcp = [\"127.1.0.1:3478\"]"), without + 100 + 2);
    }

    #[test]
    fn too_few_are_a_warning_that_says_how_many_it_takes() {
        assert_eq!(check(1_000, Some(1_000)).grade, Grade::Ok);
        assert_eq!(check(1_000, None).grade, Grade::Warning);
        let found = check(1_001, Some(1_000));
        assert_eq!(found.grade, Grade::Warning);
        assert!(found.fix.unwrap().ends_with("[Service]\nLimitNOFILE=1001"));
    }
}
