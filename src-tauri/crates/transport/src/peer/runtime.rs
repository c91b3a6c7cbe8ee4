//! The library's runtime for one session: tokio, with sockets, names and sleeps of our own.
//!
//! All tasks of the library are spawned here, inside the span of the call.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tracing::{Instrument, Span};
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, Runtime,
    TokioRuntime,
};

use super::packet_size::PacketSize;
use super::resolve::Resolver;
use super::routes::Routes;
use super::scoped::unscoped;
use super::socket::{FilteredSocket, SocketLayer, Traffic};
use crate::network::StandIns;

/// Room for a burst of a large keyframe, bytes; the kernel may grant less. The usual 208 KiB lose
/// half of a burst of 200 packets.
const SOCKET_BUFFER: usize = 2 * 1024 * 1024;

/// Whether the library's driver polls fast.
///
/// The driver computes packets while it handles an event, but sends them only after its next
/// sleep, which lasts until a packet comes or a timer is due: each step of a DTLS or SCTP handshake
/// would wait for up to 200 ms. With fast polling it sleeps a millisecond at most. That costs a
/// wake-up each millisecond, so it is on only while a connection is set up.
#[derive(Debug, Default)]
pub(crate) struct FastPolling(AtomicBool);

impl FastPolling {
    pub(crate) fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }

    fn cap(&self, sleep: Duration) -> Duration {
        if self.0.load(Ordering::Relaxed) {
            sleep.min(Duration::from_millis(1))
        } else {
            sleep
        }
    }
}

/// A socket of a session on its network, below everything that looks at datagrams.
///
/// # Errors
/// When the system refuses it.
pub(crate) fn open_socket(
    socket: UdpSocket,
    layer: &dyn SocketLayer,
) -> io::Result<Arc<dyn AsyncUdpSocket>> {
    let options = SockRef::from(&socket);
    if options.set_recv_buffer_size(SOCKET_BUFFER).is_err()
        || options.set_send_buffer_size(SOCKET_BUFFER).is_err()
    {
        tracing::warn!("socket buffers stay at their default size");
    }
    let local = socket.local_addr()?;
    let socket = TokioRuntime.wrap_udp_socket(socket)?;
    Ok(layer.wrap(unscoped(socket, local)))
}

type Accepting<'a> =
    Pin<Box<dyn Future<Output = io::Result<(Arc<dyn AsyncTcpStream>, SocketAddr)>> + Send + 'a>>;

/// A listener that the library needs to dial by TCP (RFC 6544), and that takes nobody in: a server is
/// dialled and does not dial, and of anybody else the library would see all that they send.
#[derive(Debug)]
struct Deaf(Arc<dyn AsyncTcpListener>);

impl AsyncTcpListener for Deaf {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    fn accept<'a>(&'a self) -> Accepting<'a> {
        Box::pin(std::future::pending())
    }
}

/// The runtime of one session.
#[derive(Debug)]
pub(crate) struct SessionRuntime {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) packet_size: Arc<PacketSize>,
    pub(crate) routes: Arc<Routes>,
    pub(crate) stand_ins: Arc<StandIns>,
    pub(crate) fast_polling: Arc<FastPolling>,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) layer: Arc<dyn SocketLayer>,
    /// The call's span: whatever the library's tasks log is inside.
    pub(crate) span: Span,
}

impl Runtime for SessionRuntime {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(Box::pin(future.instrument(self.span.clone())))
    }

    fn wrap_udp_socket(&self, socket: UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        // What only stands in has done so, and is closed.
        let stand_in = self.stand_ins.take(socket.local_addr()?);
        let socket = stand_in.unwrap_or(socket);
        let local = socket.local_addr()?;
        let socket = open_socket(socket, &*self.layer)?;
        let (traffic, size) = (Arc::clone(&self.traffic), Arc::clone(&self.packet_size));
        let routes = Arc::clone(&self.routes);
        Ok(Arc::new(FilteredSocket::new(
            local, socket, traffic, size, routes,
        )))
    }

    fn wrap_tcp_listener(&self, listener: TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        Ok(Arc::new(Deaf(TokioRuntime.wrap_tcp_listener(listener)?)))
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
        Box::pin(self.resolver.resolve(host))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        TokioRuntime.sleep(self.fast_polling.cap(duration))
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
