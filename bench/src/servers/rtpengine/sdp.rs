//! Session descriptions (RFC 8866) of one audio stream, as short as rtpengine takes them.

use std::net::{IpAddr, SocketAddr};

/// An offer or answer of RTP at that address, with the payload type of the generator.
pub(super) fn of(address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=- 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=sendrecv\r\n"
    )
}

/// Where the first stream of a description is to be sent.
pub(super) fn media_address(sdp: &str) -> Option<SocketAddr> {
    let value = |start: &str| sdp.lines().find_map(|line| line.strip_prefix(start));
    let ip: IpAddr = value("c=IN ")?.split_whitespace().nth(1)?.parse().ok()?;
    let port = value("m=audio ")?.split_whitespace().next()?.parse().ok()?;
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_goes_in_and_comes_out() {
        for address in ["127.1.0.9:20014", "[::1]:7"] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(media_address(&of(address)), Some(address));
        }
        assert_eq!(media_address("v=0\r\nm=audio 7 RTP/AVP 0\r\n"), None);
    }
}
