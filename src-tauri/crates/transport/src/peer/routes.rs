//! Where the datagrams of a session travel: what its sockets ask for each batch of them.
//!
//! Called in the library's driver and by the readers of sockets that the library knows nothing of.
//! One short lock for each batch, which nobody holds across a system call. What it says is decided
//! by `p2p::migrate`.

use std::collections::{HashMap, VecDeque};
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use tokio::sync::{Notify, mpsc};
use webrtc::runtime::{AsyncUdpSocket, RecvMeta};

use super::stun::{MAX_MESSAGE, is_ours, is_request};
use crate::network::can_pair;

/// A local and a remote address that datagrams travel between: a candidate pair (RFC 8445, 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    /// That a socket of ours is bound to.
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
}

impl Pair {
    /// Whether datagrams can travel between the two.
    pub(crate) const fn is_possible(&self) -> bool {
        can_pair(self.local.ip(), self.remote.ip())
    }
}

/// Shared by the sockets of a session and its migration.
#[derive(Debug)]
pub(crate) struct Routes {
    begun: Instant,
    table: Mutex<Table>,
    /// When the pair in use became that, in microseconds from `begun`.
    used_micros: AtomicU64,
    /// When something came over the pair in use, whoever sent it, in microseconds from `begun`.
    reached_micros: AtomicU64,
    /// Something was not sent over the pair in use since somebody asked last.
    failed: AtomicBool,
    /// The selected pair or `failed` changed.
    changed: Notify,
    arrivals: mpsc::Sender<Arrival>,
}

/// A STUN message for migration to look at.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) pair: Pair,
    pub(crate) bytes: Box<[u8]>,
}

#[derive(Debug, Default)]
struct Table {
    /// The library's sockets, by the addresses that they are bound to.
    ports: HashMap<SocketAddr, Port>,
    /// The pair that the library sends media over, as it believes.
    selected: Option<Pair>,
    /// The pair in use, where that is another one, and the socket of it.
    moved: Option<(Pair, Arc<dyn AsyncUdpSocket>)>,
    /// Pairs over which the other side was heard, the last one last; at most [`MAX_ACCEPTED`].
    accepted: VecDeque<Pair>,
}

/// A socket of the library.
#[derive(Debug)]
struct Port {
    socket: Arc<dyn AsyncUdpSocket>,
    inlet: Arc<Inlet>,
}

/// Where a batch that arrived comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The other side; the library knows it by this address.
    Peer(SocketAddr),
    /// The same, but the library waits for it at another socket.
    Elsewhere(SocketAddr),
    /// Somebody.
    Unknown,
}

impl Routes {
    /// Of a session that begins now; also where its messages arrive.
    pub(crate) fn new(now: Instant) -> (Self, mpsc::Receiver<Arrival>) {
        let (arrivals, queue) = mpsc::channel(ARRIVALS);
        let routes = Self {
            begun: now,
            table: Mutex::default(),
            used_micros: AtomicU64::new(0),
            reached_micros: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            changed: Notify::new(),
            arrivals,
        };
        (routes, queue)
    }

    /// Takes a socket of the library in; what arrives elsewhere for it comes through the inlet.
    pub(crate) fn open(&self, local: SocketAddr, socket: Arc<dyn AsyncUdpSocket>) -> Arc<Inlet> {
        let inlet = Arc::new(Inlet::default());
        let port = Port {
            socket,
            inlet: Arc::clone(&inlet),
        };
        self.table().ports.insert(local, port);
        inlet
    }

    /// The library has dropped a socket.
    pub(crate) fn close(&self, local: SocketAddr) {
        let mut table = self.table();
        table.ports.remove(&local);
        if table.selected.is_some_and(|it| it.local == local) {
            table.select(None);
            drop(table);
            self.changed.notify_one();
        }
    }

