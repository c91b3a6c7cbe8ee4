//! The library's callbacks, turned into values for the session.
//!
//! The library awaits each callback in the loop that drives ICE, DTLS and media, so a callback only
//! pushes into a channel. When the channel is full, the session task is stuck, and the event is lost:
//! a candidate then, which may cost a path, but never the media of a path that stands.

use std::sync::Arc;

use tokio::sync::mpsc;
use webrtc::data_channel::DataChannel;
use webrtc::media_stream::track_remote::TrackRemote;
use webrtc::peer_connection::{
    PeerConnectionEventHandler, RTCIceConnectionState, RTCIceGatheringState,
    RTCPeerConnectionIceEvent, RTCPeerConnectionState,
};

/// What the library tells.
pub(crate) enum PeerEvent {
    /// A candidate line for the other side, beginning with `candidate:`.
    Candidate(String),
    /// All candidates of the current description have been told.
    GatheringComplete,
    Ice(RTCIceConnectionState),
    Peer(RTCPeerConnectionState),
    /// The first packet of a stream came.
    Track(Arc<dyn TrackRemote>),
    DataChannel(Arc<dyn DataChannel>),
}

/// Passes events to the session.
#[derive(Debug)]
pub(crate) struct Events(pub(crate) mpsc::Sender<PeerEvent>);

impl Events {
    fn pass(&self, event: PeerEvent) {
        if self.0.try_send(event).is_err() {
            tracing::debug!("an event of the library found no reader");
        }
    }
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        match event.candidate.to_json() {
            Ok(init) => self.pass(PeerEvent::Candidate(init.candidate)),
            Err(_) => tracing::warn!("a local candidate cannot be written down"),
        }
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        self.pass(PeerEvent::Ice(state));
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.pass(PeerEvent::GatheringComplete);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.pass(PeerEvent::Peer(state));
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        self.pass(PeerEvent::DataChannel(channel));
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        self.pass(PeerEvent::Track(track));
    }
}
