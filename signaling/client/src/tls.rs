//! TLS for `wss:` relays: rustls with ring, and the certificates that the system trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto};

/// Why no TLS connection can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("the system has no trusted certificates")]
    NoCertificates,
    #[error("the cryptography provider offers no TLS version")]
    NoVersion,
}

/// Reads the system's certificates; blocks on files for some milliseconds.
pub(crate) fn config() -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    let (added, _unreadable) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(TlsError::NoCertificates);
    }
    // The provider is named, because rustls refuses to choose when a build has two.
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::NoVersion)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
