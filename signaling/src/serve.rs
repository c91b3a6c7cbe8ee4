//! Accepting connections, counting them, and ending them when the relay stops.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::config::Config;
use crate::http::{full, router};
use crate::metered::Metered;
use crate::quota::ConnectionQuota;
use crate::relay::Relay;

/// Runs a relay at one address until `shutdown` comes, see [`serve_all`].
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
    serve_all(vec![listener], config, shutdown).await
}

/// Runs one relay at several addresses until `shutdown` comes, then tells every client and returns
/// within [`Timing::drain`](crate::Timing::drain).
///
/// # Errors
/// When a listener has no address.
pub async fn serve_all(
    listeners: Vec<TcpListener>,
    config: Config,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let ports: io::Result<Vec<_>> = listeners
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port()))
        .collect();
    let acceptor = Arc::new(Acceptor::new(config, &ports?));
    let relay = Arc::clone(&acceptor.relay);
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(Arc::clone(&acceptor).accept_all(listener));
    }
    let mut shutdown = pin!(shutdown);
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tracing::info!("relay started");
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            _ = sweep.tick() => relay.sessions().expire(Instant::now()),
        }
    }
    accepting.shutdown().await;
    tracing::info!(connections = relay.tasks.len(), "relay stops");
    relay.stop.cancel();
    relay.tasks.close();
    if timeout(relay.config.timing.drain, relay.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = relay.tasks.len(),
            "some connections did not end in time"
        );
    }
    Ok(())
}

/// Where connections come in.
struct Acceptor {
    relay: Arc<Relay>,
    quota: ConnectionQuota,
    router: Router,
    full: Router,
    /// How many may be told at a time that the relay is full.
    refusals: Arc<Semaphore>,
}

impl Acceptor {
    fn new(config: Config, listening: &[u16]) -> Self {
        let relay = Arc::new(Relay::new(config, listening));
        Self {
            quota: ConnectionQuota::new(&relay.config.limits),
            router: router(Arc::clone(&relay)),
            full: full(),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            relay,
        }
    }

    /// Accepts at one address, for ever.
    async fn accept_all(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.admit(stream, peer.ip()),
                Err(error) => {
                    // Out of descriptors, or a client that left already.
                    tracing::warn!(kind = ?error.kind(), "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Serves a connection, tells it that the relay is full, or drops it.
    fn admit(&self, stream: TcpStream, ip: IpAddr) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        if let Some(permit) = self.quota.acquire(ip) {
            let router = self.router.clone().layer(Extension(Arc::new(permit)));
            self.relay
                .tasks
                .spawn(serve_http(Arc::clone(&self.relay), stream, router));
        } else if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            tracing::debug!("no room for a connection");
            let refusal = serve_http(Arc::clone(&self.relay), stream, self.full.clone());
            self.relay.tasks.spawn(async move {
                refusal.await;
                drop(permit);
            });
        }
    }
}

/// Serves the requests of a connection, until it is idle for too long; a WebSocket lives on in a
/// task of its own.
async fn serve_http(relay: Arc<Relay>, stream: TcpStream, router: Router) {
    let stream = Metered::new(stream, &relay.config.limits);
    let request = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(relay.config.timing.hello)
        .max_buf_size(REQUEST_BYTES)
        // One request each: what follows it is a WebSocket or nothing, so that frames are counted.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    tokio::select! {
        served = request => {
            if served.is_err() {
                tracing::debug!("a request was not served to its end");
            }
        }
        () = relay.stop.cancelled() => {}
    }
}

/// How often sessions whose client has not come back in time are ended.
const SWEEP: Duration = Duration::from_secs(1);

/// How long accepting pauses after a failure, so that it does not spin while descriptors lack.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The smallest that hyper takes; a WebSocket request is below 1 KiB.
const REQUEST_BYTES: usize = 8 * 1024;

/// Refusals at a time; connections beyond that are dropped without an answer.
const REFUSALS: usize = 32;
