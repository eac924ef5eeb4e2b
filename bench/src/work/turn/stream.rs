//! TCP and TLS from a client to its server, without waiting.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context;
use ringfence_wire::framing;
use rustls::ClientConnection;
use socket2::{Domain, Socket, Type};

use super::tls;

/// What waits to be sent before more of it is lost: a server that does not keep up would otherwise be
/// owed ever more.
const QUEUE_BYTES_MAX: usize = 1 << 20;

const READ_BYTES: usize = 64 << 10;

const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// A stream of messages.
pub(super) struct Stream {
    socket: TcpStream,
    tls: Option<Box<ClientConnection>>,
    out: Vec<u8>,
    incoming: Vec<u8>,
    buffer: Vec<u8>,
}

impl Stream {
    pub(super) fn open(from: SocketAddr, server: SocketAddr, tls: bool) -> anyhow::Result<Self> {
        let socket = connect(from, server).with_context(|| format!("a stream to {server}"))?;
        let tls = tls.then(|| tls::shake_hands(&socket)).transpose()?.map(Box::new);
        socket.set_nonblocking(true)?;
        let (out, incoming, buffer) = (Vec::new(), Vec::new(), vec![0; READ_BYTES]);
        Ok(Self { socket, tls, out, incoming, buffer })
    }

    /// Queues a message, padded as RFC 8656 section 12.5 has it; a full queue takes none.
    pub(super) fn queue(&mut self, message: &[u8]) {
        if self.out.len() < QUEUE_BYTES_MAX {
            self.out.extend_from_slice(message);
            self.out.resize(self.out.len() + framing::padding_bytes(message.len()), 0);
        }
    }

    /// Sends what the kernel has room for.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Self { socket, tls, out, .. } = self;
        match tls {
            Some(tls) => flush_tls(tls, socket, out),
            None => flush_plain(socket, out),
        }
    }

    /// Gives each message that is whole. Whether there may be more.
    pub(super) fn receive(&mut self, heard: &mut dyn FnMut(&[u8], Instant)) -> io::Result<bool> {
        let Self { socket, tls, incoming, buffer, .. } = self;
        let bytes = match tls {
            Some(tls) => read_tls(tls, socket, buffer),
            None => socket.read(buffer),
        };
        match bytes {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(bytes) => {
                incoming.extend_from_slice(&buffer[..bytes]);
                hand_on(incoming, heard)?;
                Ok(bytes == buffer.len())
            }
            Err(none) if none.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn connect(from: SocketAddr, server: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    socket.bind(&from.into())?;
    socket.connect_timeout(&server.into(), CONNECT_WAIT)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(CONNECT_WAIT))?;
    Ok(stream)
}

fn flush_plain(mut socket: &TcpStream, out: &mut Vec<u8>) -> io::Result<()> {
    while !out.is_empty() {
        match socket.write(out) {
            Ok(bytes) => drop(out.drain(..bytes)),
            Err(full) if full.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn flush_tls(
    tls: &mut ClientConnection,
    mut socket: &TcpStream,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    loop {
        while tls.wants_write() {
            match tls.write_tls(&mut socket) {
                Ok(_) => {}
                Err(full) if full.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if out.is_empty() {
            return Ok(());
        }
        let bytes = tls.writer().write(out)?;
        out.drain(..bytes);
    }
}

fn read_tls(
    tls: &mut ClientConnection,
    mut socket: &TcpStream,
    buffer: &mut [u8],
) -> io::Result<usize> {
    match tls.reader().read(buffer) {
        Err(none) if none.kind() == ErrorKind::WouldBlock => {}
        other => return other,
    }
    if tls.read_tls(&mut socket)? == 0 {
        return Ok(0);
    }
    tls.process_new_packets().map_err(io::Error::other)?;
    tls.reader().read(buffer)
}

fn hand_on(incoming: &mut Vec<u8>, heard: &mut dyn FnMut(&[u8], Instant)) -> io::Result<()> {
    let (mut at, now) = (0, Instant::now());
    while let Some(framed) = framing::first(&incoming[at..]).map_err(io::Error::other)? {
        let Some(message) = incoming.get(at..at + framed.stream_bytes) else { break };
        heard(&message[..framed.message_bytes], now);
        at += framed.stream_bytes;
    }
    incoming.drain(..at);
    Ok(())
}
