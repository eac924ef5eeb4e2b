//! TCP and TLS: a thread cuts the stream into messages.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use ringfence_wire::framing;
use socket2::{Domain, Socket, Type};

use super::process::Process;
use super::road::{ANSWER_WAIT, Road};

/// A stream to a server.
pub struct StreamRoad {
    out: Box<dyn Write + Send>,
    messages: Receiver<Vec<u8>>,
    /// Whoever speaks TLS for us.
    _tls: Option<Process>,
}

impl StreamRoad {
    /// TCP from that address.
    ///
    /// # Errors
    /// Those of connect(2).
    pub fn tcp(from: IpAddr, server: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(from, 0).into())?;
        socket.connect(&server.into())?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        let messages = cut(stream.try_clone()?);
        Ok(Self { out: Box::new(stream), messages, _tls: None })
    }

    /// TLS by `openssl s_client`, which shares no code with the relay. It believes any certificate.
    ///
    /// # Errors
    /// openssl does not start.
    pub fn tls(from: IpAddr, server: SocketAddr) -> io::Result<Self> {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-quiet", "-connect"]).arg(server.to_string());
        command.arg("-bind").arg(SocketAddr::new(from, 0).to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process::start(&mut command);
        let (out, incoming) = process.pipes().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { out: Box::new(out), messages: cut(incoming), _tls: Some(process) })
    }
}

impl Road for StreamRoad {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let mut padded = message.to_vec();
        padded.resize(message.len().next_multiple_of(4), 0);
        self.out.write_all(&padded)?;
        self.out.flush()
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        self.messages.recv_timeout(ANSWER_WAIT).map_err(|_| io::ErrorKind::TimedOut.into())
    }
}

fn cut(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (out, messages) = channel();
    std::thread::spawn(move || {
        let (mut waiting, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(bytes @ 1..) = stream.read(&mut buffer) {
            waiting.extend_from_slice(&buffer[..bytes]);
            hand_on(&mut waiting, &out);
        }
    });
    messages
}

fn hand_on(waiting: &mut Vec<u8>, out: &Sender<Vec<u8>>) {
    while let Ok(Some(framed)) = framing::first(waiting)
        && framed.stream_bytes <= waiting.len()
    {
        let rest = waiting.split_off(framed.stream_bytes);
        let mut message = std::mem::replace(waiting, rest);
        message.truncate(framed.message_bytes);
        // Nobody listens any more once the road is dropped.
        let _ = out.send(message);
    }
}