    /// Where a datagram really goes that the library sends over `pair`; `None` when there. DTLS and
    /// media go over the selected pair only, which is known by them.
    pub(crate) fn outgoing(
        &self,
        pair: Pair,
        is_media: bool,
    ) -> Option<(SocketAddr, Arc<dyn AsyncUdpSocket>)> {
        let mut table = self.table();
        if table.selected != Some(pair) {
            if is_media {
                table.select(Some(pair));
                drop(table);
                self.note(&self.used_micros, Instant::now());
                self.changed.notify_one();
            }
            return None;
        }
        let (moved, socket) = table.moved.as_ref()?;
        Some((moved.remote, Arc::clone(socket)))
    }

    /// Notes that what the library sent over `pair` did not leave.
    pub(crate) fn failed(&self, pair: Pair) {
        if self.table().selected == Some(pair) {
            self.failed.store(true, Ordering::Relaxed);
            self.changed.notify_one();
        }
    }

    /// Where a batch comes from that arrived over `pair`.
    pub(crate) fn origin(&self, pair: Pair) -> Origin {
        let table = self.table();
        let Some(selected) = table.selected else {
            return Origin::Unknown;
        };
        let in_use = table.moved.as_ref().map_or(selected, |(moved, _)| *moved);
        let known = pair == in_use || pair == selected || table.accepted.contains(&pair);
        drop(table);
        if pair == in_use {
            self.note(&self.reached_micros, Instant::now());
        }
        match known {
            true if pair.local == selected.local => Origin::Peer(selected.remote),
            true => Origin::Elsewhere(selected.remote),
            false => Origin::Unknown,
        }
    }

    /// Takes a STUN message that is for migration; returns whether it is for nobody else. When the
    /// queue is full it is lost, as packets are.
    pub(crate) fn takes(&self, pair: Pair, origin: Origin, datagram: &[u8]) -> bool {
        let ours = is_ours(datagram);
        // An ICE check from elsewhere may come from behind a NAT that has rebound.
        let foreign = origin == Origin::Unknown && is_request(datagram) && self.is_selected();
        if (ours || foreign) && datagram.len() <= MAX_MESSAGE {
            let bytes = datagram.into();
            let _ = self.arrivals.try_send(Arrival { pair, bytes });
        }
        ours
    }

    /// Hands a batch to the socket at which the library waits for it.
    pub(crate) fn hand(&self, batch: &[u8], meta: RecvMeta) {
        let table = self.table();
        let port = table.selected.and_then(|it| table.ports.get(&it.local));
        let inlet = port.map(|it| Arc::clone(&it.inlet));
        drop(table);
        if let Some(inlet) = inlet {
            inlet.push(batch, meta);
        }
    }

    /// Waits until the selected pair is another one, or something was not sent.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whether something was not sent since this was asked last.
    pub(crate) fn take_failed(&self) -> bool {
        self.failed.swap(false, Ordering::Relaxed)
    }

    /// The library's selected pair.
    pub(crate) fn selected(&self) -> Option<Pair> {
        self.table().selected
    }

    /// The pair in use where it is not the selected one.
    pub(crate) fn moved(&self) -> Option<Pair> {
        let table = self.table();
        let moved = table.moved.as_ref().map(|(it, _)| *it);
        moved.filter(|it| table.selected != Some(*it))
    }

    /// When the other side was heard over the pair in use last, when something that only it can have
    /// sent came at `authentic`, whichever way: what comes over the pair alone may be anybody's. A
    /// pair that has just become that has a moment to be heard.
    pub(crate) fn heard(&self, authentic: Instant) -> Instant {
        let at =
            |micros: &AtomicU64| self.begun + Duration::from_micros(micros.load(Ordering::Relaxed));
        let reached = at(&self.reached_micros).min(authentic);
        reached.max(at(&self.used_micros))
    }

    /// The library's socket that is bound to `local`.
    pub(crate) fn socket(&self, local: SocketAddr) -> Option<Arc<dyn AsyncUdpSocket>> {
        let table = self.table();
        table.ports.get(&local).map(|it| Arc::clone(&it.socket))
    }

    /// From now on what comes over `pair` is of the other side.
    pub(crate) fn accept(&self, pair: Pair) {
        let mut table = self.table();
        if !table.accepted.contains(&pair) {
            if table.accepted.len() == MAX_ACCEPTED {
                table.accepted.pop_front();
            }
            table.accepted.push_back(pair);
        }
    }

