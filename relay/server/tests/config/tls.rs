//! TLS: an identity that works is taken, any other is refused with its file named.

use std::fs;
use std::io::Cursor;
use std::sync::Arc;

use ringfence::config::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, ServerConnection};
use rustls::{ProtocolVersion, SignatureScheme, SupportedProtocolVersion};

use crate::folder::{Folder, changed, codes, identity, warning_codes};

const LISTEN: &str = "turn_tcp = [\"127.1.0.1:3478\"]\nturn_tls = [\"127.1.0.1:5349\"]";
const BOTH: &str = "[turn]\ncertificate = \"turn.crt\"\nprivate_key = \"turn.key\"";

/// The reference with a TLS address and these lines as `[turn]`.
fn with_tls(turn: &str) -> String {
    let text = changed("turn_tcp = [\"127.1.0.1:3478\"]", LISTEN);
    text.replacen("[turn]", turn, 1)
}

#[test]
fn an_identity_is_taken_and_shakes_hands_in_both_versions() {
    let loaded = Folder::with_identity().parse(&with_tls(BOTH)).expect("taken");
    assert_eq!(warning_codes(&loaded), [""; 0]);
    assert_eq!(loaded.config.listen.turn_tls, ["127.1.0.1:5349".parse().unwrap()]);
    let tls = loaded.config.turn.tls.expect("an identity");
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for alpn in [&[][..], &[b"stun.turn".to_vec()], &[b"stun.nat-discovery".to_vec()]] {
            assert_eq!(shake_hands(&tls, version, alpn), version.version);
        }
    }
}

#[test]
fn tls_without_an_identity_is_refused() {
    let folder = Folder::with_identity();
    for (turn, missing) in [
        ("[turn]", &["turn.certificate", "turn.private_key"][..]),
        ("[turn]\ncertificate = \"turn.crt\"", &["turn.private_key"]),
        ("[turn]\nprivate_key = \"turn.key\"", &["turn.certificate"]),
    ] {
        let failure = folder.parse(&with_tls(turn)).expect_err(turn);
        assert_eq!(codes(&failure), vec!["missing_key"; missing.len()], "{failure}");
        for key in missing {
            assert!(failure.render(false).contains(key), "{failure}");
        }
    }
}

#[test]
fn a_tls_address_is_no_other_tcp_address() {
    for (from, to) in
        [("\"127.1.0.1:5349\"", "\"127.1.0.1:3478\""), ("\"127.0.0.1:8478\"", "\"127.1.0.1:5349\"")]
    {
        let text = with_tls(BOTH).replacen(from, to, 1);
        let failure = Folder::with_identity().parse(&text).expect_err("taken twice");
        assert_eq!(codes(&failure), ["duplicate_address"], "{failure}");
    }
}

#[test]
fn a_tls_address_is_one_of_the_sites() {
    let text = with_tls(BOTH).replacen("127.1.0.1:5349", "127.2.0.1:5349", 1);
    let loaded = Folder::with_identity().parse(&text).expect("taken");
    assert_eq!(warning_codes(&loaded), ["outside_own_site"]);
}

