//! From nothing to a welcome: addresses, TCP, TLS, WebSocket, proof of our address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use futures::SinkExt;
use identity::{Identity, RelayUrl, RelayUrlError};
use rustls::ClientConfig;
use signal_wire::{
    Capabilities, ClientFrame, IceServers, RelayFrame, Resume, SessionToken, VERSION,
};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;

use crate::config::Config;
use crate::event::Problem;

mod addresses;
mod fault;
mod handshake;
mod nearby;
mod race;
#[cfg(test)]
mod tests;
mod tls;

pub(crate) use fault::error_problem;
pub(crate) use handshake::Socket;
use handshake::{Handshake, Opened};
use race::Race;

/// Knows where the relay is and who we are.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    url: RelayUrl,
    identity: Arc<Identity>,
    config: Config,
    /// Read from files once, at the first `wss:` attempt.
    tls: Arc<OnceCell<Arc<ClientConfig>>>,
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    /// Where the relay was that closed our connection before, while it may have ended for good. Its
    /// place has refused this attempt too, or taken it and closed it: a program that ends closes its
    /// connections one by one, and the port that it listens at is not the first.
    pub(crate) closed_by: Option<SocketAddr>,
}

/// A connection that the relay has welcomed.
#[derive(Debug)]
pub(crate) struct Welcomed {
    pub(crate) socket: Socket,
    pub(crate) session: SessionToken,
    pub(crate) resumed: bool,
    /// The last number that the relay has from us.
    pub(crate) received: u64,
    /// Servers that help to find a path.
    pub(crate) ice: Option<IceServers>,
    /// Whether the relay lets parties of calls into rooms at a LiveKit server.
    pub(crate) offers_livekit: bool,
}

impl Connector {
    pub(crate) fn new(
        url: &str,
        identity: Arc<Identity>,
        config: Config,
    ) -> Result<Self, RelayUrlError> {
        Ok(Self {
            url: url.parse()?,
            identity,
            config,
            tls: Arc::default(),
        })
    }

    /// One attempt over all addresses of the relay, at most [`Timing::connect`] long. Where it is
    /// `closed_by` the relay at one of them, that one's refusal says that it has ended.
    ///
    /// [`Timing::connect`]: crate::Timing::connect
    pub(crate) async fn connect(
        self,
        resume: Option<Resume>,
        closed_by: Option<SocketAddr>,
    ) -> Result<Box<Welcomed>, Failed> {
        let deadline = Instant::now() + self.config.timing.connect;
        let opened = self.open(deadline, closed_by).await?;
        let answered = deadline.min(Instant::now() + self.config.timing.welcome);
        let is_there = opened.socket.get_ref().get_ref().peer_addr().ok() == closed_by;
        let introduced = timeout_at(answered, self.introduce(opened, resume)).await;
        introduced.map_or(Err(Problem::Unreachable.into()), |it| {
            it.map_err(|problem| Failed::after_connecting(problem, closed_by.filter(|_| is_there)))
        })
    }

    /// What time the relay says it is, if it does. Says nothing of who we are.
    pub(crate) async fn date(self) -> Result<Option<SystemTime>, Problem> {
        let deadline = Instant::now() + self.config.timing.connect;
        let opened = self.open(deadline, None).await;
        Ok(opened.map_err(|it| it.problem)?.date)
    }

    /// From nothing to the relay's challenge.
    async fn open(
        &self,
        deadline: Instant,
        closed_by: Option<SocketAddr>,
    ) -> Result<Opened, Failed> {
        let prepare = async {
            let addresses = addresses::of(&self.url, &self.config).await?;
            Ok((addresses, self.handshake().await?))
        };
        let prepared = timeout_at(deadline, prepare).await;
        let (addresses, handshake) = prepared.unwrap_or(Err(Problem::Unreachable))?;
        let race = Race::new(addresses, &self.config.timing).after_close_by(closed_by);
        race.run(deadline, |stream| handshake.open(stream)).await
    }

    async fn handshake(&self) -> Result<Handshake<'_>, Problem> {
        let tls = if self.url.is_encrypted() {
            Some(Arc::clone(self.tls.get_or_try_init(tls::load).await?))
        } else {
            None
        };
        Ok(Handshake {
            url: &self.url,
            tls,
        })
    }

    /// Answers the challenge. Only the connection that won the race gets here: a second proof of
    /// the same address would take over from the first.
    async fn introduce(
        &self,
        opened: Opened,
        resume: Option<Resume>,
    ) -> Result<Box<Welcomed>, Problem> {
        let Opened {
            mut socket,
            nonce,
            date: _,
        } = opened;
        let hello = ClientFrame::Hello {
            version: VERSION,
            capabilities: Capabilities::default(),
            address: self.identity.address(),
            proof: self.identity.prove(&nonce, &self.url.authority()),
            resume,
        };
        // A relay that refuses may have closed already: then its reason is still there to read,
        // and tells more than the failure to write.
        let _written: Result<(), _> = socket.send(Message::text(hello.encode())).await;
        let RelayFrame::Welcome {
            capabilities,
            session,
            resumed,
            received,
            ice,
        } = handshake::next_frame(&mut socket).await?
        else {
            return Err(Problem::NotARelay);
        };
        Ok(Box::new(Welcomed {
            socket,
            session,
            resumed,
            received,
            ice,
            offers_livekit: capabilities.contains(Capabilities::LIVEKIT),
        }))
    }
}

impl Failed {
    /// After a connection was made, at the place of the relay that closed the one before if `closed_by`
    /// says so.
    fn after_connecting(problem: Problem, closed_by: Option<SocketAddr>) -> Self {
        let was_closed = match problem {
            // In the middle of the handshake it looks like something else than a relay.
            Problem::Unreachable | Problem::NotARelay => true,
            Problem::Gone
            | Problem::Refused
            | Problem::BadProof
            | Problem::Full
            | Problem::TakenOver
            | Problem::CertificateUntrusted
            | Problem::CertificateExpired
            | Problem::CertificateOtherName
            | Problem::Unencrypted => false,
        };
        Self {
            problem,
            closed_by: closed_by.filter(|_| was_closed),
        }
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        let closed_by = None;
        Self { problem, closed_by }
    }
}
