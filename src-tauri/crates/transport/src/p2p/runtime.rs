//! The library's runtime, wrapped: larger socket buffers, names resolved within a time limit, and
//! a note of when something was last heard.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use socket2::SockRef;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime,
    TokioRuntime, Transmit,
};

/// How long a name may take to resolve. The library waits for it in the loop that also carries
/// the media.
const RESOLVE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Room for a burst of a large keyframe, bytes; the kernel may grant less. The usual 208 KiB lose
/// half of a burst of 200 packets.
const SOCKET_BUFFER: usize = 2 * 1024 * 1024;

/// When the sockets of a session last heard anything.
#[derive(Debug)]
pub(crate) struct Heard {
    since: Instant,
    micros: AtomicU64,
}

impl Heard {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            since: now,
            micros: AtomicU64::new(0),
        }
    }

    pub(crate) fn note(&self, now: Instant) {
        let micros = now.saturating_duration_since(self.since).as_micros();
        self.micros
            .fetch_max(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn last(&self) -> Instant {
        self.since + Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

/// Whether a session is connecting, so that its driver must not oversleep.
///
/// The library's driver computes what to send while it handles an event, and then sleeps until the
/// next packet or timer before it sends it: a DTLS or SCTP handshake costs up to 200 ms a step.
/// While this is set, it sleeps a millisecond at most.
#[derive(Debug, Default)]
pub(crate) struct Hurry(AtomicBool);

impl Hurry {
    pub(crate) fn set(&self, hurry: bool) {
        self.0.store(hurry, Ordering::Relaxed);
    }

    fn cap(&self, sleep: Duration) -> Duration {
        if self.0.load(Ordering::Relaxed) {
            sleep.min(Duration::from_millis(1))
        } else {
            sleep
        }
    }
}

/// Names that were resolved, kept for the life of the program: servers are a handful and fixed by
/// the settings.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<String, Vec<SocketAddr>>>);

impl Names {
    /// The addresses of `host`, a name or literal with a port.
    pub(crate) async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        if let Ok(literal) = host.parse() {
            return Ok(vec![literal]);
        }
        let known = self.lock().get(host).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let lookup = tokio::net::lookup_host(host);
        let found: Vec<_> = tokio::time::timeout(RESOLVE_TIMEOUT, lookup)
            .await??
            .collect();
        self.lock().insert(host.to_owned(), found.clone());
        Ok(found)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<SocketAddr>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wraps the sockets of a session once more; tests put loss and delay there.
pub(crate) trait SocketLayer: Send + Sync + std::fmt::Debug + 'static {
    /// A socket that stands for `socket`.
    fn wrap(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket>;
}

/// The runtime of one session.
#[derive(Debug)]
pub(crate) struct SessionRuntime {
    pub(crate) heard: Arc<Heard>,
    pub(crate) hurry: Arc<Hurry>,
    pub(crate) names: Arc<Names>,
    pub(crate) layer: Option<Arc<dyn SocketLayer>>,
}

impl Runtime for SessionRuntime {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let options = SockRef::from(&socket);
        if options.set_recv_buffer_size(SOCKET_BUFFER).is_err()
            || options.set_send_buffer_size(SOCKET_BUFFER).is_err()
        {
            tracing::warn!("socket buffers stay at their default size");
        }
        let socket = TokioRuntime.wrap_udp_socket(socket)?;
        let socket = match &self.layer {
            Some(layer) => layer.wrap(socket),
            None => socket,
        };
        Ok(Arc::new(ListeningSocket {
            socket,
            heard: Arc::clone(&self.heard),
            known: Mutex::default(),
        }))
    }

    fn wrap_tcp_listener(&self, listener: TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        TokioRuntime.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        remote: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = io::Result<Arc<dyn AsyncTcpStream>>> + Send + 'a>> {
        Box::pin(async move { TokioRuntime.connect_tcp(remote).await })
    }

    fn resolve_host<'a>(
        &'a self,
        host: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        Box::pin(self.names.resolve(host))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        TokioRuntime.sleep(self.hurry.cap(duration))
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        TokioRuntime.block_on(future);
    }

    fn yield_now(&self) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        TokioRuntime.yield_now()
    }

    fn name(&self) -> &'static str {
        "tincan"
    }
}

/// A socket that notes when it heard something, and that hears only those it has spoken to.
///
/// The library keeps state for every stream that anybody claims to send. STUN always passes: it is
/// how new addresses of the other side become known, and it is authenticated.
#[derive(Debug)]
struct ListeningSocket {
    socket: Arc<dyn AsyncUdpSocket>,
    heard: Arc<Heard>,
    known: Mutex<HashSet<SocketAddr>>,
}

impl ListeningSocket {
    fn known(&self) -> MutexGuard<'_, HashSet<SocketAddr>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a datagram that starts with `first` may come from `source`.
    fn admits(&self, first: u8, source: &SocketAddr) -> bool {
        is_stun(first) || self.known().contains(source)
    }
}

/// RFC 7983, 7.
const fn is_stun(first: u8) -> bool {
    first < 4
}

/// How many addresses a socket speaks to at most: each candidate of the other side and each
/// server, several times over.
const MAX_KNOWN: usize = 256;

impl AsyncUdpSocket for ListeningSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, packet: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if packet.contents.first().is_some_and(|it| is_stun(*it)) {
            let mut known = self.known();
            if known.len() < MAX_KNOWN {
                known.insert(packet.destination);
            }
        }
        self.socket.poll_send(cx, packet)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let count = match ready!(self.socket.poll_recv(cx, bufs, meta)) {
                Ok(count) => count,
                Err(error) => return Poll::Ready(Err(error)),
            };
            // Datagrams that the kernel joined are of one source; the driver asks for one batch.
            let admitted = bufs.iter().zip(meta.iter()).take(count).any(|(buf, meta)| {
                buf.first()
                    .is_some_and(|first| self.admits(*first, &meta.addr))
            });
            if admitted || count == 0 {
                self.heard.note(Instant::now());
                return Poll::Ready(Ok(count));
            }
        }
    }

    fn max_gso_segments(&self) -> usize {
        self.socket.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.socket.max_gro_segments()
    }
}
