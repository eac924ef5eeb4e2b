//! How a client's messages travel.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

/// One client's way to its server.
pub trait Road {
    /// Sends one message, STUN or ChannelData.
    ///
    /// # Errors
    /// Those of the socket.
    fn send(&mut self, message: &[u8]) -> io::Result<()>;

    /// The next message, without the padding that closes it on a stream.
    ///
    /// # Errors
    /// `TimedOut` after half a second without one; those of the socket.
    fn receive(&mut self) -> io::Result<Vec<u8>>;
}

/// How long one answer is waited for.
pub(super) const ANSWER_WAIT: Duration = Duration::from_millis(500);

/// UDP.
pub struct UdpRoad {
    /// Connected to the server.
    pub socket: UdpSocket,
}

impl UdpRoad {
    /// From that address, any port.
    ///
    /// # Errors
    /// Those of bind(2) and connect(2).
    pub fn open(from: IpAddr, server: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((from, 0))?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(ANSWER_WAIT))?;
        Ok(Self { socket })
    }
}

impl Road for UdpRoad {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.socket.send(message).map(drop)
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; 2048];
        match self.socket.recv(&mut buffer) {
            Ok(bytes) => Ok(buffer[..bytes].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(io::ErrorKind::TimedOut.into())
            }
            Err(error) => Err(error),
        }
    }
}
