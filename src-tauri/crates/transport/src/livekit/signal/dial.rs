//! From nothing to an open WebSocket: addresses, TCP, TLS, the upgrade.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore, crypto};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::cause::Cause;
use super::endpoint::Dial;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a socket, or says what keeps it from opening. Takes as long as it takes: the session ends
/// an attempt.
pub(super) async fn dial(dial: Box<Dial>) -> Result<Socket, Cause> {
    let (host, port) = dial.authority().ok_or(Cause::BadAddress)?;
    let request = request(&dial)?;
    let connector = if dial.is_encrypted() {
        Connector::Rustls(tls().await?)
    } else {
        Connector::Plain
    };
    let stream = connect(&host, port).await?;
    stream.set_nodelay(true).map_err(|_| Cause::Unreachable)?;
    let upgrade = client_async_tls_with_config(request, stream, Some(limits()), Some(connector));
    match Box::pin(upgrade).await {
        Ok((socket, _response)) => Ok(socket),
        Err(error) => Err(cause_of(&error)),
    }
}

fn request(dial: &Dial) -> Result<Request, Cause> {
    let request = dial.url.0.as_str().into_client_request();
    let mut request = request.map_err(|_| Cause::BadAddress)?;
    let bearer = HeaderValue::try_from(format!("Bearer {}", dial.token.0));
    let mut bearer = bearer.map_err(|_| Cause::Refused)?;
    bearer.set_sensitive(true);
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    Ok(request)
}

/// The first address that answers, one after the other.
async fn connect(host: &str, port: u16) -> Result<TcpStream, Cause> {
    let addresses = lookup_host((host, port)).await;
    let addresses = addresses.map_err(|_| Cause::Unreachable)?;
    for address in addresses.take(MAX_ADDRESSES) {
        if let Ok(Ok(stream)) = timeout(ADDRESS_WITHIN, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(Cause::Unreachable)
}

/// The system's certificates, read from files once, away from the async threads.
async fn tls() -> Result<Arc<ClientConfig>, Cause> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    let config = tokio::task::spawn_blocking(|| CONFIG.get_or_init(load).clone());
    let config = config.await.map_err(|_| Cause::Unreachable)?;
    config.ok_or(Cause::Untrusted)
}

fn load() -> Option<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs().certs;
    let (added, _unreadable) = roots.add_parsable_certificates(system);
    if added == 0 {
        tracing::error!("no TLS connection is possible: the system has no certificates");
        return None;
    }
    // The provider is named, because rustls refuses to choose when a build has two.
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(Arc::new(config))
}

/// What an error of a socket means that is not open yet. Its text may quote the token: nobody logs
/// it.
fn cause_of(error: &Error) -> Cause {
    match error {
        Error::Http(response) => match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Cause::Refused,
            StatusCode::NOT_FOUND if says_no_room(response.body().as_deref()) => Cause::RoomGone,
            StatusCode::NOT_FOUND => Cause::TooOld,
            StatusCode::TOO_MANY_REQUESTS => Cause::ServerFault,
            status if status.is_server_error() => Cause::ServerFault,
            _ => Cause::NotLiveKit,
        },
        Error::Io(error) => {
            let inner = error.get_ref();
            match inner.and_then(|it| it.downcast_ref::<rustls::Error>()) {
                Some(
                    rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented,
                ) => Cause::Untrusted,
                Some(_) => Cause::NotLiveKit,
                None => Cause::Unreachable,
            }
        }
        // It accepted the connection and closed it: what is being started again does so.
        Error::Protocol(ProtocolError::HandshakeIncomplete) => Cause::HungUp,
        Error::ConnectionClosed | Error::AlreadyClosed => Cause::Unreachable,
        _ => Cause::NotLiveKit,
    }
}

/// Where rooms are not made by whoever joins (`room.auto_create`), the server says of one that is
/// gone what it says of a path that it does not have, but for the text.
fn says_no_room(body: Option<&[u8]>) -> bool {
    let words = b"room does not exist";
    body.is_some_and(|it| it.windows(words.len()).any(|part| part == words))
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .write_buffer_size(16 * 1024)
        .max_write_buffer_size(4 * MAX_MESSAGE)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// Bytes of one message. The largest is an answer: twenty sections have 30 KiB. The server's own
/// limit, 2 MiB, is for rooms of hundreds and for metadata, which our tokens let nobody set.
const MAX_MESSAGE: usize = 64 * 1024;
/// Of one name.
const MAX_ADDRESSES: usize = 6;
/// For one address: two SYNs, as the first may be lost.
const ADDRESS_WITHIN: Duration = Duration::from_millis(1_500);
