//! A socket that loses what it sends.

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use crate::peer::socket::SocketLayer;

/// Loses a share of the media packets, or everything.
#[derive(Debug)]
pub(super) struct Loss {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    share: f64,
    cut: AtomicBool,
    random: AtomicU64,
    /// Datagrams of RTP and RTCP that were to be sent.
    media: AtomicU64,
}

impl Loss {
    /// Loses `share` of the media packets, 0 to 1, the same ones each time.
    pub(super) fn of_media(share: f64) -> Self {
        let state = State {
            share,
            cut: AtomicBool::new(false),
            random: AtomicU64::new(1),
            media: AtomicU64::new(0),
        };
        Self {
            state: Arc::new(state),
        }
    }

    /// How many packets of RTP and RTCP were to be sent.
    pub(super) fn media(&self) -> u64 {
        self.state.media.load(Ordering::Relaxed)
    }

    /// Whether everything is lost.
    pub(super) fn cut(&self, cut: bool) {
        self.state.cut.store(cut, Ordering::Relaxed);
    }
}

impl SocketLayer for Loss {
    fn wrap(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        Arc::new(Lossy {
            socket,
            state: Arc::clone(&self.state),
        })
    }
}

#[derive(Debug)]
struct Lossy {
    socket: Arc<dyn AsyncUdpSocket>,
    state: Arc<State>,
}

impl State {
    fn loses(&self, packet: &[u8]) -> bool {
        // RFC 7983: media begins with 128 to 191.
        let media = packet.first().is_some_and(|it| (128..192).contains(it));
        self.media.fetch_add(u64::from(media), Ordering::Relaxed);
        if self.cut.load(Ordering::Relaxed) {
            return true;
        }
        let next = |it: u64| {
            it.wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695)
        };
        let update = |it| Some(next(it));
        let value = self
            .random
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        let value = value.unwrap_or_default() >> 33;
        media && (value as f64) < self.share * f64::from(1u32 << 31)
    }
}

impl AsyncUdpSocket for Lossy {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, packet: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if self.state.loses(packet.contents) {
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
        self.socket.poll_recv(cx, bufs, meta)
    }
}
