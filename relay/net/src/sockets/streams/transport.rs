//! The bytes of one connection, plain or in TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use ringfence_wire::framing;
use rustls::ServerConnection;
use socket2::SockRef;

use super::output::Output;
use super::stream::{End, Progress};

pub(super) struct Transport {
    socket: TcpStream,
    tls: Option<Box<ServerConnection>>,
}

/// Why a read brought nothing.
pub(super) enum Stop {
    /// Nothing waits; there will be an edge.
    Empty,
    /// A lot was read that is no data, and there may be more.
    Busy,
    /// There will be nothing more.
    End(End),
}

/// TLS reads of up to 4 KiB in a row that bring no data, as in a handshake.
const DATALESS_READS_MAX: usize = 8;

/// Reads that empty the kernel's buffer before a close: unread bytes would turn it into a reset,
/// which can cost the remote what was just sent (tcp(7)).
const DISCARDING_READS_MAX: usize = 16;

impl Transport {
    pub(super) fn new(socket: TcpStream, mut tls: Option<ServerConnection>) -> Self {
        if let Some(session) = &mut tls {
            // A message is encrypted whole or not at all; our own limit is on what is not yet.
            session.set_buffer_limit(None);
        }
        Self { socket, tls: tls.map(Box::new) }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|session| session.is_handshaking())
    }

    /// Whether a read that returns less than it was given room for has emptied the connection.
    pub(super) fn short_read_is_empty(&self) -> bool {
        self.tls.is_none()
    }

    /// Reads data: at least one byte, or a reason.
    pub(super) fn read(&mut self, into: &mut [u8]) -> Result<usize, Stop> {
        let Self { socket, tls } = self;
        match tls {
            None => loop {
                match socket.read(into) {
                    Ok(0) => return Err(Stop::End(End::RemoteDone)),
                    Ok(bytes) => return Ok(bytes),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(stop(&error)),
                }
            },
            Some(session) => read_tls(socket, session, into),
        }
    }

    /// Writes what `output` has, and the end of TLS where there is one.
    pub(super) fn write(&mut self, output: &mut Output, closing: bool) -> Result<Progress, End> {
        let Self { socket, tls } = self;
        let mut written = 0;
        let progress = match tls {
            None => write_all(socket, output.bytes(), &mut written),
            Some(session) => write_tls(socket, session, output.bytes(), closing, &mut written),
        };
        output.consume(written);
        match progress {
            Ok(()) => Ok(Progress::Done),
            Err(full) if full.kind() == ErrorKind::WouldBlock => Ok(Progress::Blocked),
            Err(_) => Err(End::Broken),
        }
    }

    /// Ends our side and throws away what has come in.
    pub(super) fn shut_down(&mut self) {
        // ENOTCONN: the remote was faster.
        let _shut = self.socket.shutdown(Shutdown::Write);
        let mut room = [0; 4096];
        for _ in 0..DISCARDING_READS_MAX {
            if !matches!(self.socket.read(&mut room), Ok(1..)) {
                break;
            }
        }
    }

    pub(super) fn reset_on_close(&self) {
        reset_on_close(&self.socket);
    }
}

/// Makes close(2) drop what is queued and send a reset (socket(7), SO_LINGER with zero seconds).
pub(super) fn reset_on_close(socket: &TcpStream) {
    // Without it the socket is closed the slower way, no more.
    let _set = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

fn read_tls(
    socket: &mut TcpStream,
    session: &mut ServerConnection,
    into: &mut [u8],
) -> Result<usize, Stop> {
    for _ in 0..DATALESS_READS_MAX {
        // Emptied before the next record is read, or rustls would refuse to take that.
        match session.reader().read(into) {
            Ok(0) => return Err(Stop::End(End::RemoteDone)),
            Ok(bytes) => return Ok(bytes),
            Err(empty) if empty.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(stop(&error)),
        }
        match session.read_tls(socket) {
            Ok(0) => return Err(Stop::End(End::RemoteDone)),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(stop(&error)),
        }
        if session.process_new_packets().is_err() {
            // The alert that says why; if it does not fit, that is how it is.
            let _sent = session.write_tls(socket);
            return Err(Stop::End(End::Tls));
        }
    }
    Err(Stop::Busy)
}

fn stop(error: &io::Error) -> Stop {
    match error.kind() {
        ErrorKind::WouldBlock => Stop::Empty,
        ErrorKind::UnexpectedEof => Stop::End(End::RemoteDone),
        _ => Stop::End(End::Broken),
    }
}

/// Data that is encrypted before the kernel gets it: it waits inside rustls then, so it is not much
/// more than this.
const ENCRYPTED_BYTES: usize = 16 << 10;

fn write_tls(
    socket: &mut TcpStream,
    session: &mut ServerConnection,
    data: &[u8],
    closing: bool,
    written: &mut usize,
) -> io::Result<()> {
    loop {
        while session.wants_write() {
            match session.write_tls(socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        let rest = data.get(*written..).unwrap_or_default();
        if session.is_handshaking() || (rest.is_empty() && !closing) {
            return Ok(());
        }
        *written += encrypt(session, rest)?;
        if rest.is_empty() {
            session.send_close_notify();
            if !session.wants_write() {
                return Ok(());
            }
        }
    }
}

/// Each message begins a record: some clients take what one read of TLS brings for one message.
fn encrypt(session: &mut ServerConnection, data: &[u8]) -> io::Result<usize> {
    let mut encrypted = 0;
    while encrypted < ENCRYPTED_BYTES
        && let Some(rest) = data.get(encrypted..).filter(|rest| !rest.is_empty())
    {
        let message = match framing::first(rest) {
            Ok(Some(framed)) => rest.get(..framed.stream_bytes).unwrap_or(rest),
            // We wrote it, so it is whole messages.
            Ok(None) | Err(_) => rest,
        };
        session.writer().write_all(message)?;
        encrypted += message.len();
    }
    Ok(encrypted)
}

fn write_all(socket: &mut TcpStream, data: &[u8], written: &mut usize) -> io::Result<()> {
    while let Some(rest) = data.get(*written..).filter(|rest| !rest.is_empty()) {
        match socket.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(bytes) => *written += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
