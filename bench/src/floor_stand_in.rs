//! A reflector by std's calls alone, one datagram at a time.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Sends back what arrives.
pub(crate) struct Reflector {
    sockets: Vec<UdpSocket>,
    addresses: Vec<SocketAddr>,
}

impl Reflector {
    pub(crate) fn open(addresses: &[SocketAddr], _trains: bool) -> io::Result<Self> {
        let sockets: Vec<UdpSocket> =
            addresses.iter().map(UdpSocket::bind).collect::<io::Result<_>>()?;
        for socket in &sockets {
            socket.set_nonblocking(true)?;
        }
        let addresses = sockets.iter().map(UdpSocket::local_addr).collect::<io::Result<_>>()?;
        Ok(Self { sockets, addresses })
    }

    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(crate) fn serve(&self, stop: &AtomicBool) -> io::Result<()> {
        let mut buffer = vec![0; 65_535];
        while !stop.load(Ordering::Relaxed) {
            let mut idle = true;
            for socket in &self.sockets {
                while let Ok((bytes, from)) = socket.recv_from(&mut buffer) {
                    idle = socket.send_to(&buffer[..bytes], from).is_err();
                }
            }
            if idle {
                std::thread::sleep(Duration::from_micros(100));
            }
        }
        Ok(())
    }
}
