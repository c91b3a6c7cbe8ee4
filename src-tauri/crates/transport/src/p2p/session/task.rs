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

use bytes::Bytes;
use media::transport::{Role, Streams, TransportEvent, TransportState};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tracing::Instrument;

use self::channel::Channels;
use self::connection::Connection;
use crate::p2p::migrate::{self, Migration};
use crate::p2p::parcel::Negotiation;
use crate::peer;
use crate::peer::data::{self, DataEvent};
use crate::peer::events::PeerEvent;
use crate::peer::session::{Command, Core, WATCH_INTERVAL, is_final};

/// The task.
pub(super) struct Task {
    core: Core,
    role: Role,
    negotiation: negotiation::State,
    connection: Connection,
    channels: Channels,
    data_events: mpsc::Receiver<DataEvent>,
    /// Of which streams a track came: one of each is received.
    begun: Streams<bool>,
}

impl Task {
    pub(super) fn new(
        core: Core,
        role: Role,
        data: mpsc::Receiver<Bytes>,
        migration: Migration,
    ) -> Self {
        let (data_sender, data_events) = mpsc::channel(RECEIVED_MESSAGES);
        let connection = Connection::new(
            Arc::clone(&core.packet_size),
            Arc::clone(&core.stand_ins),
            migration,
        );
        Self {
            core,
            role,
            negotiation: negotiation::State::default(),
            connection,
            channels: Channels::new(data, data_sender),
            data_events,
            begun: Streams::default(),
        }
    }

    /// Runs until the session is closed by either side or fails, then frees everything.
    pub(super) async fn run(mut self, migrating: migrate::Task) {
        let migrating = migrating.run().in_current_span();
        self.core.beside.spawn(migrating);
        let connecting = TransportEvent::State(TransportState::Connecting);
        self.core.emit(connecting).await;
        if self.role == Role::Offerer {
            self.begin().await;
        }
        let mut tick = tokio::time::interval(WATCH_INTERVAL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.core.shared.stop.clone();
        while !is_final(self.core.state()) {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(command) = self.core.commands.recv() => self.command(command).await,
                Some(event) = self.core.peer_events.recv() => self.peer_event(event).await,
                Some(event) = self.data_events.recv() => self.data_event(event).await,
                Some(feedback) = self.core.feedback.recv() => self.core.take_feedback(feedback).await,
                Some(_) = self.core.receiving.join_next() => self.core.on_library_stopped().await,
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
            let failed = TransportState::Failed(peer::internal(&error));
            self.core.enter(failed).await;
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Parcel(parcel) => match Negotiation::from_parcel(&parcel) {
                Ok(message) => self.negotiate(message).await,
                Err(error) => tracing::warn!(%error, "dropped a parcel"),
            },
            Command::RequestKeyframe(stream) => self.core.request_keyframe(stream).await,
            // The call tells the other side, and nobody else has to know.
            Command::Mute(..) => {}
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
                self.core
                    .emit(TransportEvent::Parcel(message.to_parcel()))
                    .await;
            }
            PeerEvent::GatheringComplete => {
                let message = Negotiation::EndOfCandidates;
                self.core
                    .emit(TransportEvent::Parcel(message.to_parcel()))
                    .await;
            }
            PeerEvent::Ice(state) => {
                self.core.on_ice(state);
                self.watch().await;
            }
            PeerEvent::Peer(state) => self.peer_state(state).await,
            PeerEvent::Track(track) => self.receive(track).await,
            PeerEvent::DataChannel(channel) => self.take_channel(channel).await,
        }
    }

    /// Says goodbye and frees everything.
    async fn end(self) {
        self.core.shut();
        if !is_final(self.core.state()) && self.core.liveness.is_secured() {
            data::drained(&self.core.shared.data).await;
        }
        self.core.free().await;
    }
}

/// Received messages that may wait for the call above. A full queue stops the reading of the
/// control channel, and so slows the other side down.
const RECEIVED_MESSAGES: usize = 32;
