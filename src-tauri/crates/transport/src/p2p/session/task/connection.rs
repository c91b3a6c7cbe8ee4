//! What the library and the sockets say of the connection, turned into what is told of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use media::transport::{Path, Stream, TransportError, TransportEvent, TransportState};
use webrtc::peer_connection::{RTCIceConnectionState, RTCPeerConnectionState};

use super::Task;
use super::negotiation::named;
use crate::network::StandIns;
use crate::p2p::candidate::Candidate;
use crate::p2p::liveness::{Ice, Liveness};
use crate::p2p::migrate::{Migration, Side};
use crate::p2p::packet_size::PacketSize;
use crate::p2p::parcel::MAX_CANDIDATES;
use crate::p2p::runtime::FastPolling;
use crate::p2p::socket::Traffic;
use crate::p2p::stats::{self, SelectedPair};

/// What the task knows of its connection.
pub(super) struct Connection {
    liveness: Liveness,
    traffic: Arc<Traffic>,
    packet_size: Arc<PacketSize>,
    /// The selected pair and its path: to tell the path takes a look at all interfaces.
    path: Option<(SelectedPair, Path)>,
    /// What TURN servers lend the other side, at most [`MAX_CANDIDATES`].
    relayed: Vec<SocketAddr>,
    fast_polling: Arc<FastPolling>,
    stand_ins: Arc<StandIns>,
    migration: Migration,
    /// Since when the driver polls fast.
    polls_fast: Option<Instant>,
}

impl Connection {
    pub(super) const fn new(
        traffic: Arc<Traffic>,
        packet_size: Arc<PacketSize>,
        fast_polling: Arc<FastPolling>,
        stand_ins: Arc<StandIns>,
        migration: Migration,
    ) -> Self {
        Self {
            liveness: Liveness::new(),
            traffic,
            packet_size,
            path: None,
            relayed: Vec::new(),
            fast_polling,
            stand_ins,
            migration,
            polls_fast: None,
        }
    }

    /// Whether media and data ever flowed.
    pub(super) const fn was_connected(&self) -> bool {
        self.liveness.is_secured()
    }

    /// Takes this side's description (SDP), under whose credentials it will be asked.
    pub(super) fn describe_us(&self, sdp: &str) {
        if let Some(side) = Side::of(sdp) {
            self.traffic.admission().set_ours(side.password);
        }
    }

    /// Takes the other side's description (SDP), under whose credentials it will answer.
    pub(super) fn describe_them(&self, sdp: &str) {
        if let Some(side) = Side::of(sdp) {
            self.traffic.admission().set_theirs(side.password);
        }
    }

    /// Takes both descriptions (SDP), which are in force.
    pub(super) fn describe(&mut self, ours: &str, theirs: &str) {
        self.migration.describe(ours, theirs);
        Candidate::of_description(theirs).for_each(|it| self.keep_if_relayed(it));
    }

    /// Takes a candidate of the other side that came by itself, as a line (RFC 8839, 5.1).
    pub(super) fn add_candidate(&mut self, line: &str) {
        if let Some(candidate) = Candidate::read(line) {
            self.migration.add_candidate(candidate);
            self.keep_if_relayed(candidate);
        }
    }

    /// A description of ours, or a candidate, as the other side shall read it: what stands in for a
    /// link-local address is told to nobody.
    pub(super) fn with_own_addresses(&self, text: &str) -> String {
        named(text, |it| self.stand_ins.address(it).map(Into::into))
    }

    fn keep_if_relayed(&mut self, candidate: Candidate) {
        if candidate.is_relayed && self.relayed.len() < MAX_CANDIDATES {
            self.relayed.push(candidate.address);
        }
    }

