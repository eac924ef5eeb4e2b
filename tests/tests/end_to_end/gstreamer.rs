//! GStreamer: three senders, each with its own key for its own SSRC, and one participant who hears
//! all three and decodes each.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::processes::{Ports, Program, RelayProcess, free_port_pair, wait, wait_until_bound};

const SENDERS: u32 = 3;
const PACKETS: usize = 150;
const SAMPLES_PER_PACKET: usize = 160;
const STREAM_BYTES: u64 = (PACKETS * SAMPLES_PER_PACKET * 2) as u64;

#[test]
fn three_gstreamer_senders_with_a_key_each_are_decoded_by_a_fourth() {
    let relay = RelayProcess::start();
    let mapped: Vec<_> = (0..SENDERS).map(|n| (ssrc(n), free_port_pair())).collect();
    let ear = Ports { listen: free_port_pair(), deliver: free_port_pair(), mapped: mapped.clone() };
    let _listener = relay.sidecar("band", "listener", &ear);
    let mouths: Vec<_> = (0..SENDERS).map(|_| free_port_pair()).collect();
    let _speakers: Vec<_> = mouths
        .iter()
        .enumerate()
        .map(|(n, &listen)| {
            let ports = Ports { listen, deliver: free_port_pair(), mapped: Vec::new() };
            relay.sidecar("band", &format!("speaker-{n}"), &ports)
        })
        .collect();
    relay.wait_for_latches("band", u64::from(SENDERS) + 1);

    let files: Vec<_> =
        (0..SENDERS).map(|n| relay.directory.path().join(format!("{n}.raw"))).collect();
    let decoders: Vec<_> =
        (0..SENDERS).map(|n| decoder(n, mapped[n as usize].1, &files[n as usize])).collect();
    mapped.iter().for_each(|(_, port)| wait_until_bound(*port));
    let encoders: Vec<_> = (0..SENDERS).map(|n| encoder(n, mouths[n as usize])).collect();
    encoders.into_iter().for_each(Program::finish);
    files.iter().for_each(|file| wait_for_bytes(file));
    drop(decoders);

    for (n, file) in (0..SENDERS).zip(&files) {
        let decoded = std::fs::read(file).unwrap();
        assert!(decoded == original(n), "stream {n} differs from what was played");
    }
}

fn ssrc(n: u32) -> u32 {
    1001 + n
}

/// 30 bytes of key and salt in hexadecimal, a different one for each sender.
fn key(n: u32) -> String {
    format!("{:060x}", u128::from(n + 1) * 0x0123_4567_89ab_cdef_0123_4567)
}

fn pitch_hz(n: u32) -> u32 {
    300 * (n + 1)
}

const CIPHERS: &str =
    "rtp-cipher=aes-128-icm rtp-auth=hmac-sha1-80 rtcp-cipher=aes-128-icm rtcp-auth=hmac-sha1-80";

fn source(n: u32) -> String {
    format!(
        "freq={} num-buffers={PACKETS} samplesperbuffer={SAMPLES_PER_PACKET} \
         ! audio/x-raw,format=S16BE,rate=8000,channels=1",
        pitch_hz(n)
    )
}

fn encoder(n: u32, port: u16) -> Program {
    launch(&format!(
        "audiotestsrc is-live=true {} ! rtpL16pay ssrc={} pt=96 max-ptime=20000000 \
         ! srtpenc key={} {CIPHERS} ! udpsink host=127.0.0.1 port={port}",
        source(n),
        ssrc(n),
        key(n)
    ))
}

fn decoder(n: u32, port: u16, file: &Path) -> Program {
    let caps = format!(
        "application/x-srtp,media=(string)audio,clock-rate=(int)8000,encoding-name=(string)L16,\
         channels=(int)1,payload=(int)96,ssrc=(uint){},srtp-key=(buffer){},\
         srtp-cipher=(string)aes-128-icm,srtp-auth=(string)hmac-sha1-80,\
         srtcp-cipher=(string)aes-128-icm,srtcp-auth=(string)hmac-sha1-80",
        ssrc(n),
        key(n)
    );
    launch(&format!(
        "udpsrc address=127.0.0.1 port={port} caps=\"{caps}\" ! srtpdec ! rtpL16depay \
         ! filesink buffer-mode=2 location={}",
        file.display()
    ))
}

/// The same source without encryption and network.
fn original(n: u32) -> Vec<u8> {
    let folder = tempfile::TempDir::new().unwrap();
    let file: PathBuf = folder.path().join("original.raw");
    launch(&format!("audiotestsrc {} ! filesink location={}", source(n), file.display())).finish();
    std::fs::read(file).unwrap()
}

fn launch(pipeline: &str) -> Program {
    let arguments = shell_words(pipeline);
    let mut command = Command::new("gst-launch-1.0");
    Program::start(command.arg("-q").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()))
}

/// Splits at blanks outside double quotes, and drops the quotes.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("there is always one").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn wait_for_bytes(file: &Path) {
    wait(|| std::fs::metadata(file).is_ok_and(|file| file.len() >= STREAM_BYTES));
}
