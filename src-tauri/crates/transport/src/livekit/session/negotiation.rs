//! Descriptions and candidates of the connection with the server. We always offer, one offer at a
//! time; the first one travels with the request to join.

use media::transport::TransportError;
use media::transport::TransportState;
use rtc::peer_connection::transport::RTCIceCandidateInit;
use serde::Deserialize;
use webrtc::error::Error;
use webrtc::peer_connection::RTCSessionDescription;

use super::Task;
use crate::livekit::Redacted;
use crate::livekit::setup::add_receivers;
use crate::livekit::signal::{Answer, Candidate, ChannelInfo, Offer, Request, Sid, Sync, Track};
use crate::peer;
use crate::peer::side::Side;

/// Where the negotiation stands.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    /// The last one.
    offer: Option<Offer>,
    /// Whether it waits for its answer.
    awaited: bool,
    /// Whether another one is due when it is there.
    again: bool,
    /// The last offer that was answered, and its answer.
    agreed: Option<(Offer, Redacted<String>)>,
    /// Candidates that came before the first answer, at most [`MAX_CANDIDATES`].
    early: Vec<RTCIceCandidateInit>,
    /// How many came at all.
    candidates: usize,
}

impl Negotiation {
    pub(super) fn last_offer(&self) -> Option<Offer> {
        self.offer.clone()
    }

    /// What the server is told after a resume; `None` before anything was agreed on.
    pub(super) fn sync(
        &self,
        published: Vec<(String, Track)>,
        received: Vec<(Sid, u32)>,
    ) -> Option<Sync> {
        let (offer, answer) = self.agreed.clone()?;
        let channels = [("_reliable", 0), ("_lossy", 1)];
        Some(Sync {
            offer,
            answer,
            published,
            channels: channels
                .map(|(label, id)| ChannelInfo { label, id })
                .to_vec(),
            received,
        })
    }

    fn next_id(&self) -> u32 {
        self.offer.as_ref().map_or(1, |it| it.id + 1)
    }
}

impl Task {
    /// Makes the first offer, with the candidates that are there at once.
    pub(super) async fn describe(&mut self) -> Result<(), Error> {
        let bare = self.apply_offer().await?;
        let deferred = self.core.first_candidates().await;
        let full = self.core.shared.connection.local_description().await;
        self.keep_offer(full.map_or(bare, |it| it.sdp));
        for event in deferred {
            self.peer_event(event).await;
        }
        Ok(())
    }

    /// Makes room for so many more tracks and offers it, as soon as the last offer is answered.
    pub(super) async fn offer_again(&mut self, audios: u32, videos: u32) {
        let connection = &*self.core.shared.connection;
        let offered = match add_receivers(connection, audios, videos).await {
            Ok(()) if self.negotiation.awaited => {
                self.negotiation.again = true;
                return;
            }
            Ok(()) => self.apply_offer().await,
            Err(error) => Err(error),
        };
        match offered {
            Ok(sdp) => {
                self.keep_offer(sdp);
                self.repeat_offer();
            }
            Err(error) => {
                let failed = TransportState::Failed(peer::internal(&error));
                self.core.enter(failed).await;
            }
        }
    }

    /// Sends the last offer once more, if it has no answer.
    pub(super) fn repeat_offer(&mut self) {
        if let Some(offer) = self
            .negotiation
            .last_offer()
            .filter(|_| self.negotiation.awaited)
        {
            self.ask(Request::Offer(offer));
        }
    }

    async fn apply_offer(&self) -> Result<String, Error> {
        let connection = &self.core.shared.connection;
        let offer = connection.create_offer(None).await?;
        let sdp = offer.sdp.clone();
        if let Some(side) = Side::of(&sdp) {
            self.core.traffic.admission().set_ours(side.password);
        }
        connection.set_local_description(offer).await?;
        Ok(sdp)
    }

    fn keep_offer(&mut self, sdp: String) {
        let id = self.negotiation.next_id();
        let sdp = sdp.into();
        self.negotiation.offer = Some(Offer { sdp, id });
        self.negotiation.awaited = true;
    }

    /// Takes the answer to the last offer; others are late.
    pub(super) async fn take_answer(&mut self, answer: Answer) {
        let negotiation = &mut self.negotiation;
        let offer = negotiation.offer.clone();
        let Some(offer) = offer.filter(|it| negotiation.awaited && it.id == answer.id) else {
            return tracing::warn!("dropped an answer that nothing asks for");
        };
        let is_first = negotiation.agreed.is_none();
        if let Some(side) = Side::of(&answer.sdp.0) {
            self.core.traffic.admission().set_theirs(side.password);
        }
        if is_first {
            self.core.poll_fast();
        }
        let connection = &self.core.shared.connection;
        let applied = match RTCSessionDescription::answer(answer.sdp.0.clone()) {
            Ok(description) => connection.set_remote_description(description).await,
            Err(error) => Err(error),
        };
        if let Err(error) = applied {
            tracing::error!(
                kind = peer::kind_of(&error),
                "an answer of the server is refused"
            );
            let refused = TransportError::ServerRefused("its answer makes no sense");
            return self.core.enter(TransportState::Failed(refused)).await;
        }
        self.negotiation.awaited = false;
        self.negotiation.agreed = Some((offer, answer.sdp));
        for init in std::mem::take(&mut self.negotiation.early) {
            self.add_candidate(init).await;
        }
        self.core.learn_payload_types().await;
        if std::mem::take(&mut self.negotiation.again) {
            self.offer_again(0, 0).await;
        }
    }

    /// Takes a candidate of the server. One that makes no sense is dropped: it is remote.
    pub(super) async fn take_candidate(&mut self, candidate: &Candidate) {
        let Ok(init) = serde_json::from_str::<Init>(&candidate.init.0) else {
            return;
        };
        self.negotiation.candidates += 1;
        if self.negotiation.candidates > MAX_CANDIDATES || init.candidate.is_empty() {
            return;
        }
        let init = RTCIceCandidateInit {
            candidate: init.candidate,
            sdp_mid: init.sdp_mid,
            sdp_mline_index: init.sdp_mline_index,
            ..RTCIceCandidateInit::default()
        };
        if self.negotiation.agreed.is_some() {
            self.add_candidate(init).await;
        } else {
            self.negotiation.early.push(init);
        }
    }

    async fn add_candidate(&self, init: RTCIceCandidateInit) {
        let connection = &self.core.shared.connection;
        if connection.add_ice_candidate(init).await.is_err() {
            tracing::debug!("dropped a candidate: the library refuses it");
        }
    }

    /// Tells the server an address of ours.
    pub(super) fn tell_candidate(&mut self, candidate: &str) {
        let init = serde_json::json!({ "candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0 });
        self.tell_init(init.to_string(), false);
    }

    pub(super) fn tell_end_of_candidates(&mut self) {
        let init = serde_json::json!({ "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0 });
        self.tell_init(init.to_string(), true);
    }

    fn tell_init(&mut self, init: String, last: bool) {
        let init = init.into();
        self.ask(Request::Trickle(Candidate { init, last }));
    }
}

/// `RTCIceCandidateInit` of the W3C.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Init {
    candidate: String,
    #[serde(default)]
    sdp_mid: Option<String>,
    #[serde(default, rename = "sdpMLineIndex")]
    sdp_mline_index: Option<u16>,
}

/// Of a server with several networks, in UDP and TCP.
const MAX_CANDIDATES: usize = 32;
