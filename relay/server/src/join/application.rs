//! The application's side: plain UDP, RTP and RTCP.

use std::io;
use std::net::SocketAddr;

use ringfence_core::Instant;
use ringfence_wire::demux::Kind;
use ringfence_wire::rtcp::RtcpHeader;
use ringfence_wire::rtp::{RtpHeader, Ssrc};
use tokio::net::UdpSocket;

use super::args::JoinArgs;
use super::failure::Failure;
use super::ports::{Place, PortMap};

/// Sockets that the application sends to, and where it listens.
pub(super) struct Application {
    /// RTP in; out, so that an application sees its own destination as the source (RFC 4961).
    pub(super) rtp: UdpSocket,
    /// RTCP in and out, one port above.
    pub(super) rtcp: UdpSocket,
    deliver: SocketAddr,
    rtcp_mux: bool,
    ports: PortMap,
}

/// What became of a packet from the room.
pub(super) enum Delivery {
    /// The application's, byte for byte.
    Done,
    /// The same, and the first of its sender.
    First { ssrc: Ssrc, to: SocketAddr, rtcp_port: u16 },
    /// Of more senders than there are ports.
    NoPort,
    /// Not taken by the system.
    NotSent,
    /// Not what its first bytes claim.
    Stray,
}

impl Application {
    /// Binds both ports.
    pub(super) async fn bind(args: &JoinArgs) -> Result<Self, Failure> {
        let rtcp_port = args.listen.port().checked_add(1);
        let rtcp_port = rtcp_port.ok_or(Failure::usage("RTCP needs a port above --listen"))?;
        if args.deliver.port() == 0 || args.listen.port() == 0 {
            return Err(Failure::usage("--listen and --deliver need a port"));
        }
        Ok(Self {
            rtp: bind(args.listen).await?,
            rtcp: bind(SocketAddr::new(args.listen.ip(), rtcp_port)).await?,
            deliver: args.deliver,
            rtcp_mux: args.rtcp_mux,
            ports: PortMap::new(args.deliver.port(), &args.fixed).map_err(Failure::usage)?,
        })
    }

    /// Hands a packet from the room to the application, untouched.
    pub(super) fn deliver(&mut self, now: Instant, kind: Kind, packet: &[u8]) -> Delivery {
        match kind {
            Kind::Rtp => match RtpHeader::peek(packet) {
                Ok(header) => self.deliver_rtp(now, header.ssrc, packet),
                Err(_) => Delivery::Stray,
            },
            Kind::Rtcp => match RtcpHeader::peek(packet) {
                Ok(header) => self.deliver_rtcp(header.sender, packet),
                Err(_) => Delivery::Stray,
            },
            _ => Delivery::Stray,
        }
    }

    /// Senders that have a port.
    pub(super) fn senders(&self) -> usize {
        self.ports.len()
    }

    fn deliver_rtp(&mut self, now: Instant, ssrc: Ssrc, packet: &[u8]) -> Delivery {
        let (port, new) = match self.ports.place(now, ssrc) {
            Place::Known(port) => (port, false),
            Place::New(port) => (port, true),
            Place::Full => return Delivery::NoPort,
        };
        let to = SocketAddr::new(self.deliver.ip(), port);
        let rtcp_port = self.rtcp_port(port);
        match self.rtp.try_send_to(packet, to) {
            Err(_) => Delivery::NotSent,
            Ok(_) if new => Delivery::First { ssrc, to, rtcp_port },
            Ok(_) => Delivery::Done,
        }
    }

    fn deliver_rtcp(&self, sender: Ssrc, packet: &[u8]) -> Delivery {
        let port = self.rtcp_port(self.ports.place_of_reports(sender));
        let to = SocketAddr::new(self.deliver.ip(), port);
        let from = if self.rtcp_mux { &self.rtp } else { &self.rtcp };
        match from.try_send_to(packet, to) {
            Ok(_) => Delivery::Done,
            Err(_) => Delivery::NotSent,
        }
    }

    /// A port of RTP is below 65535, so there is one above.
    fn rtcp_port(&self, rtp_port: u16) -> u16 {
        match self.rtcp_mux {
            true => rtp_port,
            false => rtp_port.saturating_add(1),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<UdpSocket, Failure> {
    UdpSocket::bind(address).await.map_err(|error| {
        let taken = error.kind() == io::ErrorKind::AddrInUse;
        let advice = if taken { "; choose another --listen" } else { "" };
        Failure::system(&format!("{address} for the application{advice}"), &error)
    })
}