    /// From now on the library's datagrams travel over `pair`, whose socket this is.
    pub(crate) fn move_to(&self, pair: Pair, socket: Arc<dyn AsyncUdpSocket>) {
        self.table().moved = Some((pair, socket));
        self.failed.store(false, Ordering::Relaxed);
        self.note(&self.used_micros, Instant::now());
    }

    fn is_selected(&self) -> bool {
        self.table().selected.is_some()
    }

    fn note(&self, micros: &AtomicU64, now: Instant) {
        let since = now.saturating_duration_since(self.begun).as_micros();
        micros.fetch_max(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The library has another pair, or none: nothing of the last one counts.
    fn select(&mut self, pair: Option<Pair>) {
        self.selected = pair;
        self.moved = None;
        self.accepted.clear();
    }
}

/// What arrived at other sockets for one of the library's. Bounded; when it is full, what comes is
/// lost.
#[derive(Debug, Default)]
pub(crate) struct Inlet {
    queue: Mutex<VecDeque<(Box<[u8]>, RecvMeta)>>,
    /// Of the driver, when it waits for this socket.
    waker: AtomicWaker,
}

impl Inlet {
    fn push(&self, batch: &[u8], meta: RecvMeta) {
        let mut queue = self.queue();
        if queue.len() < INLET {
            queue.push_back((batch.into(), meta));
        }
        drop(queue);
        self.waker.wake();
    }

    /// The next batch, in the first buffer; the driver is woken when there is one.
    pub(crate) fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<()> {
        self.waker.register(cx.waker());
        let (Some(buf), Some(meta)) = (bufs.first_mut(), meta.first_mut()) else {
            return Poll::Pending;
        };
        let Some((batch, of)) = self.queue().pop_front() else {
            return Poll::Pending;
        };
        let length = batch.len().min(buf.len());
        buf[..length].copy_from_slice(&batch[..length]);
        *meta = of;
        meta.len = length;
        Poll::Ready(())
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<(Box<[u8]>, RecvMeta)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Messages that may wait: two searches' worth of requests.
const ARRIVALS: usize = 64;

/// Batches that may wait for the driver, which takes them within a millisecond or so: a second of
/// media comes in fewer than 500 packets.
const INLET: usize = 256;

/// Pairs that are accepted: as many as are checked.
const MAX_ACCEPTED: usize = 24;

#[cfg(test)]
mod tests {
    use std::io;

    use futures::task::noop_waker;
    use webrtc::runtime::Transmit;

    use super::*;

    /// A socket that does nothing.
    #[derive(Debug)]
    struct Idle(SocketAddr);

    impl AsyncUdpSocket for Idle {
        fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(self.0)
        }

        fn poll_send(&self, _: &mut Context<'_>, _: &Transmit<'_>) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_recv(
            &self,
            _: &mut Context<'_>,
            _: &mut [IoSliceMut<'_>],
            _: &mut [RecvMeta],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn pair(local: &str, remote: &str) -> Pair {
        let (local, remote) = (at(local), at(remote));
        Pair { local, remote }
    }

    fn idle(local: &str) -> Arc<dyn AsyncUdpSocket> {
        Arc::new(Idle(at(local)))
    }

    const HOME: &str = "192.0.2.1:1";
    const THEIRS: &str = "192.0.2.9:9";

    /// A session whose library uses the socket `HOME` to reach `THEIRS`, and has another one.
    fn selected() -> (Routes, mpsc::Receiver<Arrival>, Arc<Inlet>) {
        let (routes, arrivals) = Routes::new(Instant::now());
        let inlet = routes.open(at(HOME), idle(HOME));
        routes.open(at("192.0.2.1:2"), idle("192.0.2.1:2"));
        routes.outgoing(pair(HOME, THEIRS), true);
        (routes, arrivals, inlet)
    }

    #[test]
    fn what_is_not_of_the_selected_pair_travels_as_the_library_says() {
        let (routes, _arrivals, _inlet) = selected();
        assert!(routes.outgoing(pair(HOME, THEIRS), false).is_none());
        let spare = pair("198.51.100.1:3", "192.0.2.9:8");
        routes.move_to(spare, idle("198.51.100.1:3"));
        let (remote, socket) = routes.outgoing(pair(HOME, THEIRS), false).unwrap();
        assert_eq!(
            (remote, socket.local_addr().unwrap()),
            (spare.remote, spare.local)
        );
        for other in [pair(HOME, "192.0.2.9:8"), pair("192.0.2.1:2", THEIRS)] {
            assert!(routes.outgoing(other, false).is_none(), "{other:?}");
        }
        assert_eq!(routes.moved(), Some(spare));
    }

    #[test]
    fn a_pair_is_heard_when_something_comes_over_it_and_the_other_side_lives() {
        let (routes, _arrivals, _inlet) = selected();
        let begun = Instant::now();
        let later = begun + Duration::from_secs(9);
        assert!(routes.heard(later) <= begun, "nothing came over it");
        std::thread::sleep(Duration::from_millis(5));
        routes.origin(pair(HOME, "192.0.2.9:8"));
        assert!(routes.heard(later) <= begun, "over another one");
        routes.origin(pair(HOME, THEIRS));
        assert!(routes.heard(later) > begun);
        assert!(routes.heard(begun) <= begun, "it may be anybody's");
    }

    #[test]
    fn the_other_side_is_known_by_its_selected_address_wherever_it_is() {
        let (routes, _arrivals, _inlet) = selected();
        let theirs = at(THEIRS);
        let (moved, extra) = (
            pair(HOME, "203.0.113.5:5"),
            pair("198.51.100.1:3", "203.0.113.5:5"),
        );
        assert_eq!(routes.origin(pair(HOME, THEIRS)), Origin::Peer(theirs));
        for unknown in [moved, extra] {
            assert_eq!(routes.origin(unknown), Origin::Unknown);
            routes.accept(unknown);
        }
        assert_eq!(routes.origin(moved), Origin::Peer(theirs));
        assert_eq!(routes.origin(extra), Origin::Elsewhere(theirs));
    }

    #[test]
    fn a_batch_for_another_socket_waits_there_within_bounds() {
        let (routes, _arrivals, inlet) = selected();
        let (mut room, mut meta) = ([0; 8], [RecvMeta::default()]);
        let waker = noop_waker();
        let mut receive = |inlet: &Inlet| {
            let mut bufs = [IoSliceMut::new(&mut room)];
            let mut cx = Context::from_waker(&waker);
            inlet.poll_recv(&mut cx, &mut bufs, &mut meta).is_ready()
        };
        assert!(!receive(&inlet));
        for _ in 0..2 * INLET {
            routes.hand(b"media", RecvMeta::default());
        }
        let waiting = std::iter::from_fn(|| receive(&inlet).then_some(())).count();
        assert_eq!(waiting, INLET);
        assert_eq!((&room[..5], meta[0].len), (&b"media"[..], 5));
    }

    #[test]
    fn another_selected_pair_or_none_forgets_where_the_last_one_was() {
        let (routes, _arrivals, _inlet) = selected();
        routes.move_to(pair("198.51.100.1:3", THEIRS), idle("198.51.100.1:3"));
        routes.outgoing(pair("192.0.2.1:2", THEIRS), true);
        assert_eq!(routes.moved(), None);
        assert_eq!(routes.selected(), Some(pair("192.0.2.1:2", THEIRS)));
        routes.close(at(HOME));
        assert!(routes.selected().is_some());
        routes.close(at("192.0.2.1:2"));
        assert_eq!(routes.selected(), None);
        assert_eq!(routes.origin(pair(HOME, THEIRS)), Origin::Unknown);
    }

    #[test]
    fn pairs_that_are_accepted_are_bounded() {
        let (routes, _arrivals, _inlet) = selected();
        for port in 1..200 {
            routes.accept(pair(HOME, &format!("203.0.113.5:{port}")));
        }
        assert_eq!(routes.table().accepted.len(), MAX_ACCEPTED);
        assert_eq!(routes.origin(pair(HOME, "203.0.113.5:1")), Origin::Unknown);
        assert!(matches!(
            routes.origin(pair(HOME, "203.0.113.5:199")),
            Origin::Peer(_)
        ));
    }
}
