//! From nothing to a welcome: TCP, TLS, WebSocket, proof of the address.

use std::io;
use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use identity::{Identity, RelayUrlError, check_relay_url};
use rustls::ClientConfig;
use signal_wire::{
    ClientFrame, ErrorCode, MAX_FRAME_BYTES, RelayFrame, Resume, SessionToken, VERSION,
};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::Url;

use crate::link::Problem;
use crate::timing::Timing;
use crate::tls;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Knows where the relay is and who we are.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    url: Url,
    identity: Arc<Identity>,
    timing: Timing,
    /// Read from files once, at the first `wss:` attempt.
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

/// A connection that the relay has welcomed.
#[derive(Debug)]
pub(crate) struct Welcomed {
    pub(crate) socket: Socket,
    pub(crate) session: SessionToken,
    pub(crate) resumed: bool,
    /// The last number that the relay has from us.
    pub(crate) received: u64,
}

impl Dialer {
    pub(crate) fn new(
        url: &str,
        identity: Arc<Identity>,
        timing: Timing,
    ) -> Result<Self, RelayUrlError> {
        let url = check_relay_url(url)?;
        Ok(Self {
            url: Url::parse(&url).map_err(|_| RelayUrlError::NotAUrl)?,
            identity,
            timing,
            tls: Arc::default(),
        })
    }

    /// The same with another choice of trusted certificates.
    #[cfg(test)]
    pub(crate) fn with_tls(self, tls: OnceCell<Arc<ClientConfig>>) -> Self {
        Self {
            tls: Arc::new(tls),
            ..self
        }
    }

    /// One attempt, of bounded length.
    pub(crate) async fn dial(self, resume: Option<Resume>) -> Result<Box<Welcomed>, Problem> {
        let attempt = async {
            let mut socket = self.open().await?;
            let welcomed = self.introduce(&mut socket, resume).await?;
            let RelayFrame::Welcome {
                session,
                resumed,
                received,
            } = welcomed
            else {
                return Err(Problem::NotARelay);
            };
            Ok(Box::new(Welcomed {
                socket,
                session,
                resumed,
                received,
            }))
        };
        timeout(self.timing.dial, attempt)
            .await
            .unwrap_or(Err(Problem::Unreachable))
    }

    async fn open(&self) -> Result<Socket, Problem> {
        let connector = self.connector().await?;
        let port = self
            .url
            .port_or_known_default()
            .ok_or(Problem::Unreachable)?;
        let stream = match self.url.host().ok_or(Problem::Unreachable)? {
            url::Host::Domain(name) => TcpStream::connect((name, port)).await,
            url::Host::Ipv4(ip) => TcpStream::connect((ip, port)).await,
            url::Host::Ipv6(ip) => TcpStream::connect((ip, port)).await,
        };
        let stream = stream.map_err(|_| Problem::Unreachable)?;
        stream.set_nodelay(true).map_err(|_| Problem::Unreachable)?;
        let request = self
            .url
            .as_str()
            .into_client_request()
            .map_err(|_| Problem::Unreachable)?;
        client_async_tls_with_config(request, stream, Some(socket_config()), Some(connector))
            .await
            .map(|(socket, _response)| socket)
            .map_err(|e| handshake_problem(&e))
    }

    async fn connector(&self) -> Result<Connector, Problem> {
        if self.url.scheme() != "wss" {
            return Ok(Connector::Plain);
        }
        let read = || async {
            let config = tokio::task::spawn_blocking(tls::config).await;
            config.map_err(|_| Problem::Unreachable)?.map_err(|error| {
                tracing::error!(%error, "no TLS connection is possible");
                Problem::Unreachable
            })
        };
        Ok(Connector::Rustls(Arc::clone(
            self.tls.get_or_try_init(read).await?,
        )))
    }

    /// Answers the challenge and returns what the relay says to it.
    async fn introduce(
        &self,
        socket: &mut Socket,
        resume: Option<Resume>,
    ) -> Result<RelayFrame, Problem> {
        let RelayFrame::Challenge { version, nonce } = next_frame(socket).await? else {
            return Err(Problem::NotARelay);
        };
        if version != VERSION {
            return Err(Problem::Refused);
        }
        let host = self.url.host_str().ok_or(Problem::Unreachable)?;
        let hello = ClientFrame::Hello {
            version: VERSION,
            address: self.identity.address(),
            proof: self.identity.prove(&nonce, host),
            resume,
        };
        // A relay that refuses may have closed already: then its reason is still there to read,
        // and tells more than the failure to write.
        let _written: Result<(), _> = socket.send(Message::text(hello.encode())).await;
        next_frame(socket).await
    }
}

/// What a relay's last word means for the user.
pub(crate) const fn error_problem(code: ErrorCode) -> Problem {
    match code {
        ErrorCode::Malformed | ErrorCode::Version | ErrorCode::BadProof => Problem::Refused,
        ErrorCode::Timeout | ErrorCode::TooSlow | ErrorCode::ShuttingDown => Problem::Unreachable,
    }
}

/// The next frame of a relay that has not welcomed us yet.
async fn next_frame(socket: &mut Socket) -> Result<RelayFrame, Problem> {
    loop {
        let message = socket.next().await.ok_or(Problem::Unreachable)?;
        match message {
            Ok(Message::Text(text)) => {
                return match RelayFrame::parse(&text).map_err(|_| Problem::NotARelay)? {
                    RelayFrame::Error { code } => Err(error_problem(code)),
                    frame => Ok(frame),
                };
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Binary(_) | Message::Frame(_)) => return Err(Problem::NotARelay),
            Ok(Message::Close(_)) => return Err(Problem::Unreachable),
            Err(e) => return Err(handshake_problem(&e)),
        }
    }
}

/// Tells "nothing there" from "something else there".
fn handshake_problem(error: &Error) -> Problem {
    match error {
        Error::Io(e) => match e.kind() {
            // Closed without an answer, or no TLS where TLS is due.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Problem::NotARelay,
            _ => Problem::Unreachable,
        },
        Error::ConnectionClosed | Error::AlreadyClosed => Problem::Unreachable,
        Error::Http(response) => status_problem(response.status()),
        _ => Problem::NotARelay,
    }
}

/// A relay without room answers 503, one that is asked too often 429; a proxy whose relay is away
/// answers 502 or 504.
fn status_problem(status: StatusCode) -> Problem {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Problem::Full,
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Problem::Unreachable,
        _ => Problem::NotARelay,
    }
}

/// Buffers for small rare frames, and the bound on what a relay can make us hold.
fn socket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(8 * 1024)
        .max_write_buffer_size(4 * MAX_FRAME_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES))
}
