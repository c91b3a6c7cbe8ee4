//! The offer, the answer and the candidates of a session (RFC 8829). A session negotiates once: when
//! its path is lost, another session is set up beside it. One side makes the offer, so two never
//! cross. Runs in the session task; nothing in here waits for the other side.

mod names;
mod near;
mod slim;

use media::transport::{Role, TransportError, TransportEvent, TransportState};
use rtc::rtp_transceiver::RTCRtpTransceiverDirection;
use webrtc::error::Error;
use webrtc::peer_connection::{RTCIceCandidateInit, RTCSessionDescription};

pub(super) use self::names::named;

use self::near::{ranked, ranked_candidate};
use self::slim::slim;
use super::Task;
use crate::network::Interface;
use crate::p2p::parcel::{ClockOffsets, Negotiation};
use crate::peer::events::PeerEvent;
use crate::peer::limits::{Limits, MAX_CANDIDATES, RemoteDescription};
use crate::peer::local::LocalStream;

/// Where the negotiation stands.
#[derive(Debug)]
pub(super) struct State {
    /// Whether our offer waits for its answer.
    answer_awaited: bool,
    /// Whether an offer was handed to the library, whatever that said to it.
    offer_seen: bool,
    /// Whether a description of the other side was taken.
    remote_known: bool,
    /// Candidates that came before the description they belong to, at most [`MAX_CANDIDATES`].
    early: Vec<RTCIceCandidateInit>,
    limits: Limits,
}

impl Default for State {
    fn default() -> Self {
        Self {
            answer_awaited: false,
            offer_seen: false,
            remote_known: false,
            early: Vec::new(),
            limits: Limits::new(MAX_SECTIONS),
        }
    }
}

impl Task {
    /// Takes one message of the other side. One that makes no sense is dropped: it is remote.
    pub(super) async fn negotiate(&mut self, message: Negotiation) {
        tracing::debug!(?message, "negotiation");
        let taken = match (message, self.role) {
            (Negotiation::Offer { sdp, clocks }, Role::Answerer) => self.answer(sdp, clocks).await,
            (Negotiation::Answer { sdp, clocks }, Role::Offerer) => {
                self.take_answer(sdp, clocks).await
            }
            (
                Negotiation::Candidate {
                    candidate,
                    sdp_mid,
                    sdp_mline_index,
                },
                _,
            ) => {
                let init = RTCIceCandidateInit {
                    candidate,
                    sdp_mid,
                    sdp_mline_index,
                    ..RTCIceCandidateInit::default()
                };
                self.take_candidate(init).await
            }
            (Negotiation::EndOfCandidates, _) => Ok(()),
            (Negotiation::Offer { .. }, Role::Offerer)
            | (Negotiation::Answer { .. }, Role::Answerer) => {
                tracing::warn!("dropped a parcel that is not for this role");
                Ok(())
            }
        };
        if taken.is_err() {
            tracing::warn!("dropped a parcel: the library refuses its content");
        }
    }

    /// Makes the offer and tells it.
    pub(super) async fn offer(&mut self) -> Result<(), Error> {
        // 1. Describe this side.
        let connection = &self.core.shared.connection;
        let offer = connection.create_offer(None).await?;
        let bare = offer.sdp.clone();
        self.core.describe_us(&bare);
        connection.set_local_description(offer).await?;
        self.negotiation.answer_awaited = true;

        // 2. Tell it with the candidates that are there at once; the others follow one by one.
        let (sdp, deferred) = self.with_candidates(bare).await;
        let offer = Negotiation::Offer {
            sdp,
            clocks: Some(self.core.shared.clocks.offsets),
        };
        self.core
            .emit(TransportEvent::Parcel(offer.to_parcel()))
            .await;
        self.catch_up(deferred).await;
        Ok(())
    }

    /// Takes the offer and answers it.
    async fn answer(&mut self, sdp: String, clocks: Option<ClockOffsets>) -> Result<(), Error> {
        // 1. Refuse what is repeated or too large, before the library sees it.
        if self.negotiation.offer_seen {
            tracing::warn!("dropped an offer: a session negotiates once");
            return Ok(());
        }
        let sdp = ranked(&sdp, &Interface::all());
        let offer = RTCSessionDescription::offer(sdp)?;
        let theirs = offer.sdp.clone();
        let description = RemoteDescription::of(&offer)?;
        if !self.negotiation.limits.admits(&description) {
            tracing::warn!("dropped an offer: more than a call needs");
            return Ok(());
        }
        if !description.announces_certificate() {
            return self.refuse_description().await;
        }

        // 2. Apply it; from here on checks come in, and the driver has to answer fast.
        self.core.poll_fast();
        self.negotiation.offer_seen = true;
        self.core.describe_them(&theirs);
        let connection = &self.core.shared.connection;
        connection.set_remote_description(offer).await?;

        // 3. Describe this side.
        self.decline_unknown_streams().await?;
        let connection = &self.core.shared.connection;
        let answer = connection.create_answer(None).await?;
        let bare = answer.sdp.clone();
        self.core.describe_us(&bare);
        connection.set_local_description(answer).await?;
        self.connection.describe(&bare, &theirs);
        self.remote_taken(clocks).await;
        self.core.learn_payload_types().await;

        // 4. Tell it.
        let (sdp, deferred) = self.with_candidates(bare).await;
        let clocks = Some(self.core.shared.clocks.offsets);
        let answer = Negotiation::Answer { sdp, clocks };
        self.core
            .emit(TransportEvent::Parcel(answer.to_parcel()))
            .await;
        self.catch_up(deferred).await;
        Ok(())
    }

