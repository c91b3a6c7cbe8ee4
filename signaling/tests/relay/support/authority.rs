//! Certificates, and a process that trusts them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, crypto};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whom this process trusts, and nobody else.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) directory: PathBuf,
    roots: RootCertStore,
}

impl Authority {
    /// Runs the rest of a test in a process that trusts an authority of its own: a link trusts what
    /// the system does, and which file that is must be said before a process starts. Returns
    /// nothing in the process that started the other one, when that has passed.
    pub(crate) async fn trusted_in(test: &str) -> Option<Self> {
        if let Some(directory) = env::var_os(DIRECTORY) {
            return Some(Self::read(directory.into()));
        }
        let directory = TempDir::new().expect("there is room");
        let key = KeyPair::generate().expect("random bytes");
        let certificate = params().self_signed(&key).expect("it can be signed");
        let (root, root_key) = (directory.path().join(ROOT), directory.path().join(ROOT_KEY));
        fs::write(&root, certificate.pem()).expect("there is room");
        fs::write(&root_key, key.serialize_pem()).expect("there is room");
        let output = Command::new(env::current_exe().expect("it runs"))
            .args([test, "--exact", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env("SSL_CERT_FILE", &root)
            .env_remove("SSL_CERT_DIR")
            .kill_on_drop(true)
            .output()
            .await
            .expect("it can be started");
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{errors}");
        assert!(said.contains("1 passed"), "there is no test {test}: {said}");
        None
    }

    fn read(directory: PathBuf) -> Self {
        let root = CertificateDer::from_pem_file(directory.join(ROOT)).expect("a certificate");
        let key = fs::read_to_string(directory.join(ROOT_KEY)).expect("it was written");
        let key = KeyPair::from_pem(&key).expect("a key");
        let mut roots = RootCertStore::empty();
        roots.add(root).expect("a certificate of an authority");
        Self {
            issuer: Issuer::new(params(), key),
            directory,
            roots,
        }
    }

    /// Writes a new certificate for `localhost` and its key into these files.
    pub(crate) fn certify(&self, certificate: &Path, key: &Path) {
        let pair = KeyPair::generate().expect("random bytes");
        let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let signed = params
            .signed_by(&pair, &self.issuer)
            .expect("it can be signed");
        fs::write(certificate, signed.pem()).expect("there is room");
        fs::write(key, pair.serialize_pem()).expect("there is room");
    }

    /// A TLS connection to `localhost` over this stream, by these versions.
    pub(crate) async fn encrypt(
        &self,
        stream: TcpStream,
        versions: &[&'static SupportedProtocolVersion],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions that there are")
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        super::soon(connector.connect(name, stream)).await
    }
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// Every version that a relay speaks.
pub(crate) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

const DIRECTORY: &str = "TINCAN_TEST_AUTHORITY";
const ROOT: &str = "root.pem";
const ROOT_KEY: &str = "root-key.pem";
