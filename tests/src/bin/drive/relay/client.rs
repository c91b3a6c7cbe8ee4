//! Clients of both servers: as small as can be, and as many as wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use identity::{Address, Identity, RelayUrl};
use serde_json::{Value, json};
use signal_wire::{Capabilities, ClientFrame, MessageId, Payload, RelayFrame, VERSION};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::server::Server;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Clients that stay connected until they are dropped.
#[derive(Debug)]
pub(super) struct Crowd {
    tasks: JoinSet<Result<()>>,
    talks: watch::Sender<bool>,
    received: Arc<AtomicU64>,
}

/// One client, and whom it sends to.
struct Client {
    socket: Socket,
    to: Name,
    sent: u64,
    /// The last number that arrived, and when that is to be acknowledged. For our relay alone.
    arrived: u64,
    ack_at: Option<Instant>,
}

/// Who somebody is to a server.
#[derive(Clone, Debug)]
enum Name {
    Ours(Address),
    Peer(String),
}

impl Crowd {
    /// Connects so many, in pairs.
    pub(super) async fn connect(server: &Server, count: usize) -> Result<Self> {
        let mut crowd = Self {
            tasks: JoinSet::new(),
            talks: watch::Sender::new(false),
            received: Arc::default(),
        };
        for _ in 0..count.div_ceil(2) {
            let (one, other) = (open(server).await?, open(server).await?);
            crowd.add(one.0, other.1);
            crowd.add(other.0, one.1);
        }
        Ok(crowd)
    }

    /// Lets each send to the other of its pair, at a steady pace.
    pub(super) fn talk(&self) {
        self.talks.send_replace(true);
    }

    /// How many messages have arrived.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    fn add(&mut self, socket: Socket, to: Name) {
        let client = Client {
            socket,
            to,
            sent: 0,
            arrived: 0,
            ack_at: None,
        };
        let received = Arc::clone(&self.received);
        self.tasks
            .spawn(client.run(self.talks.subscribe(), received));
    }
}

impl Client {
    async fn run(
        mut self,
        mut talks: watch::Receiver<bool>,
        received: Arc<AtomicU64>,
    ) -> Result<()> {
        // Pairs that begin at one moment would send in step for ever.
        let begin =
            Instant::now() + PACE.mul_f64(f64::from(getrandom::u32()?) / f64::from(u32::MAX));
        let mut pace = interval_at(begin, PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_talking = *talks.borrow();
            tokio::select! {
                changed = talks.changed() => changed?,
                message = self.socket.next() => {
                    let message = message.context("the server hung up")??;
                    received.fetch_add(u64::from(self.take(&message)), Ordering::Relaxed);
                }
                _ = pace.tick(), if is_talking => {
                    self.sent += 1;
                    let message = self.to.message(self.sent)?;
                    self.socket.send(message).await?;
                }
                () = sleep_until(self.ack_at.unwrap_or(begin)), if self.ack_at.is_some() => {
                    self.ack_at = None;
                    let ack = ClientFrame::Ack { seq: self.arrived };
                    self.socket.send(Message::text(ack.encode())).await?;
                }
            }
        }
    }

    /// Whether this is what the other of the pair sent.
    fn take(&mut self, message: &Message) -> bool {
        let Message::Text(text) = message else {
            return false;
        };
        match &self.to {
            Name::Ours(_) => {
                let Ok(RelayFrame::Envelope { seq, .. }) = RelayFrame::parse(text) else {
                    return false;
                };
                self.arrived = seq;
                self.ack_at.get_or_insert(Instant::now() + ACK_DELAY);
                true
            }
            Name::Peer(_) => text.starts_with(r#"{"type":"OFFER""#),
        }
    }
}

impl Name {
    /// A message to whoever is called so.
    fn message(&self, number: u64) -> Result<Message> {
        Ok(Message::text(match self {
            Self::Ours(to) => ClientFrame::Envelope {
                seq: number,
                id: MessageId(number.to_be_bytes()),
                to: *to,
                payload: Payload::new(Bytes::from_static(&[0x5a; PAYLOAD_BYTES]))?,
            }
            .encode(),
            Self::Peer(to) => {
                let payload = "Z".repeat(PAYLOAD_BYTES);
                json!({ "type": "OFFER", "dst": to, "payload": { "sdp": payload } }).to_string()
            }
        }))
    }
}

/// Somebody new whom the server has let in.
async fn open(server: &Server) -> Result<(Socket, Name)> {
    match server {
        Server::Ours(relay) => open_ours(relay.url()).await,
        Server::Peer(_, port) => open_peer(*port).await,
    }
}

async fn open_ours(url: &str) -> Result<(Socket, Name)> {
    let identity = Identity::generate()?;
    let (mut socket, _) = connect_async(url).await?;
    let RelayFrame::Challenge { nonce, .. } = RelayFrame::parse(&text(&mut socket).await?)? else {
        bail!("no challenge");
    };
    let hello = ClientFrame::Hello {
        version: VERSION,
        address: identity.address(),
        capabilities: Capabilities::default(),
        proof: identity.prove(&nonce, &url.parse::<RelayUrl>()?.authority()),
        resume: None,
    };
    socket.send(Message::text(hello.encode())).await?;
    let welcome = text(&mut socket).await?;
    let RelayFrame::Welcome { .. } = RelayFrame::parse(&welcome)? else {
        bail!("{welcome} instead of a welcome");
    };
    Ok((socket, Name::Ours(identity.address())))
}

async fn open_peer(port: u16) -> Result<(Socket, Name)> {
    let name = format!("{:016x}", getrandom::u64()?);
    let url =
        format!("ws://127.0.0.1:{port}/peerjs?key=peerjs&id={name}&token={name}&version=1.5.4");
    let (mut socket, _) = connect_async(url).await?;
    let opened: Value = serde_json::from_str(&text(&mut socket).await?)?;
    if opened["type"] != "OPEN" {
        bail!("{opened} instead of a welcome");
    }
    Ok((socket, Name::Peer(name)))
}

/// The next text of a server.
async fn text(socket: &mut Socket) -> Result<String> {
    loop {
        let message = socket.next().await.context("the server hung up")??;
        if let Message::Text(text) = message {
            return Ok(text.as_str().to_owned());
        }
    }
}

/// What a message carries: an offer is some of these, everything else in a call is less.
pub(super) const PAYLOAD_BYTES: usize = 1024;

/// Between two messages of a client; below what our relay allows for long, acknowledgements with it.
const PACE: Duration = Duration::from_millis(33);

/// As our own client has it.
const ACK_DELAY: Duration = Duration::from_millis(100);
