//! TLS for `wss:` relays: rustls with ring, and the certificates that the system trusts.

use std::sync::{Arc, Once};

use rustls::{ClientConfig, RootCertStore, crypto};

use crate::event::Problem;

/// Why no TLS connection can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum TlsError {
    #[error("the system has no trusted certificates")]
    NoCertificates,
    #[error("the cryptography provider offers no TLS version")]
    NoVersion,
}

/// Reads the system's certificates, away from the async threads.
pub(super) async fn load() -> Result<Arc<ClientConfig>, Problem> {
    let config = tokio::task::spawn_blocking(system).await;
    config.map_err(|_| Problem::Unreachable)?.map_err(|error| {
        // Every retry of every link comes here, and nothing changes for them.
        static TOLD: Once = Once::new();
        TOLD.call_once(|| tracing::error!(%error, "no TLS connection is possible"));
        match error {
            TlsError::NoCertificates => Problem::CertificateUntrusted,
            TlsError::NoVersion => Problem::Unreachable,
        }
    })
}

/// Blocks on files for some milliseconds.
fn system() -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    let (added, _unreadable) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(TlsError::NoCertificates);
    }
    trusting(roots)
}

fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, TlsError> {
    // The provider is named, because rustls refuses to choose when a build has two.
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::NoVersion)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// What trusts these certificates and no others.
#[cfg(test)]
pub(super) fn only(roots: RootCertStore) -> Arc<ClientConfig> {
    trusting(roots).unwrap()
}
