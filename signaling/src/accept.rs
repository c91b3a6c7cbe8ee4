//! From a TCP connection to its request: who it is, whether there is room, the header of a proxy,
//! TLS.
//!
//! Everything before the upgrade happens within [`Timing::hello`](crate::Timing::hello), whatever
//! the client reads, writes or leaves undone, and a connection holds one of the places for pending
//! ones until it has proven an address. So a socket that never says a word, or never reads one,
//! keeps nobody out.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::announcement::Said;
use crate::http::{self, refusing, router};
use crate::metered::Metered;
use crate::metrics::Refusal;
use crate::newcomer::{Gate, Newcomer, Source};
use crate::pending::Place;
use crate::proxy::header;
use crate::relay::Relay;
use crate::tls::Handshakes;
use crate::transport::Transport;

/// Where connections come in.
pub(crate) struct Acceptor {
    relay: Arc<Relay>,
    handshakes: Option<Handshakes>,
    router: Router,
    gate: Option<Gate>,
    /// How many may be told at a time that they are not taken in.
    refusals: Arc<Semaphore>,
}

impl Acceptor {
    pub(crate) fn new(
        relay: Arc<Relay>,
        handshakes: Option<Handshakes>,
        said: Option<Said>,
        gate: Option<Gate>,
    ) -> Self {
        Self {
            gate,
            handshakes,
            router: router(Arc::clone(&relay), said),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            relay,
        }
    }

    /// Accepts at one address, for ever.
    pub(crate) async fn accept_all(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.receive(stream, peer),
                Err(error) => {
                    // Out of descriptors, or a client that left already.
                    tracing::warn!(kind = ?error.kind(), "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Decides at once whether a connection is taken in, and has it served until it is upgraded or
    /// has had its answer: one that waited for its turn to be refused would keep a descriptor, and
    /// nothing would bound how many do. Those that no proxy speaks for are refused before anything
    /// is read, and whom the gate does not admit takes no place and gets no answer.
    fn receive(self: &Arc<Self>, stream: TcpStream, came_from: SocketAddr) {
        let peer = came_from.ip().to_canonical();
        if self.gate.as_ref().is_some_and(|gate| !gate.admits(peer)) {
            tracing::debug!("a connection from too far away is dropped");
            self.relay.metrics.refused(Refusal::Far);
            return;
        }
        let Ok(arrived_at) = stream.set_nodelay(true).and_then(|()| stream.local_addr()) else {
            return;
        };
        let acceptor = Arc::clone(self);
        let tasks = &self.relay.tasks;
        let proxies = &self.relay.config.proxies;
        let source = if proxies.trust(peer) {
            Ok(Source::Proxy(peer))
        } else {
            self.admit(peer)
        };
        match source {
            Ok(source) => {
                tasks.spawn(async move {
                    acceptor
                        .take_in(stream, [came_from, arrived_at], source)
                        .await
                });
            }
            Err(refusal) => {
                if let Some(turn) = self.refusal(refusal) {
                    tasks.spawn(async move { acceptor.refuse(stream, refusal, turn).await });
                }
            }
        }
    }

    async fn take_in(&self, stream: TcpStream, ends: [SocketAddr; 2], source: Source) {
        let (place, crowded) = self.relay.pending.enter();
        if crowded {
            tracing::debug!("the oldest pending connection makes room");
        }
        let evicted = source.evicted();
        // The connection takes its place along when it is upgraded.
        let place = Arc::new(place);
        let request = self.request(stream, ends, source, Arc::clone(&place));
        let request = timeout(self.relay.config.timing.hello, request);
        let served = tokio::select! {
            served = request => served.unwrap_or(Err(Refusal::Slow)),
            () = place.evicted() => Err(Refusal::Crowded),
            () = evicted => Err(Refusal::Crowded),
            () = self.relay.drain.begun() => Ok(()),
        };
        if let Err(refusal) = served {
            tracing::debug!(?refusal, "a connection is not served");
            self.relay.metrics.refused(refusal);
        }
    }

    /// The header of a proxy, TLS, and one request of a connection between these two ends, ours last.
    async fn request(
        &self,
        mut stream: TcpStream,
        [came_from, arrived_at]: [SocketAddr; 2],
        source: Source,
        place: Arc<Place>,
    ) -> Result<(), Refusal> {
        let source = match source {
            Source::Proxy(proxy) if self.relay.config.proxies.header => {
                let client = header::read(&mut stream).await.map_err(|error| {
                    tracing::debug!(%error, "a trusted proxy owes a PROXY header");
                    Refusal::ProxyHeader
                })?;
                match client {
                    Some(client) if !self.relay.config.proxies.trust(client) => self.admit(client),
                    // The proxy itself, or one more proxy behind it.
                    client => Ok(Source::Proxy(client.unwrap_or(proxy))),
                }
            }
            source => Ok(source),
        };
        match source {
            Ok(source) => {
                let newcomer = Arc::new(Newcomer {
                    place,
                    source,
                    arrived_at,
                    came_from,
                });
                let router = self.router.clone().layer(Extension(newcomer));
                self.relay.metrics.accepted.inc();
                self.http(stream, router).await;
                Ok(())
            }
            Err(refusal) => {
                if let Some(turn) = self.refusal(refusal) {
                    self.refuse(stream, refusal, turn).await;
                }
                Ok(())
            }
        }
    }

    fn admit(&self, client: IpAddr) -> Result<Source, Refusal> {
        let permit = self.relay.admit(client)?;
        Ok(Source::Counted(Arc::new(permit)))
    }

    async fn http(&self, stream: TcpStream, router: Router) {
        let stream = match &self.handshakes {
            None => Transport::Left(stream),
            Some(handshakes) => {
                let secured = handshakes.run(stream).await;
                self.relay.metrics.tls_handshake(secured.is_some());
                match secured {
                    Some(secured) => Transport::Right(Box::new(secured)),
                    None => return,
                }
            }
        };
        let delays = self.relay.metrics.rate_limit_delays.clone();
        let metered = Metered::new(stream, &self.relay.config.limits, delays);
        http::serve(metered, router).await;
    }

    /// Counts a refusal; a turn if the client may be told of it, which is where that is cheap.
    fn refusal(&self, refusal: Refusal) -> Option<OwnedSemaphorePermit> {
        tracing::debug!(?refusal, "a connection is refused");
        self.relay.metrics.refused(refusal);
        // A handshake is what the limit on arrivals shall save.
        let is_dear = refusal == Refusal::Rate && self.handshakes.is_some();
        let turn = || Arc::clone(&self.refusals).try_acquire_owned().ok();
        if is_dear { None } else { turn() }
    }

    /// Tells a client that it is not taken in, while it has a turn.
    async fn refuse(&self, stream: TcpStream, refusal: Refusal, _turn: OwnedSemaphorePermit) {
        let _told: Result<(), _> = timeout(REFUSAL, self.http(stream, refusing(refusal))).await;
    }
}

/// How long accepting pauses after a failure, so that it does not spin while descriptors lack.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Refusals at a time; connections beyond that are dropped without an answer.
const REFUSALS: usize = 32;

/// How long a refused client may take to hear it.
const REFUSAL: Duration = Duration::from_secs(1);
