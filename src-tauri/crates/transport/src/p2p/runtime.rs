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

/// How long an answer is used without asking again: what servers that move on failure give theirs.
const FRESH: Duration = Duration::from_secs(60);

/// How long an old answer is used after asking in vain: the servers of one search for a path, and
/// the next search, must not each wait for [`RESOLVE_TIMEOUT`].
const ASK_AGAIN: Duration = Duration::from_secs(10);

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

/// Names that were resolved, a handful: those of the servers in the settings. An answer is used for
/// a while, and beyond that only when there is no newer one.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<String, Answer>>);

/// What a name stood for.
#[derive(Debug)]
struct Answer {
    /// Never empty.
    addresses: Vec<SocketAddr>,
    /// Until when nobody asks again.
    until: Instant,
}

impl Names {
    /// The addresses of `host`, a name or literal with a port.
    pub(crate) async fn resolve(&self, host: &str) -> io::Result<Vec<SocketAddr>> {
        if let Ok(literal) = host.parse() {
            return Ok(vec![literal]);
        }
        if let Some(known) = self.known(host, Instant::now()) {
            return Ok(known);
        }
        let lookup = tokio::net::lookup_host(host);
        let found = match tokio::time::timeout(RESOLVE_TIMEOUT, lookup).await {
            Ok(found) => found.map(Iterator::collect),
            Err(late) => Err(late.into()),
        };
        self.settle(host, Instant::now(), found)
    }

    /// What is known of `host` and need not be asked again at `now`.
    fn known(&self, host: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        let answers = self.lock();
        let fresh = answers.get(host).filter(|it| now < it.until)?;
        Some(fresh.addresses.clone())
    }

    /// What to use for `host` when asking brought `found` at `now`: an old answer rather than none.
    fn settle(
        &self,
        host: &str,
        now: Instant,
        found: io::Result<Vec<SocketAddr>>,
    ) -> io::Result<Vec<SocketAddr>> {
        let mut answers = self.lock();
        let error = match found {
            Ok(addresses) if !addresses.is_empty() => {
                let until = now + FRESH;
                let answer = Answer {
                    addresses: addresses.clone(),
                    until,
                };
                answers.insert(host.to_owned(), answer);
                return Ok(addresses);
            }
            Ok(_) => io::ErrorKind::NotFound.into(),
            Err(error) => error,
        };
        let old = answers.get_mut(host).ok_or(error)?;
        tracing::warn!("a server's name does not resolve: its last addresses are used");
        old.until = now + ASK_AGAIN;
        Ok(old.addresses.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "stun.example:3478";

    fn address(last: u8) -> SocketAddr {
        ([192, 0, 2, last], 3478).into()
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_name_is_asked_again_after_a_minute() {
        let (names, start) = (Names::default(), Instant::now());
        assert_eq!(names.known(HOST, start), None);
        names.settle(HOST, start, Ok(vec![address(1)])).unwrap();
        assert_eq!(names.known(HOST, after(start, 59)), Some(vec![address(1)]));
        assert_eq!(names.known(HOST, after(start, 60)), None);
        let moved = names.settle(HOST, after(start, 60), Ok(vec![address(2)]));
        assert_eq!(moved.unwrap(), [address(2)]);
        assert_eq!(names.known(HOST, after(start, 61)), Some(vec![address(2)]));
    }

    #[test]
    fn an_old_answer_serves_while_there_is_no_new_one() {
        let (names, start) = (Names::default(), Instant::now());
        names.settle(HOST, start, Ok(vec![address(1)])).unwrap();
        let late = || Err(io::ErrorKind::TimedOut.into());
        for (at, found) in [(60, late()), (80, Ok(vec![]))] {
            let used = names.settle(HOST, after(start, at), found);
            assert_eq!(used.unwrap(), [address(1)]);
            let soon = names.known(HOST, after(start, at + 9));
            assert_eq!(soon, Some(vec![address(1)]), "asked a moment ago");
            assert_eq!(names.known(HOST, after(start, at + 10)), None);
        }
    }

    #[test]
    fn no_answer_is_not_kept() {
        let (names, start) = (Names::default(), Instant::now());
        let empty = names.settle(HOST, start, Ok(vec![])).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::NotFound);
        let late = Err(io::ErrorKind::TimedOut.into());
        let late = names.settle(HOST, start, late).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        assert_eq!(names.known(HOST, start), None);
    }

    #[tokio::test]
    async fn a_literal_needs_no_asking() {
        let names = Names::default();
        let own = names.resolve("192.0.2.7:3478").await.unwrap();
        assert_eq!(own, [address(7)]);
        assert!(names.lock().is_empty());
    }
}
