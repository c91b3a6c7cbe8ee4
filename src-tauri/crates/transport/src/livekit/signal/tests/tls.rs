//! A server behind TLS whom nobody vouches for, and one that speaks no TLS.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, crypto};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Cause, Connection, Fake, Reply, cause, config};

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_told_as_such() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let server = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // It fails: the client goes away.
        let _refused: Result<_, _> = acceptor.accept(stream).await;
    });
    let connection = Connection::open(config(&format!("wss://localhost:{port}")));
    assert_eq!(cause(connection).await, Cause::Untrusted);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_where_it_is_due_is_no_livekit_server() {
    let fake = Fake::start(vec![vec![Reply::Status(400)]]).await;
    let url = fake.url.replace("ws:", "wss:");
    assert_eq!(
        cause(Connection::open(config(&url))).await,
        Cause::NotLiveKit
    );
}
