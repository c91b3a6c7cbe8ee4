//! What the library and the sockets say of the connection, turned into what is told of it.

use std::net::SocketAddr;
use std::sync::Arc;

use media::transport::{Path, Stream};
use webrtc::peer_connection::RTCPeerConnectionState;

use super::Task;
use super::negotiation::named;
use crate::network::StandIns;
use crate::p2p::candidate::Candidate;
use crate::p2p::migrate::Migration;
use crate::p2p::selected::SelectedPair;
use crate::peer::limits::MAX_CANDIDATES;
use crate::peer::packet_size::PacketSize;

/// What the task knows of its connection.
pub(super) struct Connection {
    packet_size: Arc<PacketSize>,
    /// The selected pair and its path: to tell the path takes a look at all interfaces.
    path: Option<(SelectedPair, Path)>,
    /// What TURN servers lend the other side, at most [`MAX_CANDIDATES`].
    relayed: Vec<SocketAddr>,
    stand_ins: Arc<StandIns>,
    migration: Migration,
}

impl Connection {
    pub(super) const fn new(
        packet_size: Arc<PacketSize>,
        stand_ins: Arc<StandIns>,
        migration: Migration,
    ) -> Self {
        Self {
            packet_size,
            path: None,
            relayed: Vec::new(),
            stand_ins,
            migration,
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
    pub(super) async fn peer_state(&mut self, state: RTCPeerConnectionState) {
        tracing::debug!(?state, "peer connection");
        // Its other states follow from those of ICE, which come by themselves, and of DTLS, of
        // which the library never says that it failed. It also says to be connected when DTLS is
        // closed.
        if state == RTCPeerConnectionState::Connected && !self.core.end_if_closed().await {
            self.core.on_secured();
            self.core.open_gates();
            self.watch().await;
        }
    }

    /// Looks at the connection, and tells what is new.
    pub(super) async fn watch(&mut self) {
        self.core.stop_polling_fast_if_due(self.channels.is_open());
        if self.core.end_if_closed().await {
            return;
        }
        let pair = {
            let sender = &*self.core.local[Stream::Voice].sender;
            SelectedPair::of(sender, &self.connection.stand_ins).await
        };
        let path = pair.map(|it| self.connection.path_over(it));
        if let Some((path, true)) = path {
            self.core.shared.send_parameters.begin_path(path);
        }
        let heard = self.core.traffic.last_received();
        self.core.tell(path.map(|(it, _)| it), heard).await;
    }
}
