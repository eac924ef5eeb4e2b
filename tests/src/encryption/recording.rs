//! What ffmpeg plays, as RTP packets that it sent over loopback.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::Packet;
use crate::sim::dice::Dice;

/// Room for a whole recording: ffmpeg sends as fast as it encodes.
const RECEIVE_BUFFER_BYTES: usize = 64 << 20;

/// How long nothing may come after ffmpeg has ended.
const REST: Duration = Duration::from_millis(200);

/// ffmpeg takes the ports that it sends from by chance, and fails if one of them is in use.
const ATTEMPTS: usize = 10;

/// Payload and header of the largest packet that is asked for.
const PACKET_BYTES: usize = 1200;

/// What to play, and how to encode it.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Codec and what there is to see or hear, for the table.
    pub media: String,
    arguments: Vec<String>,
}

/// A second of sound is 50 packets; this much is what a flow is judged by at least.
const SOUND_SECONDS: u32 = 60;
const PICTURE_SECONDS: u32 = 30;
const FRAMES_PER_S: u32 = 25;

const SOUNDS: [(&str, &str); 4] = [
    ("tone", "sine=f=FREQ:sample_rate=48000"),
    ("noise", "anoisesrc=c=pink:a=0.3:seed=SEED:sample_rate=48000"),
    // Bursts of a buzz with formants, four syllables a second and a pause now and then.
    (
        "speech-like",
        "aevalsrc=exprs='(0.4*sin(2*PI*FREQ*t)+0.3*sin(2*PI*3*FREQ*t)+0.1*random(SEED))\
         *gt(sin(2*PI*4*t)\\,-0.3)*gt(sin(2*PI*0.3*t)\\,-0.5)':s=48000",
    ),
    ("silence", "anullsrc=r=48000:cl=mono"),
];

const PICTURES: [(&str, &str); 4] = [
    ("moving shapes", "testsrc2=s=SIZE:r=25"),
    ("slow gradients", "gradients=s=SIZE:r=25:seed=SEED:speed=0.02"),
    ("camera-like noise", "testsrc2=s=SIZE:r=25,noise=alls=14:allf=t+u:all_seed=SEED"),
    ("still slide", "smptehdbars=s=SIZE:r=25"),
];

/// Opus at 16 and 32 kbit/s.
pub fn opus(seeds: u32) -> Vec<Recipe> {
    let rates = ["16k", "32k"];
    let each = sounds(seeds).flat_map(|(content, source)| {
        rates.map(|rate| {
            let coding = ["-c:a", "libopus", "-application", "voip", "-b:a", rate];
            sound(format!("Opus, {content}"), &source, &coding)
        })
    });
    each.collect()
}

/// G.711, the plainest of codecs.
pub fn g711(seeds: u32) -> Vec<Recipe> {
    let coding = ["-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"];
    let each = sounds(seeds).filter(|(content, _)| *content != "silence");
    each.map(|(content, source)| sound(format!("G.711, {content}"), &source, &coding)).collect()
}

/// H.264 with a key frame each second and each ten, small and less small.
pub fn h264(seeds: u32) -> Vec<Recipe> {
    let mut all = Vec::new();
    for (content, source) in PICTURES {
        for gop in [FRAMES_PER_S, 10 * FRAMES_PER_S] {
            for seed in 1..=seeds {
                for (size, rate) in [("320x180", "150k"), ("640x360", "500k")] {
                    all.push(picture(content, source, seed, (size, rate, gop)));
                }
            }
        }
    }
    all
}

fn sounds(seeds: u32) -> impl Iterator<Item = (&'static str, String)> {
    SOUNDS.into_iter().flat_map(move |(content, source)| {
        (1..=seeds).map(move |seed| {
            let frequency = (90 + 37 * seed).to_string();
            (content, source.replace("FREQ", &frequency).replace("SEED", &seed.to_string()))
        })
    })
}

