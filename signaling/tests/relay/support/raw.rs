//! A client that says what it likes.

use futures::{SinkExt, StreamExt};
use identity::Identity;
use signal_wire::{Challenge, ClientFrame, RelayFrame, Resume, VERSION};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::soon;

/// A connection without manners.
pub(crate) struct Raw {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What the relay asked to sign.
    pub(crate) nonce: Challenge,
}

impl Raw {
    /// Connects and takes the challenge.
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let (socket, _) = connect_async(url).await?;
        let mut raw = Self {
            socket,
            nonce: Challenge([0; 32]),
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
        raw.say(&raw.hello(identity, "127.0.0.1", resume)).await;
        let answer = raw.hear().await.expect("the relay answers");
        (raw, answer)
    }

    /// A hello with a proof for this host.
    pub(crate) fn hello(
        &self,
        identity: &Identity,
        host: &str,
        resume: Option<Resume>,
    ) -> ClientFrame {
        let proof = identity.prove(&self.nonce, host);
        ClientFrame::Hello {
            version: VERSION,
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
