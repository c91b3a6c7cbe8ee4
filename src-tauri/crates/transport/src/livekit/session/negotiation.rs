//! Descriptions and candidates of the connection with the server. We always offer, one offer at a
//! time; the first one travels with the request to join.

use std::time::{Duration, Instant};

use media::transport::TransportError;
use rtc::peer_connection::transport::RTCIceCandidateInit;
use webrtc::error::Error;
use webrtc::peer_connection::RTCSessionDescription;

use super::Task;
use crate::livekit::Redacted;
use crate::livekit::setup::{FIRST_RECEIVERS, add_receivers};
use crate::livekit::signal::{Answer, Candidate, Offer, Request, Sid, Sync, Track};
use crate::peer;
use crate::peer::limits::{Limits, MAX_CANDIDATES, RemoteDescription};

/// Where the negotiation stands.
#[derive(Debug)]
pub(super) struct Negotiation {
    /// The last one.
    offer: Option<Offer>,
    /// When it was made.
    offered_at: Option<Instant>,
    /// Whether it waits for its answer.
    awaited: bool,
    /// Whether another one is due when it is there.
    again: bool,
    /// The last offer that was answered, and its answer.
    agreed: Option<(Offer, Redacted<String>)>,
    /// Candidates that came before the first answer, at most [`MAX_CANDIDATES`].
    early: Vec<RTCIceCandidateInit>,
    limits: Limits,
    /// Room for received tracks, audio and video.
    receivers: [u32; 2],
}

impl Default for Negotiation {
    fn default() -> Self {
        Self {
            offer: None,
            offered_at: None,
            awaited: false,
            again: false,
            agreed: None,
            early: Vec::new(),
            limits: Limits::new(MAX_SECTIONS),
            receivers: FIRST_RECEIVERS,
        }
    }
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
        Some(Sync {
            offer,
            answer,
            published,
            received,
        })
    }

    /// How much more room is made where so much more is wanted, which counts then.
    fn make_room(&mut self, audios: u32, videos: u32) -> [u32; 2] {
        let mut made = [audios, videos];
        for (made, have) in made.iter_mut().zip(&mut self.receivers) {
            *made = (*made).min(MAX_RECEIVERS.saturating_sub(*have));
            *have += *made;
        }
        made
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
        let [audios, videos] = self.negotiation.make_room(audios, videos);
        let connection = &*self.core.shared.connection;
        if let Err(error) = add_receivers(connection, audios, videos).await {
            return self.core.fail(peer::internal(&error)).await;
        }
        self.negotiation.again = true;
        self.offer_if_due().await;
    }

    /// Makes another offer where one is due, the last one is answered, and the server does not ask
    /// for one after the other without end.
    pub(super) async fn offer_if_due(&mut self) {
        let negotiation = &self.negotiation;
        let is_many = negotiation.next_id() > FREE_OFFERS;
        let just_now = |it: Instant| is_many && it.elapsed() < OFFER_INTERVAL;
        if !negotiation.again || negotiation.awaited || negotiation.offered_at.is_some_and(just_now)
        {
            return;
        }
        self.negotiation.again = false;
        match self.apply_offer().await {
            Ok(sdp) => {
                self.keep_offer(sdp);
                self.repeat_offer();
            }
            Err(error) => self.core.fail(peer::internal(&error)).await,
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
        self.core.describe_us(&sdp);
        connection.set_local_description(offer).await?;
        Ok(sdp)
    }

    fn keep_offer(&mut self, sdp: String) {
        let id = self.negotiation.next_id();
        let sdp = sdp.into();
        self.negotiation.offer = Some(Offer { sdp, id });
        self.negotiation.offered_at = Some(Instant::now());
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
        let applied = match RTCSessionDescription::answer(answer.sdp.0.clone()) {
            Ok(description) => self.apply_answer(description, is_first).await,
            Err(error) => Err(error),
        };
        if let Err(error) = applied {
            tracing::error!(
                kind = peer::kind_of(&error),
                "an answer of the server is refused"
            );
            let refused = TransportError::ServerRefused("its answer makes no sense");
            return self.core.fail(refused).await;
        }
        self.negotiation.awaited = false;
        self.negotiation.agreed = Some((offer, answer.sdp));
        for init in std::mem::take(&mut self.negotiation.early) {
            self.add_candidate(init).await;
        }
        self.core.learn_payload_types().await;
        self.offer_if_due().await;
    }

    /// Hands an answer to the library, unless it is more than a session needs.
    async fn apply_answer(
        &mut self,
        answer: RTCSessionDescription,
        is_first: bool,
    ) -> Result<(), Error> {
        let described = RemoteDescription::of(&answer)?;
        if !self.negotiation.limits.admits(&described) || !described.announces_certificate() {
            return Err(Error::Other("more than a session needs".to_owned()));
        }
        self.core.describe_them(&answer.sdp);
        if is_first {
            self.core.poll_fast();
        }
        let connection = &self.core.shared.connection;
        connection.set_remote_description(answer).await
    }

    /// Takes a candidate of the server. One that makes no sense is dropped: it is remote.
    pub(super) async fn take_candidate(&mut self, candidate: &Candidate) {
        let Ok(init) = serde_json::from_str::<RTCIceCandidateInit>(&candidate.init.0) else {
            return;
        };
        let line = &init.candidate;
        if line.is_empty() || !self.negotiation.limits.admits_candidate(line) {
            return;
        }
        if self.negotiation.agreed.is_some() {
            self.add_candidate(init).await;
        } else if self.negotiation.early.len() < MAX_CANDIDATES {
            // The same one may come again and again, and counts once there.
            self.negotiation.early.push(init);
        } else {
            tracing::debug!("dropped a candidate: too many before the answer");
        }
    }

    async fn add_candidate(&self, init: RTCIceCandidateInit) {
        let connection = &self.core.shared.connection;
        if connection.add_ice_candidate(init).await.is_err() {
            tracing::debug!("dropped a candidate: the library refuses it");
        }
    }

    /// Tells the server an address of ours.
    pub(super) fn tell_candidate(&mut self, candidate: String) {
        self.tell(candidate, false);
    }

    pub(super) fn tell_end_of_candidates(&mut self) {
        self.tell(String::new(), true);
    }

    fn tell(&mut self, candidate: String, last: bool) {
        let init = RTCIceCandidateInit {
            candidate,
            sdp_mid: Some("0".to_owned()),
            sdp_mline_index: Some(0),
            ..RTCIceCandidateInit::default()
        };
        let init = serde_json::to_string(&init).expect("strings and numbers always are JSON");
        let init = init.into();
        self.ask(Request::Trickle(Candidate { init, last }));
    }
}

/// Four tracks that are sent, the channels, and all that can be received.
const MAX_SECTIONS: usize = 5 + 2 * MAX_RECEIVERS as usize;

/// Room for received tracks of a kind: two of the other side, and as many again of whoever takes its
/// place, three times over. Each costs a transceiver.
const MAX_RECEIVERS: u32 = 8;

/// Offers that follow each other as fast as they are answered: a call of two has three, and each
/// change of what somebody publishes makes one.
const FREE_OFFERS: u32 = 16;

/// Between two offers beyond those.
const OFFER_INTERVAL: Duration = Duration::from_millis(500);
