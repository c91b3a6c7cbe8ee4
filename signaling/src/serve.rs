//! Accepting connections, counting them, and ending them when the relay stops.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use signal_wire::PATH;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::config::Config;
use crate::places::Places;
use crate::relay::{Relay, no_room, router};

/// Runs a relay until `shutdown` comes, then tells every client and returns within
/// [`Timing::drain`](crate::Timing::drain).
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.local_addr()?;
    let door = Door::new(Arc::new(Relay::new(config)));
    let relay = Arc::clone(&door.relay);
    let mut shutdown = pin!(shutdown);
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tracing::info!("relay started");
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            _ = sweep.tick() => relay.hub().expire(Instant::now()),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => door.let_in(stream, peer.ip()),
                Err(error) => {
                    // Out of descriptors, or a client that left already.
                    tracing::warn!(kind = ?error.kind(), "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
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

/// The URL by which clients reach a relay that listens here. For one that listens on every
/// interface it names the one that other machines most likely see.
#[must_use]
pub fn client_url(listening: SocketAddr) -> String {
    let ip = if listening.ip().is_unspecified() {
        outward_ip()
    } else {
        listening.ip()
    };
    format!("ws://{}{PATH}", SocketAddr::new(ip, listening.port()))
}

/// Where connections come in.
struct Door {
    relay: Arc<Relay>,
    places: Places,
    router: Router,
    no_room: Router,
    /// How many may be told at a time that there is no room.
    refusals: Arc<Semaphore>,
}

impl Door {
    fn new(relay: Arc<Relay>) -> Self {
        Self {
            places: Places::new(&relay.config.limits),
            router: router(Arc::clone(&relay)),
            no_room: no_room(),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            relay,
        }
    }

    /// Serves a connection, tells it that there is no room, or drops it.
    fn let_in(&self, stream: TcpStream, ip: IpAddr) {
        if stream.set_nodelay(true).is_err() {
            return;
        }
        if let Some(place) = self.places.take(ip) {
            let router = self.router.clone().layer(Extension(Arc::new(place)));
            self.relay
                .tasks
                .spawn(http(Arc::clone(&self.relay), stream, router));
        } else if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
            tracing::debug!("no room for a connection");
            let refusal = http(Arc::clone(&self.relay), stream, self.no_room.clone());
            self.relay.tasks.spawn(async move {
                refusal.await;
                drop(permit);
            });
        }
    }
}

/// Serves the requests of a connection, until it rests for too long; a WebSocket lives on in a
/// task of its own.
async fn http(relay: Arc<Relay>, stream: TcpStream, router: Router) {
    let request = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(relay.config.timing.hello)
        .max_buf_size(REQUEST_BYTES)
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

/// The address that packets to the internet leave from. Connecting a UDP socket sends nothing,
/// it only asks the routing table.
fn outward_ip() -> IpAddr {
    let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((DOCUMENTATION_IP, 9))?;
        socket.local_addr()
    });
    probe.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip())
}

/// How often sessions are looked through for those whose client has not come back.
const SWEEP: Duration = Duration::from_secs(1);

/// How long accepting rests after a failure, so that it does not spin while descriptors lack.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The smallest that hyper takes; a WebSocket request is below 1 KiB.
const REQUEST_BYTES: usize = 8 * 1024;

/// Refusals at a time; beyond, connections are dropped without a word.
const REFUSALS: usize = 32;

/// TEST-NET-1 (RFC 5737): routed like any far address, belongs to nobody.
const DOCUMENTATION_IP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
