//! Certificates, over real TLS with a real relay behind it.

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig, crypto};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

/// Whom the clients of these tests trust, and nobody else.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    roots: RootCertStore,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            roots,
        }
    }

    /// Dials a relay behind TLS as `localhost`, whose certificate is this with changes.
    async fn meets(&self, change: impl FnOnce(&mut CertificateParams)) -> Result<(), Problem> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let port = relay(certificate.der().clone(), &key).await;
        self.dial("localhost", port).await
    }

    async fn dial(&self, host: &str, port: u16) -> Result<(), Problem> {
        let url = format!("wss://{host}:{port}/v2");
        let identity = Arc::new(Identity::generate().unwrap());
        let mut connector = Connector::new(&url, identity, Config::default()).unwrap();
        connector.tls = Arc::new(OnceCell::new_with(Some(tls::only(self.roots.clone()))));
        let met = connector.connect(None, None).await;
        met.map(|_welcomed| ()).map_err(|it| it.problem)
    }
}

/// A relay behind TLS on a free port of 127.0.0.1, with this certificate.
async fn relay(certificate: CertificateDer<'static>, key: &KeyPair) -> u16 {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
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
    port
}

#[tokio::test]
async fn a_relay_whose_certificate_is_good_welcomes_us() {
    assert_eq!(Authority::new().meets(|_| ()).await, Ok(()));
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_now_is_named() {
    let authority = Authority::new();
    let expired = |it: &mut CertificateParams| it.not_after = date_time_ymd(2020, 1, 1);
    let early = |it: &mut CertificateParams| it.not_before = date_time_ymd(4000, 1, 1);
    let problem = Err(Problem::CertificateExpired);
    assert_eq!(authority.meets(expired).await, problem);
    assert_eq!(authority.meets(early).await, problem);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_named() {
    let authority = Authority::new();
    let other = CertificateParams::new(["relay.example".to_owned()]).unwrap();
    let meets = authority.meets(|it| *it = other).await;
    assert_eq!(meets, Err(Problem::CertificateOtherName));

    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let port = relay(certificate.der().clone(), &key).await;
    let by_number = authority.dial("127.0.0.1", port).await;
    assert_eq!(by_number, Err(Problem::CertificateOtherName));
}

#[tokio::test]
async fn a_certificate_that_nobody_trusted_vouches_for_is_named() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let problem = Err(Problem::CertificateUntrusted);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let foreign = params.signed_by(&key, &stranger.issuer).unwrap();
    let own = params.self_signed(&key).unwrap();
    for certificate in [foreign, own] {
        let port = relay(certificate.der().clone(), &key).await;
        assert_eq!(authority.dial("localhost", port).await, problem);
        let identity = Arc::new(Identity::generate().unwrap());
        let url = format!("wss://localhost:{port}");
        let system = Connector::new(&url, identity, Config::default()).unwrap();
        let met = system.connect(None, None).await.map(|_welcomed| ());
        assert_eq!(met.map_err(|it| it.problem), problem, "nor does the system");
    }
    let mail = |it: &mut CertificateParams| {
        it.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    };
    assert_eq!(authority.meets(mail).await, problem);
}