#[test]
fn each_bad_file_is_refused_by_its_name_and_reason() {
    let (certificate, key) = identity();
    let (_, other_key) = identity();
    let garbled = certificate.replacen("MI", "M!", 1);
    let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let hollow_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let large = "#".repeat((256 << 10) + 1);
    let cases = [
        ("turn.crt", "", "bad_certificate", "is empty"),
        ("turn.crt", "  \n\n", "bad_certificate", "is empty"),
        ("turn.crt", "not PEM at all", "bad_certificate", "holds no certificate"),
        ("turn.crt", &garbled, "bad_certificate", "is not PEM"),
        ("turn.crt", &key, "bad_certificate", "holds no certificate"),
        ("turn.crt", hollow, "bad_certificate", "cannot be read"),
        ("turn.crt", &large, "bad_certificate", "is larger than"),
        ("turn.key", "", "bad_private_key", "is empty"),
        ("turn.key", "not PEM at all", "bad_private_key", "holds no private key"),
        ("turn.key", &certificate, "bad_private_key", "holds no private key"),
        ("turn.key", hollow_key, "bad_private_key", "cannot use"),
        ("turn.key", &other_key, "certificate_mismatch", "is not for the key"),
    ];
    for (file, content, code, reason) in cases {
        let folder = Folder::with_identity();
        folder.write(file, content, 0o600);
        let failure = folder.parse(&with_tls(BOTH)).expect_err(reason);
        assert_eq!(codes(&failure), [code], "{reason}: {failure}");
        let message = &failure.diagnostics[0].message;
        assert!(message.contains(reason) && message.contains(file), "{reason}: {message}");
    }
}

#[test]
fn files_that_cannot_be_read_are_refused_by_name() {
    for file in ["turn.crt", "turn.key"] {
        let folder = Folder::with_identity();
        fs::remove_file(folder.path().join(file)).expect("removed");
        let failure = folder.parse(&with_tls(BOTH)).expect_err("gone");
        assert!(failure.render(false).contains(file), "{failure}");
        fs::create_dir(folder.path().join(file)).expect("a folder");
        let failure = folder.parse(&with_tls(BOTH)).expect_err("a folder");
        assert!(failure.render(false).contains("not a regular file"), "{failure}");
    }
}

#[test]
fn a_key_that_others_can_read_is_warned_of_and_one_that_they_can_write_is_refused() {
    let folder = Folder::with_identity();
    let key = fs::read(folder.path().join("turn.key")).expect("the key");
    folder.write("turn.key", &key, 0o644);
    let loaded = folder.parse(&with_tls(BOTH)).expect("taken");
    assert_eq!(warning_codes(&loaded), ["secret_exposed"]);
    folder.write("turn.key", &key, 0o602);
    let failure = folder.parse(&with_tls(BOTH)).expect_err("anyone's");
    assert_eq!(codes(&failure), ["bad_private_key"]);
}

#[test]
fn a_private_key_in_the_configuration_itself_is_refused_and_not_shown() {
    let (_, key) = identity();
    let secret = key.lines().nth(1).expect("a line of it");
    for turn in [
        format!("[turn]\ncertificate = \"turn.crt\"\nprivate_key = '''\n{key}'''"),
        format!("[turn]\ncertificate = \"turn.crt\"\nprivate_key = {key}"),
        format!("[turn]\nprivate_kye = '''{key}'''"),
    ] {
        let failure = Folder::with_identity().parse(&with_tls(&turn)).expect_err("a literal");
        let shown = format!("{failure}{failure:?}{}", failure.to_json());
        assert!(!shown.contains(secret), "{failure}");
    }
}

#[test]
fn an_identity_prints_without_its_key() {
    let loaded = Folder::with_identity().parse(&with_tls(BOTH)).expect("taken");
    let shown = format!("{:?}", loaded.config.turn);
    assert!(shown.contains("turn.key, ..)"), "{shown}");
}

/// A whole handshake in memory; the version that both sides agreed on.
fn shake_hands(
    tls: &Tls,
    version: &'static SupportedProtocolVersion,
    alpn: &[Vec<u8>],
) -> ProtocolVersion {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
    let config = config.unwrap().dangerous().with_custom_certificate_verifier(Arc::new(AnyServer));
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = alpn.to_vec();
    let name = ServerName::try_from("turn.example.org").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut server = ServerConnection::new(tls.server()).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut Cursor::new(wire)).unwrap();
        server.process_new_packets().unwrap();
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        client.read_tls(&mut Cursor::new(wire)).unwrap();
        client.process_new_packets().unwrap();
    }
    server.protocol_version().unwrap()
}

/// Takes any certificate: what is tested is that there is one.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
