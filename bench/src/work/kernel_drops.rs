//! What the kernel dropped at full receive queues of our own sockets.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

const TABLES: [&str; 2] = ["/proc/thread-self/net/udp", "/proc/thread-self/net/udp6"];

/// Columns of a line (proc(5), `/proc/net/udp`); the drops come last.
const INODE: usize = 9;

/// Datagrams dropped since the sockets were opened.
pub(super) fn of(sockets: &[UdpSocket]) -> u64 {
    let inodes: BTreeSet<u64> = sockets.iter().filter_map(inode).collect();
    let tables = TABLES.iter().filter_map(|path| std::fs::read_to_string(path).ok());
    tables.map(|table| among(&table, &inodes)).sum()
}

fn inode(socket: &UdpSocket) -> Option<u64> {
    let path = format!("/proc/self/fd/{}", socket.as_raw_fd());
    std::fs::metadata(path).ok().map(|socket| socket.ino())
}

fn among(table: &str, inodes: &BTreeSet<u64>) -> u64 {
    let lines = table.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let inode = columns.get(INODE)?.parse().ok()?;
        inodes.contains(&inode).then(|| columns.last()?.parse::<u64>().ok())?
    });
    lines.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_is_seen() {
        let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
        let other = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket2::SockRef::from(&sink).set_recv_buffer_size(4096).unwrap();
        let sockets = [sink, other];
        assert_eq!(of(&sockets), 0);
        let to = sockets[0].local_addr().unwrap();
        (0..100).for_each(|_| assert_eq!(sockets[1].send_to(&[7; 1200], to).unwrap(), 1200));
        assert!((1..100).contains(&of(&sockets)));
        assert_eq!(of(&sockets[1..]), 0, "those of others do not count");
    }
}