    /// Takes the answer to our offer.
    async fn take_answer(
        &mut self,
        sdp: String,
        clocks: Option<ClockOffsets>,
    ) -> Result<(), Error> {
        // 1. Refuse what nothing asks for, or what is too large, before the library sees it.
        if !self.negotiation.answer_awaited {
            tracing::warn!("dropped an answer that nothing asks for");
            return Ok(());
        }
        let sdp = ranked(&sdp, &Interface::all());
        let answer = RTCSessionDescription::answer(sdp)?;
        let theirs = answer.sdp.clone();
        let description = RemoteDescription::of(&answer)?;
        if !self.negotiation.limits.admits(&description) {
            tracing::warn!("dropped an answer: more than a call needs");
            return Ok(());
        }
        if !description.announces_certificate() {
            return self.refuse_description().await;
        }

        // 2. Apply it; checks begin on both sides.
        self.core.poll_fast();
        self.core.describe_them(&theirs);
        let connection = &self.core.shared.connection;
        connection.set_remote_description(answer).await?;
        if let Some(ours) = connection.local_description().await {
            self.connection.describe(&ours.sdp, &theirs);
        }
        self.negotiation.answer_awaited = false;
        self.remote_taken(clocks).await;
        self.core.learn_payload_types().await;
        Ok(())
    }

    /// The other side does not say by which certificate its media will be known.
    async fn refuse_description(&mut self) -> Result<(), Error> {
        let insecure = TransportState::Failed(TransportError::Security);
        self.core.enter(insecure).await;
        Ok(())
    }

    /// Takes a candidate that came by itself (trickle ICE, RFC 8838).
    async fn take_candidate(&mut self, mut init: RTCIceCandidateInit) -> Result<(), Error> {
        let negotiation = &mut self.negotiation;
        if !negotiation.remote_known {
            if negotiation.early.len() < MAX_CANDIDATES {
                negotiation.early.push(init);
            }
            return Ok(());
        }
        // As it counts in a description: by our own priority.
        init.candidate = ranked_candidate(&init.candidate, &Interface::all());
        if !negotiation.limits.admits_candidate(&init.candidate) {
            tracing::warn!("dropped a candidate: too many");
            return Ok(());
        }
        self.connection.add_candidate(&init.candidate);
        self.core.shared.connection.add_ice_candidate(init).await
    }

    /// Our description with the candidates that are found at once, and the library's other events of
    /// that time.
    async fn with_candidates(&mut self, bare: String) -> (String, Vec<PeerEvent>) {
        let deferred = self.core.first_candidates().await;
        let full = self.core.shared.connection.local_description().await;
        let sdp = slim(&full.map_or(bare, |it| it.sdp));
        (self.connection.with_own_addresses(&sdp), deferred)
    }

    async fn catch_up(&mut self, deferred: Vec<PeerEvent>) {
        for event in deferred {
            self.peer_event(event).await;
        }
    }

    /// The library has taken a description of the other side: notes what it said, and hands over
    /// the candidates that came before it.
    async fn remote_taken(&mut self, clocks: Option<ClockOffsets>) {
        if let Some(clocks) = clocks {
            self.core.shared.rtcp.announce_clocks(clocks);
        }
        self.negotiation.remote_known = true;
        for init in std::mem::take(&mut self.negotiation.early) {
            if self.take_candidate(init).await.is_err() {
                tracing::warn!("dropped an early candidate: the library refuses it");
            }
        }
    }

    /// Has the answer call inactive the m-lines of streams that only later versions know, so that
    /// nothing is sent on them. The library made a transceiver for each.
    async fn decline_unknown_streams(&self) -> Result<(), Error> {
        for transceiver in self.core.shared.connection.get_transceivers().await {
            let is_it = |local: &LocalStream| local.transceiver.id() == transceiver.id();
            if !self.core.local.iter().any(|(_, local)| is_it(local)) {
                let inactive = RTCRtpTransceiverDirection::Inactive;
                transceiver.set_direction(inactive).await?;
            }
        }
        Ok(())
    }
}

/// How many m-lines a description may have: the four streams and the data channels, and a reserve for
/// three streams that a later version may have, which are answered as inactive. Each costs a
/// transceiver.
const MAX_SECTIONS: usize = 8;
