//! The task of a session: the only one that steers the library, from the first offer to the end.
//!
//! It takes one input at a time, in [`Task::run`]; what an input leads to is by meaning in
//! [`negotiation`], [`connection`], [`channel`] and [`streams`]. It tells facts and
//! judges nothing: when to give up is said from above. Nothing in
//! here may wait for the other side, or for longer than the library takes.

mod channel;
mod connection;
mod negotiation;
mod streams;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use media::transport::{OpenParams, Role, Streams, TransportError, TransportEvent, TransportState};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tracing::Instrument;

use self::channel::Channels;
use self::connection::Connection;
use self::streams::Receiving;
use super::{Command, Shared};
use crate::p2p::data::DataEvent;
use crate::p2p::events::PeerEvent;
use crate::p2p::feedback::Feedback;
use crate::p2p::migrate;
use crate::p2p::parcel::Negotiation;
use crate::p2p::peer::{self, LocalStream, Peer};
use crate::p2p::send::Writer;

/// The task.
pub(super) struct Task {
    shared: Arc<Shared>,
    role: Role,
    local: Streams<LocalStream>,
    inbox: Inbox,
    events: mpsc::Sender<TransportEvent>,
    /// What was told last.
    state: TransportState,
    negotiation: negotiation::State,
    connection: Connection,
    channels: Channels,
    receiving: Receiving,
    /// Until it runs.
    migrating: Option<migrate::Task>,
    /// The writer of frames, the data channels, and migration.
    sending: JoinSet<()>,
}

/// What the task waits for.
struct Inbox {
    commands: mpsc::Receiver<Command>,
    peer_events: mpsc::Receiver<PeerEvent>,
    data_events: mpsc::Receiver<DataEvent>,
    feedback: mpsc::Receiver<Feedback>,
}

impl Task {
    pub(super) fn new(
        shared: Arc<Shared>,
        peer: Peer,
        params: &OpenParams,
        commands: mpsc::Receiver<Command>,
        data: mpsc::Receiver<Bytes>,
        events: mpsc::Sender<TransportEvent>,
    ) -> Self {
        let (data_sender, data_events) = mpsc::channel(RECEIVED_MESSAGES);
        Self {
            shared,
            role: params.role,
            local: peer.local,
            inbox: Inbox {
                commands,
                peer_events: peer.events,
                data_events,
                feedback: peer.feedback,
            },
            events,
            state: TransportState::Connecting,
            negotiation: negotiation::State::default(),
            connection: Connection::new(
                peer.traffic,
                peer.packet_size,
                peer.fast_polling,
                peer.stand_ins,
                peer.migration,
            ),
            channels: Channels::new(data, data_sender),
            receiving: Receiving::default(),
            migrating: Some(peer.migrating),
            sending: JoinSet::new(),
        }
    }

    /// Runs until the session is closed by either side or fails, then frees everything.
    pub(super) async fn run(mut self, writer: Writer) {
        let writing = writer.run(self.shared.stop.clone());
        self.sending.spawn(writing.in_current_span());
        if let Some(migrating) = self.migrating.take() {
            self.sending.spawn(migrating.run().in_current_span());
        }
        self.emit(TransportEvent::State(TransportState::Connecting))
            .await;
        if self.role == Role::Offerer {
            self.begin().await;
        }
        let mut tick = tokio::time::interval(WATCH_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.shared.stop.clone();
        while !is_final(&self.state) {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(command) = self.inbox.commands.recv() => self.command(command).await,
                Some(event) = self.inbox.peer_events.recv() => self.peer_event(event).await,
                Some(event) = self.inbox.data_events.recv() => self.data_event(event).await,
                Some(feedback) = self.inbox.feedback.recv() => self.take_feedback(feedback).await,
                Some(_) = self.receiving.tasks.join_next() => self.on_library_stopped().await,
                _ = tick.tick() => self.watch().await,
            }
        }
        self.end().await;
    }

    /// The offerer's first steps: the data channels are part of the first offer.
    async fn begin(&mut self) {
        let begun = match self.make_channels().await {
            Ok(()) => self.offer().await,
            Err(error) => Err(error),
        };
        if let Err(error) = begun {
            self.enter(TransportState::Failed(peer::internal(&error)))
                .await;
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Parcel(parcel) => match Negotiation::from_parcel(&parcel) {
                Ok(message) => self.negotiate(message).await,
                Err(error) => tracing::warn!(%error, "dropped a parcel"),
            },
            Command::RequestKeyframe(stream) => self.request_keyframe(stream).await,
        }
    }

    async fn peer_event(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Candidate(candidate) => {
                let candidate = self.connection.with_own_addresses(&candidate);
                let message = Negotiation::Candidate {
                    candidate,
                    sdp_mid: None,
                    sdp_mline_index: Some(0),
                };
                self.emit(TransportEvent::Parcel(message.to_parcel())).await;
            }
            PeerEvent::GatheringComplete => {
                let message = Negotiation::EndOfCandidates;
                self.emit(TransportEvent::Parcel(message.to_parcel())).await;
            }
            PeerEvent::Ice(state) => self.ice_state(state).await,
            PeerEvent::Peer(state) => self.peer_state(state).await,
            PeerEvent::Track(track) => self.receive(track).await,
            PeerEvent::DataChannel(channel) => self.take_channel(channel).await,
        }
    }

    /// Hands an event to the call above, unless the session is being closed.
    async fn emit(&self, event: TransportEvent) {
        self.shared
            .stop
            .run_until_cancelled(self.events.send(event))
            .await;
    }

    /// Takes a state over and tells it, when it is another one. A final state stays.
    async fn enter(&mut self, state: TransportState) {
        if self.state == state || is_final(&self.state) {
            return;
        }
        tracing::info!(from = ?self.state, to = ?state, "transport");
        if let TransportState::Connected(path) = state {
            self.shared.send_parameters.begin_path(path);
        }
        self.state = state.clone();
        self.emit(TransportEvent::State(state)).await;
    }

    /// The library stops also where a handshake gets no further, on a path that carries too little
    /// of it or that the other side refuses.
    async fn on_library_stopped(&mut self) {
        let error = if self.connection.was_connected() {
            TransportError::Internal("the library stopped".to_owned())
        } else {
            TransportError::NoPath
        };
        self.enter(TransportState::Failed(error)).await;
    }

    /// Says goodbye and frees everything.
    async fn end(mut self) {
        let shared = Arc::clone(&self.shared);
        shared.send_parameters.set_open(false);
        shared.connected.store(false, Ordering::Relaxed);
        shared.close_input();
        if !is_final(&self.state) && self.connection.was_connected() {
            self.flush_messages().await;
        }
        shared.stop.cancel();
        if tokio::time::timeout(LIBRARY_CLOSE, shared.connection.close())
            .await
            .is_err()
        {
            tracing::error!("the library did not close in time");
        }
        self.receiving.tasks.shutdown().await;
        self.sending.shutdown().await;
    }
}

const fn is_final(state: &TransportState) -> bool {
    match state {
        TransportState::Connecting
        | TransportState::Connected(_)
        | TransportState::Disconnected => false,
        TransportState::ClosedByPeer | TransportState::Failed(_) => true,
    }
}

/// How often the session looks whether something is to be told of its path. A loss shows a fifth
/// of a second late at most, and each look takes the library's lock.
const WATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Received messages that may wait for the call above. A full queue stops the reading of the
/// control channel, and so slows the other side down.
const RECEIVED_MESSAGES: usize = 32;

/// How long the library's driver may take to end; it usually takes a millisecond.
pub(super) const LIBRARY_CLOSE: Duration = Duration::from_millis(700);
