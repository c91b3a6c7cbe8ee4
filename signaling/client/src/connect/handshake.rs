//! From a TCP connection to the relay's challenge.

use std::sync::Arc;
use std::time::SystemTime;

use futures::StreamExt;
use identity::RelayUrl;
use rustls::ClientConfig;
use signal_wire::{Challenge, FrameError, MAX_FRAME_BYTES, RelayFrame, VERSION};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::fault::{error_problem, socket_problem};
use crate::event::Problem;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What every address of a relay is asked alike.
#[derive(Clone, Debug)]
pub(super) struct Handshake<'a> {
    pub(super) url: &'a RelayUrl,
    /// For `wss:`.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// A relay that asks who we are.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) socket: Socket,
    /// What it wants signed.
    pub(super) nonce: Challenge,
    /// What time it said it is (RFC 9110, 6.6.1), if it did: a stranger's word.
    pub(super) date: Option<SystemTime>,
}

impl Handshake<'_> {
    /// TLS if due, the WebSocket upgrade, and the relay's first frame. Says nothing about us.
    pub(super) async fn open(&self, stream: TcpStream) -> Result<Opened, Problem> {
        stream.set_nodelay(true).map_err(|_| Problem::Unreachable)?;
        let request = self.url.request_url().into_client_request();
        let request = request.map_err(|_| Problem::Unreachable)?;
        let connector = match &self.tls {
            Some(tls) => Connector::Rustls(Arc::clone(tls)),
            None => Connector::Plain,
        };
        let (mut socket, response) =
            client_async_tls_with_config(request, stream, Some(socket_config()), Some(connector))
                .await
                .map_err(|error| socket_problem(&error))?;
        let RelayFrame::Challenge { version, nonce } = next_frame(&mut socket).await? else {
            return Err(Problem::NotARelay);
        };
        if version != VERSION {
            return Err(Problem::Refused);
        }
        let date = response.headers().get(header::DATE);
        let date = date.and_then(|it| httpdate::parse_http_date(it.to_str().ok()?).ok());
        Ok(Opened {
            socket,
            nonce,
            date,
        })
    }
}

/// The next frame, of a kind that this version knows, of a relay that has not welcomed us yet.
pub(super) async fn next_frame(socket: &mut Socket) -> Result<RelayFrame, Problem> {
    loop {
        let message = socket.next().await.ok_or(Problem::Unreachable)?;
        match message {
            Ok(Message::Text(text)) => {
                return match RelayFrame::parse(&text) {
                    Ok(RelayFrame::Error { code }) => Err(error_problem(code)),
                    Ok(frame) => Ok(frame),
                    Err(FrameError::Unknown) => continue,
                    Err(FrameError::TooLarge { .. } | FrameError::Malformed { .. }) => {
                        Err(Problem::NotARelay)
                    }
                };
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Binary(_) | Message::Frame(_)) => return Err(Problem::NotARelay),
            Ok(Message::Close(_)) => return Err(Problem::Unreachable),
            Err(error) => return Err(socket_problem(&error)),
        }
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
