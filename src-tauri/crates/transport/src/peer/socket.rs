//! The UDP sockets of a session as the library sees them: each notes what passes through it, and
//! passes only what the other side and the servers may send.
//!
//! Runs in the library's driver, once per datagram: nothing here may block or log.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use super::admission::{Admission, Source, Verdict, relayed};
use super::batch::retain;
use super::handshake::{is_clear_alert, split};
use super::packet_size::PacketSize;
use super::routes::{Inlet, Origin, Pair, Routes};
use crate::network::{Interface, can_pair, leaves_elsewhere};

/// Wraps the sockets of a session once more; tests put loss and delay there.
pub(crate) trait SocketLayer: Send + Sync + std::fmt::Debug + 'static {
    /// A socket that stands for `socket`.
    fn wrap(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket>;
}

/// What the sockets of a session saw, read by its task.
#[derive(Debug)]
pub(crate) struct Traffic {
    begun: Instant,
    /// When the other side's last datagram was received, in microseconds from `begun`.
    received_micros: AtomicU64,
    /// Whether a DTLS handshake was refused.
    handshake_refused: AtomicBool,
    admission: Mutex<Admission>,
}

impl Traffic {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            begun: now,
            received_micros: AtomicU64::new(0),
            handshake_refused: AtomicBool::new(false),
            admission: Mutex::new(Admission::new()),
        }
    }

    /// Notes that something that only the other side can have sent was received at `now`.
    pub(crate) fn received(&self, now: Instant) {
        let micros = now.saturating_duration_since(self.begun).as_micros();
        self.received_micros
            .fetch_max(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// When something of the other side was received last; the beginning of the session when nothing
    /// was.
    pub(crate) fn last_received(&self) -> Instant {
        self.begun + Duration::from_micros(self.received_micros.load(Ordering::Relaxed))
    }

    /// Whether this side refused the DTLS handshake: a certificate whose fingerprint is not that of
    /// its description, or no cipher suite in common. The library only logs it.
    pub(crate) fn handshake_refused(&self) -> bool {
        self.handshake_refused.load(Ordering::Relaxed)
    }

    fn sent(&self, to: SocketAddr, datagram: &[u8]) {
        if is_handshake_refusal(relayed(datagram)) {
            self.handshake_refused.store(true, Ordering::Relaxed);
        }
        // Nearly all datagrams are media.
        if !is_media(datagram.first().copied().unwrap_or_default()) {
            self.admission().sent(to, datagram);
        }
    }

    /// Whether the library is to see a datagram that was received.
    fn admits(&self, source: Source, datagram: &[u8]) -> bool {
        let verdict = self.admission().judge(source, datagram);
        if verdict == Verdict::Authentic {
            self.received(Instant::now());
        }
        verdict != Verdict::Refused
    }

    /// What decides it.
    pub(crate) fn admission(&self) -> MutexGuard<'_, Admission> {
        self.admission
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that shows the library only what [`Admission`] admits.
#[derive(Debug)]
pub(crate) struct FilteredSocket {
    local: SocketAddr,
    socket: Arc<dyn AsyncUdpSocket>,
    traffic: Arc<Traffic>,
    packet_size: Arc<PacketSize>,
    routes: Arc<Routes>,
    /// What arrived at other sockets for this one.
    inlet: Arc<Inlet>,
    /// Those of this machine when the socket was opened.
    interfaces: Vec<Interface>,
}

impl FilteredSocket {
    /// For a socket that is bound to `local`.
    pub(crate) fn new(
        local: SocketAddr,
        socket: Arc<dyn AsyncUdpSocket>,
        traffic: Arc<Traffic>,
        packet_size: Arc<PacketSize>,
        routes: Arc<Routes>,
    ) -> Self {
        Self {
            local,
            inlet: routes.open(local, Arc::clone(&socket)),
            socket,
            traffic,
            packet_size,
            routes,
            interfaces: Interface::all(),
        }
    }

    /// Sends what was too long, when it consists of parts that are not: a flight of a handshake does.
    /// Of all else the packets become smaller. `refused` is what came of sending it as a whole.
    fn send_in_parts(
        &self,
        cx: &mut Context<'_>,
        socket: &dyn AsyncUdpSocket,
        packet: &Transmit<'_>,
        refused: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let size = packet.contents.len();
        if !matches!(packet.contents, [20 | 22, _, _, 0, 0, ..]) {
            self.packet_size
                .refused(packet.segment_size.unwrap_or(size));
            return refused;
        }
        for record in split(packet.contents) {
            let part = Transmit {
                contents: record,
                segment_size: None,
                ..*packet
            };
            // One that does not leave is lost: the flight is repeated.
            let _ = socket.poll_send(cx, &part);
        }
        Poll::Ready(Ok(size))
    }

    /// Makes a batch that arrived at this socket what the library is to see of it; returns whether
    /// there is anything.
    fn admit(&self, batch: &mut [u8], meta: &mut RecvMeta) -> bool {
        let pair = Pair {
            local: self.local,
            remote: meta.addr,
        };
        let origin = self.routes.origin(pair);
        let is_for_migration = |datagram: &[u8]| {
            let stun = datagram.first().is_some_and(|it| is_stun(*it));
            stun && self.routes.takes(pair, origin, datagram)
        };
        let source = match origin {
            Origin::Peer(_) => Source::Session,
            Origin::Unknown => Source::Address(meta.addr),
            Origin::Elsewhere(remote) => {
                // It is judged where the library waits for it.
                if retain(batch, meta, |it| !is_for_migration(it)) {
                    meta.addr = remote;
                    self.routes.hand(&batch[..meta.len.min(batch.len())], *meta);
                }
                return false;
            }
        };
        let keep = |it: &[u8]| !is_for_migration(it) && self.traffic.admits(source, it);
        let left = retain(batch, meta, keep);
        if let Origin::Peer(remote) = origin {
            meta.addr = remote;
        }
        left
    }

    /// The next batch, whichever socket it arrived at; returns whether there is anything for the
    /// library.
    fn poll_batch(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<(usize, bool)>> {
        if self.inlet.poll_recv(cx, bufs, meta).is_ready() {
            let keep = |it: &[u8]| self.traffic.admits(Source::Session, it);
            let left = bufs.iter_mut().zip(meta).take(1);
            let mut left = left.map(|(buf, meta)| retain(buf, meta, keep));
            return Poll::Ready(Ok((1, left.any(|it| it))));
        }
        let count = ready!(self.socket.poll_recv(cx, bufs, meta))?;
        // Datagrams that the kernel joined are of one source; the driver asks for one batch.
        let mut batches = bufs.iter_mut().zip(meta.iter_mut()).take(count);
        let admitted = batches.any(|(buf, meta)| self.admit(buf, meta));
        Poll::Ready(Ok((count, admitted || count == 0)))
    }
}

impl Drop for FilteredSocket {
    fn drop(&mut self) {
        self.routes.close(self.local);
    }
}

impl AsyncUdpSocket for FilteredSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, packet: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let first = packet.contents.first().copied().unwrap_or_default();
        let (ours, theirs) = (self.local.ip(), packet.destination.ip());
        if !can_pair(ours, theirs) {
            // The library pairs all addresses of a family, and asks servers from each.
            return Poll::Ready(Err(io::ErrorKind::NetworkUnreachable.into()));
        }
        if is_stun(first) && leaves_elsewhere(ours, theirs, &self.interfaces) {
            // A check that is never answered: the pair of the right address is taken.
            return Poll::Ready(Ok(packet.contents.len()));
        }
        self.traffic.sent(packet.destination, packet.contents);
        let pair = Pair {
            local: self.local,
            remote: packet.destination,
        };
        let moved = self.routes.outgoing(pair, is_dtls_or_media(first));
        let (destination, socket) = match &moved {
            Some((remote, socket)) => (*remote, &**socket),
            None => (packet.destination, &*self.socket),
        };
        let packet = Transmit {
            destination,
            ..*packet
        };
        let sent = socket.poll_send(cx, &packet);
        match &sent {
            Poll::Ready(Err(error)) if is_too_long(error) => {
                self.send_in_parts(cx, socket, &packet, sent)
            }
            Poll::Ready(Err(error)) if is_cut_off(error) => {
                self.routes.failed(pair);
                sent
            }
            Poll::Ready(_) | Poll::Pending => sent,
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            match ready!(self.poll_batch(cx, bufs, meta)) {
                Ok((count, true)) => return Poll::Ready(Ok(count)),
                Ok((_, false)) => {}
                Err(error) => return Poll::Ready(Err(error)),
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

/// Whether a datagram that starts with `first` is STUN (RFC 7983, 7).
pub(crate) const fn is_stun(first: u8) -> bool {
    first < 4
}

/// Whether a datagram that starts with `first` is RTP or RTCP (RFC 7983, 7).
const fn is_media(first: u8) -> bool {
    matches!(first, 128..=191)
}

/// Whether a datagram that starts with `first` is DTLS, RTP or RTCP: what goes through a TURN server
/// is in STUN, or begins with a channel number.
const fn is_dtls_or_media(first: u8) -> bool {
    matches!(first, 20..=63) || is_media(first)
}

/// Whether nothing leaves from this address, or to that one.
fn is_cut_off(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AddrNotAvailable, HostUnreachable, InvalidInput, NetworkDown, NetworkUnreachable,
    };
    // Linux calls the source invalid (EINVAL) when the machine no longer has it.
    matches!(
        error.kind(),
        AddrNotAvailable | HostUnreachable | InvalidInput | NetworkDown | NetworkUnreachable
    )
}

/// Whether the system refused a datagram because no packet of the path can hold it (EMSGSIZE): it
/// is longer than the interface's packets, since nothing is sent in fragments.
fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(TOO_LONG)
}

/// EMSGSIZE: the standard library has no kind for it.
pub(crate) const TOO_LONG: i32 = if cfg!(windows) {
    10_040
} else if cfg!(target_os = "linux") {
    90
} else {
    40
};

/// Whether a datagram begins with a fatal DTLS alert in clear: it ends a handshake (RFC 5246, 7.2.2).
/// Alerts of an established connection are encrypted, and of a later epoch.
fn is_handshake_refusal(datagram: &[u8]) -> bool {
    // RFC 6347, 4.1: type, version (2), epoch (2), sequence number (6), length (2), then the level.
    is_clear_alert(datagram) && datagram.get(13) == Some(&FATAL)
}

/// The level of alerts that end a connection (RFC 5246, 7.2).
const FATAL: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fatal_alert_in_clear_is_a_refused_handshake() {
        let alert = |kind, epoch, level| {
            let record = [kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 3, 0, 2];
            [&record[..], &[level, 42]].concat()
        };
        let fatal = alert(21, 0, 2);
        assert!(is_handshake_refusal(&fatal));
        let over_turn = [&[64, 0, 0, 15][..], &fatal].concat();
        assert!(is_handshake_refusal(relayed(&over_turn)));
        let warning = alert(21, 0, 1);
        let encrypted = alert(21, 1, 2);
        let handshake = alert(22, 0, 2);
        for other in [&warning[..], &encrypted, &handshake, &fatal[..13], &[]] {
            assert!(!is_handshake_refusal(other), "{other:?}");
        }
    }

    #[test]
    fn the_last_time_of_any_socket_counts() {
        let begun = Instant::now();
        let traffic = Traffic::new(begun);
        assert_eq!(traffic.last_received(), begun);
        let later = begun + Duration::from_secs(2);
        traffic.received(later);
        traffic.received(begun + Duration::from_secs(1));
        assert_eq!(traffic.last_received(), later);
    }
}
