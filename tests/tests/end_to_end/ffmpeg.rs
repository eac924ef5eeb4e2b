//! ffmpeg to ffmpeg: SRTP that only they can read, through two sidecars and the relay.

use std::process::{Command, Stdio};

use crate::processes::{Ports, Program, RelayProcess, free_port_pair, wait_until_bound};

/// AES_CM_128_HMAC_SHA1_80 wants 16 bytes of key and 14 of salt (RFC 4568 section 6.1), in base64.
const KEY: &str = "cmluZ2ZlbmNlIHNlZXMgbm8ga2V5cywgZXZlciEh";

const SAMPLES_PER_S: usize = 8000;
const SECONDS: usize = 4;

#[test]
fn ffmpeg_decodes_on_the_far_side_what_ffmpeg_encrypted_on_the_near() {
    let relay = RelayProcess::start();
    let (listen, deliver) = (free_port_pair(), free_port_pair());
    let ports = |listen, deliver| Ports { listen, deliver, ..Ports::default() };
    let _alice = relay.sidecar("song", "alice", &ports(listen, free_port_pair()));
    let _bob = relay.sidecar("song", "bob", &ports(free_port_pair(), deliver));
    relay.wait_for_latches("song", 2);

    let sdp = relay.directory.path().join("bob.sdp");
    let heard = relay.directory.path().join("heard.raw");
    std::fs::write(&sdp, session_description(deliver)).unwrap();
    let receiver = Program::start(
        ffmpeg()
            .args(["-protocol_whitelist", "file,crypto,udp,rtp,srtp", "-i"])
            .arg(&sdp)
            .args(["-t", "2", "-f", "s16be", "-y"])
            .arg(&heard),
    );
    wait_until_bound(deliver);
    let sender = Program::start(
        ffmpeg()
            .args(["-re", "-f", "lavfi", "-i"])
            .arg(format!("{},atrim=duration={SECONDS}", tone()))
            .args(["-c:a", "pcm_s16be", "-payload_type", "97", "-f", "rtp"])
            .args(["-srtp_out_suite", "AES_CM_128_HMAC_SHA1_80", "-srtp_out_params", KEY])
            .arg(format!("srtp://127.0.0.1:{listen}?pkt_size=220")),
    );
    receiver.finish();
    drop(sender);

    let heard = samples(&std::fs::read(heard).unwrap());
    assert_eq!(heard.len(), 2 * SAMPLES_PER_S);
    let sent = original();
    assert_eq!(sent.len(), SECONDS * SAMPLES_PER_S);
    let at = sent.windows(heard.len()).position(|window| window == heard);
    assert!(at.is_some(), "what bob decoded is no part of what alice played");
}

/// A tone that rises, so that no part of it equals another.
fn tone() -> String {
    format!("aevalsrc=sin(1000*t*t):sample_rate={SAMPLES_PER_S}")
}

/// What alice plays, decoded by ffmpeg without any network.
fn original() -> Vec<i16> {
    let output = ffmpeg()
        .args(["-f", "lavfi", "-i"])
        .arg(format!("{},atrim=duration={SECONDS}", tone()))
        .args(["-f", "s16be", "-"])
        .stdout(Stdio::piped())
        .output()
        .expect("ffmpeg is installed");
    samples(&output.stdout)
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]])).collect()
}

/// RFC 8866, with the key in RFC 4568's attribute: it goes to ffmpeg, never to the relay.
fn session_description(port: u16) -> String {
    format!(
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=song\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
         m=audio {port} RTP/SAVP 97\r\na=rtpmap:97 L16/{SAMPLES_PER_S}/1\r\n\
         a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}\r\n"
    )
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]);
    command.stdout(Stdio::null());
    command
}
