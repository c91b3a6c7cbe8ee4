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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use identity::Identity;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivatePkcs8KeyDer;
    use tokio::io::copy_bidirectional;
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::OnceCell;
    use tokio::time::timeout;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::dial::Dialer;
    use crate::link::Problem;
    use crate::timing::Timing;

    /// A relay behind TLS on a free port, with a certificate for `localhost` that is returned.
    async fn relay() -> (u16, RootCertStore) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let provider = Arc::new(crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = plain.local_addr().unwrap();
        let never = std::future::pending();
        tokio::spawn(signal_relay::serve(
            plain,
            signal_relay::Config::default(),
            never,
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut near) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut far = TcpStream::connect(target).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
            }
        });
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        (port, roots)
    }

    async fn dial(host: &str, port: u16, roots: Option<RootCertStore>) -> Result<(), Problem> {
        let url = format!("wss://{host}:{port}/v1");
        let identity = Arc::new(Identity::generate().unwrap());
        let tls = OnceCell::new_with(roots.map(|roots| trusting(roots).unwrap()));
        let dialer = Dialer::new(&url, identity, Timing::default())
            .unwrap()
            .with_tls(tls);
        timeout(Duration::from_secs(5), dialer.dial(None))
            .await
            .unwrap()
            .map(|_welcomed| ())
    }

    #[tokio::test]
    async fn a_relay_behind_tls_welcomes_us_if_its_certificate_is_trusted() {
        let (port, roots) = relay().await;
        assert_eq!(dial("localhost", port, Some(roots.clone())).await, Ok(()));
        assert_eq!(
            dial("127.0.0.1", port, Some(roots)).await,
            Err(Problem::NotARelay)
        );
        assert_eq!(dial("localhost", port, None).await, Err(Problem::NotARelay));
    }
}
