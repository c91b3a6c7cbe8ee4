//! A relay from its first connection to its last.

use std::future::{self, Future};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::accept::Acceptor;
use crate::admin;
use crate::announcement::{Announced, DialBack, Said};
use crate::config::Config;
use crate::newcomer::Gate;
use crate::relay::Relay;
use crate::rooms;
use crate::tls::{Certificate, Handshakes};

/// A relay that is about to run.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<TcpListener>,
    config: Config,
    certificate: Option<Certificate>,
    admin: Option<TcpListener>,
    announcement: Option<Announced>,
    dial_back: Option<DialBack>,
    gate: Option<Gate>,
}

/// Runs a relay at one address until `shutdown` comes, see [`Server::run`].
///
/// ```
/// use signal_relay::{Config, client_url, serve};
/// use tokio::net::TcpListener;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let url = client_url(listener.local_addr()?);
/// let an_hour = tokio::time::sleep(std::time::Duration::from_secs(3600));
/// # let an_hour = std::future::ready(());
/// serve(listener, Config::default(), an_hour).await?;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let server = Server::new(vec![listener], config);
    server.run(shutdown, future::pending()).await
}

impl Server {
    /// One relay at several addresses.
    #[must_use]
    pub const fn new(listeners: Vec<TcpListener>, config: Config) -> Self {
        Self {
            listeners,
            config,
            certificate: None,
            admin: None,
            announcement: None,
            dial_back: None,
            gate: None,
        }
    }

    /// Speaks TLS with this certificate, and nothing else.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// Answers here, without TLS, how the relay does: `/health` while it lives, `/ready` while it
    /// takes newcomers in, and `/metrics`.
    #[must_use]
    pub fn with_admin(mut self, listener: TcpListener) -> Self {
        self.admin = Some(listener);
        self
    }

    /// Takes in only what comes from an address that this admits: all else is dropped before anything
    /// of it is read. It is asked for each connection, on the task that accepts them, so it must not
    /// wait.
    #[must_use]
    pub fn with_gate(mut self, admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.gate = Some(Gate::new(admits));
        self
    }

    /// Answers `GET /announcement` with these bytes to whoever is taken in, and with 404 while there
    /// are none. Not to pages of browsers.
    #[must_use]
    pub fn with_announcement(mut self, announced: watch::Receiver<Option<Bytes>>) -> Self {
        self.announcement = Some(announced);
        self
    }

    /// Has whoever asks by `GET /dial-back` called back, while something is announced: `dial_back` is
    /// given where the question came from and what its header `Tincan-Announcement` says, at most
    /// the size of a request, and returns what to answer. How often and to which ports it dials
    /// is for it to limit. Not for pages of browsers.
    #[must_use]
    pub fn with_dial_back<Dialled>(
        mut self,
        dial_back: impl Fn(SocketAddr, String) -> Dialled + Send + Sync + 'static,
    ) -> Self
    where
        Dialled: Future<Output = String> + Send + 'static,
    {
        self.dial_back = Some(DialBack::new(dial_back));
        self
    }

    /// Runs until `shutdown` comes. Then nobody new gets in, and the clients are told one after the
    /// other, over [`Timing::drain`](crate::Timing::drain) at most; `hurry` cuts that short. When this
    /// is dropped the port is free at once, and all connections end within
    /// [`Timing::close`](crate::Timing::close).
    ///
    /// # Errors
    /// When a listener has no address, or TLS cannot be set up, towards clients or towards the LiveKit
    /// server.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send,
        hurry: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let limit = self.config.limits.tls_handshakes;
        let handshakes = self.certificate.map(|it| Handshakes::new(&it, limit));
        let handshakes = handshakes.transpose().map_err(io::Error::other)?;
        let ports = self.listeners.iter();
        let ports = ports.map(|listener| Ok(listener.local_addr()?.port()));
        let ports: Vec<u16> = ports.collect::<io::Result<_>>()?;
        let relay = Arc::new(Relay::new(self.config, &ports)?);
        let _end = End(&relay);
        // Dropped at the end, which ends what is in it.
        let mut beside = JoinSet::new();
        beside.spawn(expire_sessions(Arc::clone(&relay)));
        beside.spawn(rooms::keep(Arc::clone(&relay)));
        if let Some(listener) = self.admin {
            beside.spawn(admin::serve(listener, Arc::clone(&relay)));
        }
        let said = self.announcement.map(|announced| Said {
            announced,
            dial_back: self.dial_back,
        });
        let acceptor = Acceptor::new(Arc::clone(&relay), handshakes, said, self.gate);
        let acceptor = Arc::new(acceptor);
        let mut accepting = JoinSet::new();
        for listener in self.listeners {
            accepting.spawn(Arc::clone(&acceptor).accept_all(listener));
        }
        tracing::info!("relay started");
        shutdown.await;
        accepting.shutdown().await;
        drain(&relay, hurry).await;
        Ok(())
    }
}

/// Ends what is left of a relay that is dropped: its connections are tasks of their own.
struct End<'a>(&'a Relay);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.drain.begin(Duration::ZERO, 0);
        self.0.drain.hurry();
    }
}

/// Tells every client, waits until all connections have ended, and has rooms deleted that nobody is in.
async fn drain(relay: &Relay, hurry: impl Future<Output = ()> + Send) {
    let timing = &relay.config.timing;
    tracing::info!(connections = relay.tasks.len(), "relay stops");
    relay.drain.begin(timing.drain, relay.tasks.len());
    relay.tasks.close();
    let mut hurry = pin!(hurry);
    let (told, is_hurried) = tokio::select! {
        ended = timeout(timing.drain + timing.close + GRACE, relay.tasks.wait()) => (ended, false),
        () = &mut hurry => {
            tracing::info!(connections = relay.tasks.len(), "relay stops at once");
            relay.drain.hurry();
            (timeout(timing.close + GRACE, relay.tasks.wait()).await, true)
        }
    };
    if told.is_err() {
        let connections = relay.tasks.len();
        tracing::warn!(connections, "some connections did not end in time");
    }
    if is_hurried {
        return;
    }
    tokio::select! {
        () = rooms::end(relay) => {}
        () = &mut hurry => tracing::info!("rooms are left to the LiveKit server"),
    }
}

/// Ends the sessions whose clients have not come back in time, for ever.
async fn expire_sessions(relay: Arc<Relay>) {
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let _tick: Instant = sweep.tick().await;
        relay.sessions().expire(Instant::now());
    }
}

/// How often sessions whose client has not come back in time are ended.
const SWEEP: Duration = Duration::from_secs(1);

/// For what connections do after their last timer.
const GRACE: Duration = Duration::from_millis(500);
