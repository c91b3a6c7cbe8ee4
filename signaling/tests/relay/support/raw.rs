//! A client that says what it likes.

use futures::{SinkExt, StreamExt};
use identity::{Authority, Identity, RelayUrl};
use signal_wire::{Capabilities, Challenge, ClientFrame, RelayFrame, Resume, VERSION};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async};

use super::soon;

/// A connection without manners.
pub(crate) struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What the relay asked to sign.
    pub(crate) nonce: Challenge,
    /// The place that was dialled.
    pub(crate) relay: Authority,
}

impl Raw {
    /// Connects and takes the challenge.
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        Self::open(url, &dialled(url), Ipv4Addr::LOCALHOST.into()).await
    }

    /// The same from another address of this machine.
    pub(crate) async fn connect_from(url: &str, ip: IpAddr) -> Result<Self, Error> {
        Self::open(url, &dialled(url), ip).await
    }

    /// The same as if the relay had been dialled by another name.
    pub(crate) async fn connect_as(url: &str, relay: &Authority) -> Result<Self, Error> {
        Self::open(url, relay, Ipv4Addr::LOCALHOST.into()).await
    }

    async fn open(url: &str, relay: &Authority, ip: IpAddr) -> Result<Self, Error> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(ip, 0))?;
        let place = dialled(url).to_string().parse().expect("a URL of numbers");
        let stream = MaybeTlsStream::Plain(socket.connect(place).await?);
        let mut request = url.into_client_request()?;
        let host = HeaderValue::from_str(relay.as_str()).expect("a host");
        request.headers_mut().insert("host", host);
        let (socket, _) = client_async(request, stream).await?;
        let mut raw = Self {
            socket,
            nonce: Challenge([0; 32]),
            relay: relay.clone(),
        };
        match raw.hear().await {
            Some(RelayFrame::Challenge {
                version: VERSION,
                nonce,
            }) => raw.nonce = nonce,
            other => panic!("{other:?} instead of a challenge"),
        }
        Ok(raw)
    }

    /// Connects and proves an address.
    pub(crate) async fn prove(
        url: &str,
        identity: &Identity,
        resume: Option<Resume>,
    ) -> (Self, RelayFrame) {
        let mut raw = Self::connect(url).await.expect("the relay is there");
        raw.say(&raw.hello(identity, &raw.relay, resume)).await;
        let answer = raw.hear().await.expect("the relay answers");
        (raw, answer)
    }

    /// A hello with a proof for this relay.
    pub(crate) fn hello(
        &self,
        identity: &Identity,
        relay: &Authority,
        resume: Option<Resume>,
    ) -> ClientFrame {
        let proof = identity.prove(&self.nonce, relay);
        ClientFrame::Hello {
            version: VERSION,
            capabilities: Capabilities::default(),
            address: identity.address(),
            proof,
            resume,
        }
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        self.send(Message::text(frame.encode())).await;
    }

    /// Sends a message; whether it was taken shows in what comes back.
    pub(crate) async fn send(&mut self, message: Message) {
        let _taken: Result<(), _> = self.socket.send(message).await;
    }

    /// The next frame, or nothing when the connection has ended.
    pub(crate) async fn hear(&mut self) -> Option<RelayFrame> {
        loop {
            match soon(self.socket.next()).await?.ok()? {
                Message::Text(text) => {
                    return Some(RelayFrame::parse(&text).expect("a relay speaks in frames"));
                }
                Message::Close(_) => return None,
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Binary(_) | Message::Frame(_) => panic!("a relay speaks in text"),
            }
        }
    }
}

/// The place that a URL names.
pub(crate) fn dialled(url: &str) -> Authority {
    let url: RelayUrl = url.parse().expect("a relay's URL");
    url.authority()
}