fn sound(media: String, source: &str, coding: &[&str]) -> Recipe {
    let length = SOUND_SECONDS.to_string();
    let mut arguments = strings(&["-f", "lavfi", "-i", source, "-t", &length]);
    arguments.extend(strings(coding));
    Recipe { media, arguments }
}

fn picture(content: &str, source: &str, seed: u32, (size, rate, gop): (&str, &str, u32)) -> Recipe {
    let source = source.replace("SIZE", size).replace("SEED", &seed.to_string());
    let source = format!("{source},hue=h={}", 40 * seed);
    let (length, gop_text) = (PICTURE_SECONDS.to_string(), gop.to_string());
    let mut arguments = strings(&["-f", "lavfi", "-i", &source, "-t", &length]);
    arguments.extend(strings(&["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency"]));
    arguments.extend(strings(&["-pix_fmt", "yuv420p", "-b:v", rate, "-g", &gop_text]));
    let media = format!("H.264, {content}, key frame each {} s", gop / FRAMES_PER_S);
    Recipe { media, arguments }
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Recipe {
    /// The packets, in the order that ffmpeg sent them.
    ///
    /// # Panics
    /// If ffmpeg is not installed or makes nothing.
    pub fn play(&self) -> Vec<Packet> {
        self.play_to(|port| format!("rtp://127.0.0.1:{port}?pkt_size={PACKET_BYTES}"), &[])
    }

    /// The packets as ffmpeg's own SRTP encrypts them, with a key out of `dice`.
    ///
    /// # Panics
    /// If ffmpeg is not installed or makes nothing.
    pub fn play_encrypted(&self, dice: &mut Dice) -> Vec<Packet> {
        use base64::Engine as _;
        let key = base64::engine::general_purpose::STANDARD.encode(dice.bytes::<30>());
        let suite = "AES_CM_128_HMAC_SHA1_80";
        let more = ["-srtp_out_suite", suite, "-srtp_out_params", &key];
        self.play_to(|port| format!("srtp://127.0.0.1:{port}?pkt_size={PACKET_BYTES}"), &more)
    }

    fn play_to(&self, url: impl Fn(u16) -> String, more: &[&str]) -> Vec<Packet> {
        let mut attempts = (0..ATTEMPTS).map(|_| self.attempt(&url, more));
        let played = attempts.find_map(|packets| packets.filter(|packets| !packets.is_empty()));
        played.unwrap_or_else(|| panic!("ffmpeg failed {ATTEMPTS} times: {self:?}"))
    }

    fn attempt(&self, url: impl Fn(u16) -> String, more: &[&str]) -> Option<Vec<Packet>> {
        let socket = receiver();
        let port = socket.local_addr().expect("a port").port();
        let mut ffmpeg = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostdin"])
            .args(&self.arguments)
            .args(["-f", "rtp"])
            .args(more)
            .arg(url(port))
            .stdout(Stdio::null())
            .spawn()
            .expect("ffmpeg is installed");
        receive_all(&socket, &mut ffmpeg)
    }
}

/// ffmpeg sends reports to the port above and wants ours to be even.
fn receiver() -> UdpSocket {
    loop {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).expect("a buffer");
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
        let socket = UdpSocket::from(socket);
        if socket.local_addr().is_ok_and(|address| address.port().is_multiple_of(2)) {
            socket.set_read_timeout(Some(REST)).expect("a time");
            return socket;
        }
    }
}

/// `None` if ffmpeg failed.
fn receive_all(socket: &UdpSocket, ffmpeg: &mut Child) -> Option<Vec<Packet>> {
    let (mut packets, mut buffer) = (Vec::new(), [0; 2048]);
    loop {
        match socket.recv(&mut buffer) {
            Ok(bytes) => packets.push(buffer[..bytes].to_vec()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if let Some(status) = ffmpeg.try_wait().expect("a child") {
                    return status.success().then_some(packets);
                }
            }
            Err(error) => panic!("receiving from ffmpeg: {error}"),
        }
    }
}
