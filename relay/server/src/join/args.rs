//! What `ringfence join` is told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use ringfence_core::Name;
use ringfence_wire::rtp::Ssrc;

/// Options of `ringfence join`.
///
/// Either the relay's API is asked for credentials (--tenant, --room, --participant), or ready ones
/// are given (--address, --ufrag, --pwd).
#[derive(clap::Args, Clone, Debug)]
pub struct JoinArgs {
    /// On whose account.
    #[arg(long, required_unless_present = "address", conflicts_with = "address")]
    pub tenant: Option<String>,
    /// Which room; the first participant makes it.
    #[arg(long, required_unless_present = "address", conflicts_with = "address", value_parser = name)]
    pub room: Option<Name>,
    /// As whom.
    #[arg(long, required_unless_present = "address", conflicts_with = "address", value_parser = name)]
    pub participant: Option<Name>,
    /// Under which fence of the tenant's [default: the room's, else the tenant's first].
    #[arg(long, conflicts_with = "address")]
    pub fence: Option<String>,
    /// Hear only these participants.
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with = "address", value_parser = name)]
    pub hears: Option<Vec<Name>>,
    /// Ceiling of what is sent into the room, in kbit/s [default: the relay's].
    #[arg(long, conflicts_with = "address")]
    pub max_kbps: Option<u32>,
    /// Life of the credentials in seconds; they are renewed before it ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, conflicts_with = "address")]
    #[arg(value_parser = clap::value_parser!(u32).range(30..))]
    pub ttl_s: u32,
    /// Take the place of someone of the same name who is in the room.
    #[arg(long, conflicts_with = "address")]
    pub replace: bool,

    /// The relay's control socket.
    #[arg(long, value_name = "PATH", default_value = "/run/ringfence/ringfence.sock")]
    #[arg(conflicts_with_all = ["api", "address"])]
    pub socket: PathBuf,
    /// The relay's API over TCP.
    #[arg(
        long,
        value_name = "http://ADDRESS",
        requires = "token_file",
        conflicts_with = "address"
    )]
    pub api: Option<ApiAddress>,
    /// File that holds the API's token.
    #[arg(long, value_name = "FILE", requires = "api")]
    pub token_file: Option<PathBuf>,

    /// The relay's media address, with ready credentials instead of the API.
    #[arg(long, requires_all = ["ufrag", "pwd"])]
    pub address: Option<SocketAddr>,
    /// The relay's ICE username fragment.
    #[arg(long, requires = "address")]
    pub ufrag: Option<String>,
    /// The relay's ICE password.
    #[arg(long, requires = "address", env = "RINGFENCE_JOIN_PWD", hide_env_values = true)]
    pub pwd: Option<String>,
    /// This participant's own ICE username fragment, if the relay was told of it.
    #[arg(long, requires_all = ["address", "own_pwd"])]
    pub own_ufrag: Option<String>,
    /// This participant's own ICE password, if the relay was told of it.
    #[arg(long, requires_all = ["address", "own_ufrag"], env = "RINGFENCE_JOIN_OWN_PWD", hide_env_values = true)]
    pub own_pwd: Option<String>,

    /// Local address towards the relay; the fence judges it.
    #[arg(long, value_name = "IP[:PORT]")]
    pub from: Option<LocalAddress>,
    /// Where the application sends RTP; RTCP comes to the port above, or to the same.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:5000")]
    pub listen: SocketAddr,
    /// Where the application hears the first sender; each further one is two ports up.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:6000")]
    pub deliver: SocketAddr,
    /// Deliver RTCP to its sender's RTP port instead of the one above.
    #[arg(long)]
    pub rtcp_mux: bool,
    /// Deliver this SSRC (decimal, or hexadecimal with 0x) to this port. May be repeated.
    #[arg(long = "ssrc", value_name = "SSRC=PORT")]
    pub fixed: Vec<FixedPort>,
    /// Leave after this many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub duration: Option<u64>,
}

/// Address of an API, with or without `http://`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApiAddress(pub SocketAddr);

/// A local address, with any free port if none is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LocalAddress(pub SocketAddr);

/// An SSRC that always goes to one port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FixedPort {
    /// Which sender.
    pub ssrc: Ssrc,
    /// Its RTP port.
    pub port: u16,
}

impl LocalAddress {
    /// Any address of the family that `relay` has.
    pub(super) fn any_towards(relay: SocketAddr) -> Self {
        let ip = match relay {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        };
        Self(SocketAddr::new(ip, 0))
    }
}

impl FromStr for ApiAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = text.strip_prefix("http://").unwrap_or(text);
        let address = address.trim_end_matches('/').parse();
        address.map(Self).map_err(|_| "not an address such as http://127.0.0.1:8478")
    }
}

impl FromStr for LocalAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ip = text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 0));
        let address = ip.or_else(|_| text.parse());
        address.map(Self).map_err(|_| "not an address such as 127.1.0.11 or 127.1.0.11:4000")
    }
}

impl FromStr for FixedPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let advice = "not a pair such as 0x1234abcd=6000";
        let (ssrc, port) = text.split_once('=').ok_or(advice)?;
        let ssrc = match ssrc.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => ssrc.parse(),
        };
        let port: u16 = port.parse().map_err(|_| advice)?;
        let ssrc = Ssrc(ssrc.map_err(|_| advice)?);
        (1..u16::MAX)
            .contains(&port)
            .then_some(Self { ssrc, port })
            .ok_or("a port is 1 to 65534, as RTCP takes the one above")
    }
}

fn name(text: &str) -> Result<Name, ringfence_core::NameError> {
    Name::new(text)
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    fn parse(line: &str) -> Result<JoinArgs, clap::Error> {
        let command = JoinArgs::augment_args(Command::new("join"));
        let matches = command.try_get_matches_from(line.split(' '))?;
        JoinArgs::from_arg_matches(&matches)
    }

    #[test]
    fn the_api_needs_a_name_and_ready_credentials_need_a_password() {
        assert!(parse("join --tenant a --room r --participant p").is_ok());
        assert!(parse("join --tenant a --room r").is_err());
        assert!(parse("join --address 127.1.0.1:3478 --ufrag u --pwd p").is_ok());
        assert!(parse("join --address 127.1.0.1:3478 --ufrag u").is_err());
        assert!(parse("join --address 127.1.0.1:3478 --ufrag u --pwd p --room r").is_err());
        assert!(parse("join --tenant a --room r --participant p --api 127.0.0.1:1").is_err());
    }

    #[test]
    fn addresses_ports_and_ssrcs_are_read_in_their_forms() {
        let any = |text: &str| text.parse::<LocalAddress>().unwrap().0.to_string();
        assert_eq!(any("127.1.0.11"), "127.1.0.11:0");
        assert_eq!(any("[::1]:7"), "[::1]:7");
        let api: ApiAddress = "http://127.0.0.1:8478/".parse().unwrap();
        assert_eq!(api.0.to_string(), "127.0.0.1:8478");
        let fixed: FixedPort = "0xff=6000".parse().unwrap();
        assert_eq!((fixed.ssrc, fixed.port), (Ssrc(255), 6000));
        for bad in ["5", "5=0", "5=65535", "x=1", "4294967296=6000"] {
            assert!(bad.parse::<FixedPort>().is_err(), "{bad}");
        }
    }
}
