//! A path that is lost on purpose: for a while the sockets of a session carry nothing, and nobody
//! above them is told.
//!
//! Runs in the library's driver, once per datagram, beneath everything that looks at datagrams:
//! nothing here may block or log.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use super::socket::SocketLayer;

/// The lowest layer of a session's sockets, which loses everything during an outage.
#[derive(Debug)]
pub(crate) struct Outage {
    below: Option<Arc<dyn SocketLayer>>,
    until: Arc<Until>,
}

/// When the outage is over.
#[derive(Debug)]
struct Until {
    begun: Instant,
    /// In microseconds from `begun`; 0 before the first outage.
    micros: AtomicU64,
}

impl Outage {
    /// A layer over that of a test; there is no outage yet.
    pub(crate) fn over(below: Option<Arc<dyn SocketLayer>>, now: Instant) -> Self {
        Self {
            below,
            until: Arc::new(Until {
                begun: now,
                micros: AtomicU64::new(0),
            }),
        }
    }

    /// Nothing passes for so long.
    pub(crate) fn begin(&self, now: Instant, time: Duration) {
        let until = now.saturating_duration_since(self.until.begun) + time;
        let micros = u64::try_from(until.as_micros()).unwrap_or(u64::MAX);
        self.until.micros.store(micros, Ordering::Relaxed);
    }
}

impl SocketLayer for Outage {
    fn wrap(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        let socket = match &self.below {
            Some(layer) => layer.wrap(socket),
            None => socket,
        };
        let until = Arc::clone(&self.until);
        Arc::new(Lossy { socket, until })
    }
}

impl Until {
    fn is_to_come(&self) -> bool {
        let micros = self.micros.load(Ordering::Relaxed);
        micros > 0 && self.begun.elapsed() < Duration::from_micros(micros)
    }
}

#[derive(Debug)]
struct Lossy {
    socket: Arc<dyn AsyncUdpSocket>,
    until: Arc<Until>,
}

impl AsyncUdpSocket for Lossy {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, packet: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if self.until.is_to_come() {
            return Poll::Ready(Ok(packet.contents.len()));
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
            let count = ready!(self.socket.poll_recv(cx, bufs, meta))?;
            if count == 0 || !self.until.is_to_come() {
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
