//! TLS inside the relay: a certificate that can be replaced while connections run, and handshakes
//! that are bounded in number.
//!
//! TLS 1.3 and 1.2 by rustls with ring. Who waits in a handshake holds a place only until newer
//! ones need it ([`Pending`]), so silent ones keep nobody out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::pending::Pending;

/// A certificate with its key, from two files in PEM form. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Certificate {
    files: Arc<Files>,
    in_use: Arc<InUse>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The pair that new handshakes get.
#[derive(Debug)]
struct InUse(RwLock<Arc<CertifiedKey>>);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {file}", file = file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("no {what} in PEM form in {file}", file = file.display())]
    NotPem {
        /// A certificate or a private key.
        what: &'static str,
        /// Which.
        file: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The first certificate of the file is for another key.
    #[error("the certificate and the private key do not belong together")]
    Mismatch,
    /// The pair cannot be used.
    #[error("the certificate or its key cannot be used")]
    Unusable(#[source] rustls::Error),
}

impl Certificate {
    /// Reads both files: a certificate, with those between it and a root after it, and its key.
    ///
    /// # Errors
    /// When they cannot be read or do not fit each other.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        let files = Files { certificate, key };
        let pair = files.read()?;
        Ok(Self {
            files: Arc::new(files),
            in_use: Arc::new(InUse(RwLock::new(pair))),
        })
    }

    /// Reads both files again. Connections that run are not touched, and new ones get the new
    /// pair.
    ///
    /// # Errors
    /// As [`Self::load`]; the old pair stays in use then.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let pair = self.files.read()?;
        *self
            .in_use
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner) = pair;
        Ok(())
    }
}

impl Files {
    fn read(&self) -> Result<Arc<CertifiedKey>, CertificateError> {
        let read = |file: &Path| {
            fs::read(file).map_err(|source| CertificateError::Unreadable {
                file: file.to_owned(),
                source,
            })
        };
        let not_pem = |what, file: &Path, source| CertificateError::NotPem {
            what,
            file: file.to_owned(),
            source,
        };
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(&read(&self.certificate)?).collect();
        let certificates = certificates
            .and_then(|found| match found.is_empty() {
                true => Err(pem::Error::NoItemsFound),
                false => Ok(found),
            })
            .map_err(|source| not_pem("certificate", &self.certificate, source))?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|source| not_pem("private key", &self.key, source))?;
        let pair = CertifiedKey::from_der(certificates, key, &provider());
        pair.map(Arc::new).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                CertificateError::Mismatch
            }
            other => CertificateError::Unusable(other),
        })
    }
}

impl ResolvesServerCert for InUse {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let pair = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&pair))
    }
}

/// Makes TLS connections of TCP connections.
pub(crate) struct Handshakes {
    acceptor: TlsAcceptor,
    pending: Pending,
}

impl Handshakes {
    /// At most `limit` at a time.
    pub(crate) fn new(certificate: &Certificate, limit: usize) -> Result<Self, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate.in_use) as Arc<_>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: Arc::new(config).into(),
            pending: Pending::new(limit),
        })
    }

    /// One handshake; none when it fails, or when newer ones need its place. How long it may take
    /// is the caller's business.
    pub(crate) async fn run(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let (place, _crowded) = self.pending.enter();
        tokio::select! {
            done = self.acceptor.accept(stream) => done.ok(),
            () = place.evicted() => None,
        }
    }
}

/// rustls with ring, on every way in and out.
pub(crate) fn provider() -> CryptoProvider {
    ring::default_provider()
}
