//! One HTTP request to the LiveKit server: a connection of its own, TLS where the URL says so, and
//! bounds on time and size.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::config::Server;
use super::error::ApiError;
use crate::tls;

/// How to reach the server.
pub(super) struct Door {
    server: Server,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Door {
    /// Reads the certificates that this machine trusts where it needs them, which takes milliseconds.
    ///
    /// # Errors
    /// When there are none, or the name of the server can be in no certificate.
    pub(super) fn new(server: Server) -> io::Result<Self> {
        let tls = server.encrypted.then(|| {
            let name = ServerName::try_from(server.host.clone()).map_err(io::Error::other)?;
            Ok::<_, io::Error>((trusting_the_system()?, name))
        });
        Ok(Self {
            tls: tls.transpose()?,
            server,
        })
    }

    /// Sends JSON to a path and returns the JSON that comes back.
    pub(super) async fn post(
        &self,
        path: &str,
        token: &str,
        json: Vec<u8>,
    ) -> Result<Bytes, ApiError> {
        let request = self.request(path, token, json)?;
        let Ok(connected) = timeout(CONNECT, self.connect()).await else {
            return Err(ApiError::Unreachable);
        };
        let answered = match connected? {
            Connected::Plain(stream) => timeout(ANSWER, exchange(stream, request)).await,
            Connected::Encrypted(stream) => timeout(ANSWER, exchange(stream, request)).await,
        };
        answered.unwrap_or(Err(ApiError::Unanswered))
    }

    fn request(&self, path: &str, token: &str, json: Vec<u8>) -> Result<Request<Body>, ApiError> {
        let authorization = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut authorization = authorization.map_err(|_| ApiError::Garbled)?;
        authorization.set_sensitive(true);
        Request::post(format!("{}{path}", self.server.path))
            .header(HOST, &self.server.authority)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, authorization)
            .body(Body::from(json))
            .map_err(|_| ApiError::Garbled)
    }

    async fn connect(&self) -> Result<Connected, ApiError> {
        let place = (self.server.host.as_str(), self.server.port);
        let stream = TcpStream::connect(place)
            .await
            .map_err(|_| ApiError::Unreachable)?;
        stream
            .set_nodelay(true)
            .map_err(|_| ApiError::Unreachable)?;
        let Some((connector, name)) = &self.tls else {
            return Ok(Connected::Plain(stream));
        };
        let stream = connector.connect(name.clone(), stream).await;
        let stream = stream.map_err(|_| ApiError::Untrusted)?;
        Ok(Connected::Encrypted(Box::new(stream)))
    }
}

enum Connected {
    Plain(TcpStream),
    Encrypted(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Sends the request and reads the answer, of which at most [`MOST_BYTES`] are taken.
async fn exchange<S>(stream: S, request: Request<Body>) -> Result<Bytes, ApiError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|_| ApiError::Unanswered)?;
    let asking = async {
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|_| ApiError::Unanswered)?;
        match answer.status() {
            StatusCode::OK => to_bytes(Body::new(answer.into_body()), MOST_BYTES)
                .await
                .map_err(|_| ApiError::Garbled),
            // What it says beside the status may quote the token, so nobody reads it.
            status => Err(ApiError::Refused(status.as_u16())),
        }
    };
    let (mut asking, connection) = (pin!(asking), pin!(connection));
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // A server that closes behind its answer leaves the answer to be read.
        _ended = connection => asking.await,
    }
}

/// TLS by rustls with ring, and the certificates that the system trusts.
fn trusting_the_system() -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs().certs;
    let (added, _unreadable) = roots.add_parsable_certificates(found);
    if added == 0 {
        return Err(io::Error::other(
            "this machine trusts no certificates, so there is no way to a wss: LiveKit server",
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(tls::provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// A connection, with TLS and its name looked up: two round trips and a lost packet.
const CONNECT: Duration = Duration::from_millis(2_000);

/// A server on loopback answers in milliseconds, one in a cloud that has to find a node in some
/// hundreds. A caller waits for it, while it rings.
const ANSWER: Duration = Duration::from_millis(2_500);

/// Two participants with all that they publish take about four kilobytes.
const MOST_BYTES: usize = 64 * 1024;
