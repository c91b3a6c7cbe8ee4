//! Offers, answers and candidates of a session. One side makes every offer, so they never cross.

use std::time::{Duration, Instant};

use media::transport::{Role, TransportEvent};
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::rtp_transceiver::rtp_sender::RTCRtpCodecParameters;
use webrtc::error::Error;
use webrtc::peer_connection::{RTCIceCandidateInit, RTCSessionDescription};

use super::super::super::events::PeerEvent;
use super::super::super::negotiate::{ClockOffsets, MAX_CANDIDATES, Negotiation};
use super::Task;
use super::standing::{Brought, RESTART_PAUSE};
use crate::rtp::sync::Kind;

impl Task {
    /// Takes one message of the other side. One that makes no sense is dropped: it is remote.
    pub(super) async fn negotiate(&mut self, message: Negotiation) {
        tracing::debug!(?message, "negotiation");
        let taken = match (message, self.role) {
            (Negotiation::Offer { sdp, round, clocks }, Role::Answerer) => {
                self.answer(sdp, round, clocks).await
            }
            (Negotiation::Answer { sdp, round, clocks }, Role::Offerer) => {
                self.take_answer(sdp, round, clocks).await
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
            (Negotiation::PleaseRestart, Role::Offerer) => {
                self.restart().await;
                Ok(())
            }
            (Negotiation::Offer { .. } | Negotiation::PleaseRestart, _)
            | (Negotiation::Answer { .. }, Role::Answerer) => {
                tracing::warn!("dropped a parcel that is not for this role");
                Ok(())
            }
        };
        if taken.is_err() {
            tracing::warn!("dropped a parcel: the library refuses its content");
        }
    }

    /// Makes an offer and tells it.
    pub(super) async fn offer(&mut self, ice_restart: bool) -> Result<(), Error> {
        let options = ice_restart.then_some(RTCOfferOptions { ice_restart });
        let connection = &self.shared.connection;
        let offer = connection.create_offer(options).await?;
        let bare = offer.sdp.clone();
        connection.set_local_description(offer).await?;
        self.standing.round += u32::from(ice_restart);
        self.standing.answer_awaited = true;
        let (sdp, behind) = self.with_candidates(bare).await;
        let clocks = Some(self.shared.clocks.offsets);
        self.emit(TransportEvent::Parcel(
            Negotiation::Offer {
                sdp,
                round: self.standing.round,
                clocks,
            }
            .to_parcel(),
        ))
        .await;
        self.catch_up(behind).await;
        Ok(())
    }

    /// Our description with the candidates that are found at once, those of this machine's own
    /// addresses. With them inside, the other side knows every address before the first check
    /// comes from it; else the library takes it for a new one and connects 50 ms later. Also
    /// returns what happened meanwhile.
    async fn with_candidates(&mut self, bare: String) -> (String, Vec<PeerEvent>) {
        let mut behind = Vec::new();
        let mut deadline = tokio::time::Instant::now() + FIRST_CANDIDATE;
        while let Ok(Some(event)) = tokio::time::timeout_at(deadline, self.peer_events.recv()).await
        {
            match event {
                PeerEvent::Candidate(_) => {
                    deadline = deadline.min(tokio::time::Instant::now() + NEXT_CANDIDATE);
                }
                PeerEvent::GatheringComplete => {
                    behind.push(event);
                    break;
                }
                PeerEvent::Ice(_)
                | PeerEvent::Peer(_)
                | PeerEvent::Track(_)
                | PeerEvent::DataChannel(_) => behind.push(event),
            }
        }
        let full = self.shared.connection.local_description().await;
        (full.map_or(bare, |it| it.sdp), behind)
    }

    async fn catch_up(&mut self, behind: Vec<PeerEvent>) {
        for event in behind {
            self.peer_event(event).await;
        }
    }

    /// Looks for a new path, unless that has just begun.
    pub(super) async fn restart(&mut self) {
        let now = Instant::now();
        let recent = self
            .standing
            .restarted
            .is_some_and(|it| now < it + RESTART_PAUSE);
        if !self.standing.remote_known || recent {
            return;
        }
        self.standing.restarted = Some(now);
        tracing::info!(role = ?self.role, "looking for a new path");
        match self.role {
            Role::Offerer => {
                if self.offer(true).await.is_err() {
                    tracing::warn!("the library refuses to look for a new path");
                }
            }
            Role::Answerer => {
                self.emit(TransportEvent::Parcel(
                    Negotiation::PleaseRestart.to_parcel(),
                ))
                .await;
            }
        }
    }

    async fn answer(
        &mut self,
        sdp: String,
        round: u32,
        clocks: Option<ClockOffsets>,
    ) -> Result<(), Error> {
        if !self.standing.admits_offer(round, Instant::now()) {
            tracing::warn!(round, "dropped an offer: old, or too soon after others");
            return Ok(());
        }
        let offer = RTCSessionDescription::offer(sdp)?;
        let brought = Brought::of(&offer)?;
        if !self.standing.admits(&brought) {
            tracing::warn!(round, "dropped an offer: more than a call needs");
            return Ok(());
        }
        self.begin_hurry();
        let connection = &self.shared.connection;
        connection.set_remote_description(offer).await?;
        self.standing.took_offer(round);
        self.remote_taken(brought, clocks).await;
        let connection = &self.shared.connection;
        let answer = connection.create_answer(None).await?;
        let bare = answer.sdp.clone();
        connection.set_local_description(answer).await?;
        self.negotiated().await;
        let (sdp, behind) = self.with_candidates(bare).await;
        let clocks = Some(self.shared.clocks.offsets);
        self.emit(TransportEvent::Parcel(
            Negotiation::Answer { sdp, round, clocks }.to_parcel(),
        ))
        .await;
        self.catch_up(behind).await;
        Ok(())
    }

    async fn take_answer(
        &mut self,
        sdp: String,
        round: u32,
        clocks: Option<ClockOffsets>,
    ) -> Result<(), Error> {
        if !self.standing.answer_awaited || round != self.standing.round {
            tracing::warn!("dropped an answer that nothing asks for");
            return Ok(());
        }
        let answer = RTCSessionDescription::answer(sdp)?;
        let brought = Brought::of(&answer)?;
        if !self.standing.admits(&brought) {
            tracing::warn!(round, "dropped an answer: more than a call needs");
            return Ok(());
        }
        self.begin_hurry();
        self.shared
            .connection
            .set_remote_description(answer)
            .await?;
        self.standing.answer_awaited = false;
        self.remote_taken(brought, clocks).await;
        self.negotiated().await;
        Ok(())
    }

    async fn take_candidate(&mut self, init: RTCIceCandidateInit) -> Result<(), Error> {
        if !self.standing.remote_known {
            if self.standing.early.len() < MAX_CANDIDATES {
                self.standing.early.push(init);
            }
            return Ok(());
        }
        if !self.standing.admits_candidate() {
            tracing::warn!("dropped a candidate: too many");
            return Ok(());
        }
        self.shared.connection.add_ice_candidate(init).await
    }

    /// A description of the other side is in force.
    async fn remote_taken(&mut self, brought: Brought, clocks: Option<ClockOffsets>) {
        if let Some(clocks) = clocks {
            let tapped = &self.shared.tapped;
            let mut known = tapped
                .clocks
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            known.announce(clocks);
        }
        self.standing.took(brought);
        for init in std::mem::take(&mut self.standing.early) {
            if self.take_candidate(init).await.is_err() {
                tracing::warn!("dropped an early candidate: the library refuses it");
            }
        }
    }

    /// Both descriptions are in force: the payload types are known.
    async fn negotiated(&mut self) {
        self.watchdog.negotiated.get_or_insert_with(Instant::now);
        for (kind, stream) in [(Kind::Audio, &self.audio), (Kind::Video, &self.video)] {
            let Ok(parameters) = stream.sender.get_parameters().await else {
                continue;
            };
            let wanted = |it: &&RTCRtpCodecParameters| it.rtp_codec.clock_rate == kind.hz();
            match parameters.rtp_parameters.codecs.iter().find(wanted) {
                Some(codec) => self.shared.gate.set_payload_type(kind, codec.payload_type),
                None => tracing::warn!(?kind, "the other side knows no codec of ours"),
            }
        }
    }
}

/// How long a description waits for the first candidate: usually a millisecond, but the library
/// asks the names of STUN servers first.
const FIRST_CANDIDATE: Duration = Duration::from_millis(30);

/// How long it waits for another one: those of this machine come together.
const NEXT_CANDIDATE: Duration = Duration::from_millis(2);