    /// The path over the pair that is `selected`, or that the session has moved to; and whether
    /// it is another one than before.
    fn path_over(&mut self, selected: SelectedPair) -> (Path, bool) {
        let pair = match self.migration.moved() {
            Some(moved) => selected.moved_to(moved.local.ip(), moved.remote),
            None => selected,
        };
        let pair = pair.with_relayed(&self.relayed);
        match &self.path {
            Some((known, path)) if *known == pair => (*path, false),
            Some(_) | None => {
                self.packet_size.begin_path();
                let path = pair.path();
                self.path = Some((pair, path));
                (path, true)
            }
        }
    }
}

impl Task {
    pub(super) async fn ice_state(&mut self, state: RTCIceConnectionState) {
        tracing::debug!(?state, "ICE");
        let ice = match state {
            RTCIceConnectionState::Unspecified
            | RTCIceConnectionState::New
            | RTCIceConnectionState::Checking => Ice::Checking,
            RTCIceConnectionState::Connected | RTCIceConnectionState::Completed => Ice::Selected,
            RTCIceConnectionState::Disconnected | RTCIceConnectionState::Failed => Ice::Lost,
            // Closed: by us alone.
            _ => return,
        };
        self.connection.liveness.set_ice(ice);
        self.watch().await;
    }

    pub(super) async fn peer_state(&mut self, state: RTCPeerConnectionState) {
        tracing::debug!(?state, "peer connection");
        // Its other states follow from those of ICE, which come by themselves, and of DTLS, of
        // which the library never says that it failed. It also says to be connected when DTLS is
        // closed.
        if state == RTCPeerConnectionState::Connected && !self.end_if_closed().await {
            self.connection.liveness.set_secured(Instant::now());
            self.connection.traffic.admission().set_secured();
            self.shared.connected.store(true, Ordering::Relaxed);
            self.shared.send_parameters.set_open(true);
            self.watch().await;
        }
    }

    /// Ends the session when one side refused or closed the secure channel; returns whether it did.
    /// The library tells neither.
    pub(super) async fn end_if_closed(&mut self) -> bool {
        // A refusal closes the channel too, and is its cause.
        let end = if self.connection.traffic.handshake_refused() {
            TransportState::Failed(TransportError::Security)
        } else if stats::is_closed(&*self.local[Stream::Voice].sender).await {
            TransportState::ClosedByPeer
        } else {
            return false;
        };
        self.enter(end).await;
        true
    }

    /// Looks at the connection, and tells what is new.
    pub(super) async fn watch(&mut self) {
        self.stop_polling_fast_if_due();
        if self.end_if_closed().await {
            return;
        }
        let pair = {
            let sender = &*self.local[Stream::Voice].sender;
            SelectedPair::of(sender, &self.connection.stand_ins).await
        };
        let path = pair.map(|it| self.connection.path_over(it));
        if let Some((path, true)) = path {
            self.shared.send_parameters.begin_path(path);
        }
        let state = self.connection.liveness.state(path.map(|(it, _)| it));
        self.enter(state).await;

        let received = self.connection.traffic.last_received();
        let silence = self.connection.liveness.silence(Instant::now(), received);
        if let Some(silence) = silence {
            self.emit(TransportEvent::Silence(silence)).await;
        }
    }

    /// Makes the library's driver poll fast until there is a path.
    pub(super) fn poll_fast(&mut self) {
        self.connection.polls_fast = Some(Instant::now());
        self.connection.fast_polling.set(true);
    }

    fn stop_polling_fast_if_due(&mut self) {
        let Some(age) = self.connection.polls_fast.map(|it| it.elapsed()) else {
            return;
        };
        let connected =
            self.channels.is_open() && matches!(self.state, TransportState::Connected(_));
        if age >= FAST_POLLING || (connected && age >= FAST_POLLING_CONNECTED) {
            self.connection.polls_fast = None;
            self.connection.fast_polling.set(false);
        }
    }
}

/// How long a search for a path is worth a wake-up each millisecond: a path that takes longer is
/// found too late for 200 ms to matter.
const FAST_POLLING: Duration = Duration::from_secs(3);

/// How long it is when the session is connected: the other side, which may need some more of our
/// answers, is connected well within this.
const FAST_POLLING_CONNECTED: Duration = Duration::from_millis(500);
