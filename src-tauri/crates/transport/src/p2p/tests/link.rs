//! A socket whose datagrams take their time and get lost, and who counts what becomes of them.

use std::collections::{HashMap, HashSet};
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use webrtc::runtime::{AsyncUdpSocket, RecvMeta, Transmit};

use crate::peer::socket::{SocketLayer, TOO_LONG};

/// What one end sends through: all datagrams are late by the same time, and a share of them is lost.
#[derive(Clone, Debug)]
pub(super) struct Link {
    delay: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    share: f64,
    cut: bool,
    /// Larger datagrams do not pass.
    narrow: Option<Narrow>,
    random: u64,
    census: Census,
    /// Sequence numbers of pictures: those that were sent, and how often each arrived.
    pictures: HashMap<u16, u32>,
    sounds: HashSet<u16>,
}

/// How large datagrams may be, bytes, and what happens to larger ones.
#[derive(Clone, Copy, Debug)]
pub(super) enum Narrow {
    /// The system refuses them: it is the interface that is narrow.
    Refuses(usize),
    /// They are lost on the way.
    Loses(usize),
}

/// What became of the packets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Census {
    /// Packets of sound and pictures that were sent for the first time.
    pub(super) first: u64,
    /// Those of them that were lost.
    pub(super) lost: u64,
    /// Those of the lost that belong to pictures, which are all that is sent again.
    pub(super) pictures_lost: u64,
    /// Packets that were sent again, each time.
    pub(super) resent: u64,
    /// Packets that arrived although they had arrived before.
    pub(super) duplicates: u64,
}

impl Link {
    /// A link of `delay` one way that loses `share` of its datagrams, 0 to 1.
    pub(super) fn new(delay: Duration, share: f64, seed: u64) -> Self {
        let state = State {
            share,
            cut: false,
            narrow: None,
            random: seed,
            census: Census::default(),
            pictures: HashMap::new(),
            sounds: HashSet::new(),
        };
        let state = Arc::new(Mutex::new(state));
        Self { delay, state }
    }

    pub(super) fn set_loss(&self, share: f64) {
        self.state().share = share;
    }

    /// Whether everything is lost.
    pub(super) fn cut(&self, cut: bool) {
        self.state().cut = cut;
    }

    pub(super) fn narrow(&self, narrow: Narrow) {
        self.state().narrow = Some(narrow);
    }

    pub(super) fn census(&self) -> Census {
        self.state().census
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    /// Whether a datagram is lost; counts it.
    fn loses(&mut self, packet: &[u8]) -> bool {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695);
        let dice = (self.random >> 33) as f64 / f64::from(1u32 << 31);
        let lost = self.cut || dice < self.share;
        // RTP (RFC 7983, 7), not RTCP (RFC 5761, 4).
        let [128..192, kind, high, low, ..] = packet else {
            return lost;
        };
        let sequence = u16::from_be_bytes([*high, *low]);
        match kind & 127 {
            OPUS => {
                self.sounds.insert(sequence);
                self.census.first += 1;
                self.census.lost += u64::from(lost);
            }
            H264 => self.count_picture(sequence, lost),
            _ => {}
        }
        lost
    }

    fn count_picture(&mut self, sequence: u16, lost: bool) {
        let census = &mut self.census;
        match self.pictures.get_mut(&sequence) {
            None => {
                self.pictures.insert(sequence, u32::from(!lost));
                census.first += 1;
                census.lost += u64::from(lost);
                census.pictures_lost += u64::from(lost);
            }
            Some(arrived) => {
                census.resent += 1;
                census.duplicates += u64::from(!lost && *arrived > 0);
                *arrived += u32::from(!lost);
            }
        }
    }
}

impl SocketLayer for Link {
    fn wrap(&self, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        let (queue, queued) = mpsc::unbounded_channel();
        tokio::spawn(deliver(Arc::clone(&socket), queued));
        Arc::new(Delayed {
            socket,
            link: self.clone(),
            queue,
        })
    }
}

type Late = (Instant, SocketAddr, Vec<u8>);

/// Sends each datagram when it is due.
async fn deliver(socket: Arc<dyn AsyncUdpSocket>, mut queued: mpsc::UnboundedReceiver<Late>) {
    while let Some((due, destination, contents)) = queued.recv().await {
        tokio::time::sleep_until(due.into()).await;
        let transmit = Transmit {
            destination,
            ecn: None,
            contents: &contents,
            segment_size: None,
            src_ip: None,
        };
        let _ = std::future::poll_fn(|cx| socket.poll_send(cx, &transmit)).await;
    }
}

#[derive(Debug)]
struct Delayed {
    socket: Arc<dyn AsyncUdpSocket>,
    link: Link,
    queue: mpsc::UnboundedSender<Late>,
}

impl AsyncUdpSocket for Delayed {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn poll_send(&self, _: &mut Context<'_>, packet: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let narrow = self.link.state().narrow;
        let vanishes = match narrow {
            Some(Narrow::Refuses(limit)) if packet.contents.len() > limit => {
                return Poll::Ready(Err(io::Error::from_raw_os_error(TOO_LONG)));
            }
            Some(Narrow::Loses(limit)) => packet.contents.len() > limit,
            Some(Narrow::Refuses(_)) | None => false,
        };
        if !self.link.state().loses(packet.contents) && !vanishes {
            let due = Instant::now() + self.link.delay;
            let late = (due, packet.destination, packet.contents.to_vec());
            let _ = self.queue.send(late);
        }
        Poll::Ready(Ok(packet.contents.len()))
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

/// The payload types that we offer.
const OPUS: u8 = 111;
const H264: u8 = 102;
