//! What proves this relay to clients that speak TLS: a certificate and its private key, read and
//! matched before anything is bound.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::bounds::PEM_BYTES_MAX;

/// A relay's identity, ready to shake hands: TLS 1.2 and 1.3, no client certificates, no protocol
/// negotiation, so that `stun.turn` (RFC 7443) and its absence are both taken.
#[derive(Clone)]
pub struct Tls {
    /// Where the certificate came from.
    pub certificate: PathBuf,
    /// Where the private key came from.
    pub private_key: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    server: Arc<ServerConfig>,
}

/// Why the files are no identity.
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

const CERTIFICATE_HELP: &str = "name a PEM file that starts with this relay's own certificate";
const KEY_HELP: &str = "name a PEM file with the certificate's unencrypted private key, for this \
                        user alone";

impl Tls {
    /// What a rustls `ServerConnection` is made with.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }

    /// Whether clients are shown the same certificates, of the same files.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let of = |tls: &Self| (tls.certificate.clone(), tls.private_key.clone());
        of(self) == of(other) && self.chain == other.chain
    }

    /// Reads both files; also whether every user of this host can read the key.
    pub(crate) fn read(certificate: &Path, private_key: &Path) -> Result<(Self, bool), Fault> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let chain = read_chain(certificate)?;
        let (key, exposed) = read_key(private_key)?;
        let identity = identity(&provider, chain.clone(), key, certificate, private_key)?;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| bad_certificate(certificate, &error.to_string()))?;
        let server = builder
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
        let (certificate, private_key) = (certificate.to_owned(), private_key.to_owned());
        Ok((Self { certificate, private_key, chain, server: Arc::new(server) }, exposed))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { certificate, private_key, .. } = self;
        write!(f, "Tls({}, {}, ..)", certificate.display(), private_key.display())
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let (bytes, _) = read_file(path).map_err(|reason| bad_certificate(path, &reason))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let chain = chain.map_err(|_| bad_certificate(path, "is not PEM"))?;
    match chain.is_empty() {
        true => Err(bad_certificate(path, "holds no certificate")),
        false => Ok(chain),
    }
}

fn read_key(path: &Path) -> Result<(PrivateKeyDer<'static>, bool), Fault> {
    use rustls_pki_types::pem::Error;
    let (bytes, mode) = read_file(path).map_err(|reason| bad_key(path, &reason))?;
    if mode & 0o002 != 0 {
        return Err(bad_key(path, "can be written by every user of this host"));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        Error::NoItemsFound => bad_key(path, "holds no private key"),
        _ => bad_key(path, "is not PEM"),
    })?;
    Ok((key, mode & 0o004 != 0))
}

fn identity(
    provider: &CryptoProvider,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    certificate: &Path,
    private_key: &Path,
) -> Result<CertifiedKey, Fault> {
    let key = provider.key_provider.load_private_key(key);
    let key = key.map_err(|_| bad_key(private_key, "holds a key that TLS cannot use"))?;
    let identity = CertifiedKey::new(chain, key);
    match identity.keys_match() {
        Ok(()) => Ok(identity),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let other = format!("is not for the key in `{}`", private_key.display());
            Err(Fault { code: "certificate_mismatch", ..bad_certificate(certificate, &other) })
        }
        Err(_) => Err(bad_certificate(certificate, "holds a certificate that cannot be read")),
    }
}

/// The bytes and mode of a regular file that is not empty and not too large.
fn read_file(path: &Path) -> Result<(Zeroizing<Vec<u8>>, u32), String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    let metadata = path.metadata().map_err(cannot)?;
    // A pipe or device would keep the start waiting, or never end.
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if metadata.len() > PEM_BYTES_MAX {
        return Err(format!("is larger than {PEM_BYTES_MAX} bytes"));
    }
    let capacity = usize::try_from(PEM_BYTES_MAX).unwrap_or_default();
    // All of it at once: a buffer that grows would leave pieces of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    let file = File::open(path).map_err(cannot)?;
    file.take(PEM_BYTES_MAX).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.trim_ascii().is_empty() {
        true => Err("is empty".to_owned()),
        false => Ok((bytes, metadata.permissions().mode())),
    }
}

fn bad_certificate(path: &Path, reason: &str) -> Fault {
    let message = format!("file `{}` {reason}", path.display());
    Fault { code: "bad_certificate", message, help: CERTIFICATE_HELP }
}

fn bad_key(path: &Path, reason: &str) -> Fault {
    let message = format!("file `{}` {reason}", path.display());
    Fault { code: "bad_private_key", message, help: KEY_HELP }
}
