//! The room: how it is joined, who is there, and how it ends.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use media::transport::{ConnectionQuality, Credentials, NoAccess, TransportError, TransportState};

use super::Task;
use crate::livekit::signal::{
    About, Cause, Config, Connection, Event, Joined, Participant, Quality, Reason, Request,
    Resumed, Sid, Source, Verdict,
};
use crate::livekit::tokens::Seat;

/// What the task knows of its room.
#[derive(Debug, Default)]
pub(super) struct Room {
    joined_at: Option<Instant>,
    /// Ours, from the join on.
    seat: Option<Seat>,
    /// Our own name there.
    sid: Option<Sid>,
    /// How frames end that the server puts in by itself; known from the join on.
    pub(super) sif_trailer: Option<Vec<u8>>,
    /// Who else is there; few, as the signal connection tells of few.
    others: Vec<Participant>,
    /// Requests from before there is a connection, at most [`MAX_EARLY`].
    early: Vec<Request>,
}

impl Room {
    /// Whether the server let us in long ago, and yet no media can pass to it.
    pub(super) fn is_joined_in_vain(&self, is_secured: bool) -> bool {
        let long_ago = |it: Instant| it.elapsed() >= REACHED_WITHIN;
        !is_secured && self.joined_at.is_some_and(long_ago)
    }

    /// Who publishes a track, and what it carries; `None` when nobody does.
    pub(super) fn publisher_of(&self, track: &Sid) -> Option<(&Sid, Source)> {
        self.others.iter().find_map(|other| {
            let found = other.tracks.iter().find(|it| it.sid == *track)?;
            Some((&other.sid, found.source))
        })
    }

    fn note(&mut self, participant: Participant) {
        self.others.retain(|it| it.sid != participant.sid);
        self.others.push(participant);
    }
}

impl Task {
    /// Joins with what the relay gave.
    pub(super) async fn join(&mut self, credentials: Result<Credentials, NoAccess>) {
        let Ok(Credentials { url, token }) = credentials else {
            let refused = TransportError::ServerRefused("nobody gives access");
            return self.core.fail(refused).await;
        };
        let seat = self.setup.tokens.join(self.call, self.number, token);
        let config = Config {
            url: url.into(),
            token: seat.token(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            offer: self.negotiation.last_offer(),
            tracks: self.tracks.wanted(self.max_send),
            resume_for: RESUME_FOR,
        };
        let signal = Connection::open(config);
        for request in self.room.early.drain(..) {
            if signal.ask(request).is_err() {
                tracing::warn!("the server is not told something: it is not reached");
            }
        }
        self.signal = Some(signal);
        self.room.seat = Some(seat);
    }

    /// Asks the server for something, as soon as there is a connection.
    pub(super) fn ask(&mut self, request: Request) {
        let Some(signal) = &self.signal else {
            if self.room.early.len() < MAX_EARLY {
                self.room.early.push(request);
            }
            return;
        };
        if signal.ask(request).is_err() {
            tracing::warn!("a request to the server was dropped: it takes none");
        }
    }

    pub(super) async fn signal_event(&mut self, event: Option<Event>) {
        match event {
            Some(Event::Joined(joined)) => self.joined(*joined).await,
            Some(Event::Lost) => tracing::info!("the server's socket was lost: it is resumed"),
            Some(Event::Resumed(resumed)) => self.resumed(&resumed).await,
            Some(Event::Answer(answer)) => self.take_answer(answer).await,
            Some(Event::Trickle(candidate)) => self.take_candidate(&candidate).await,
            Some(Event::Present(participant)) => {
                self.room.note(participant);
                self.take_pending_tracks();
            }
            Some(Event::Gone { sid, reason }) => {
                tracing::info!(?reason, "somebody is gone from the room");
                self.forget_tracks_of(&sid);
                self.room.others.retain(|it| it.sid != sid);
                // Somebody else may have been there; the other side is whom we spoke with.
                let is_other = self.talk.is_greeted() && self.talk.is_with(&sid);
                if is_other && is_for_good(reason) {
                    self.core.enter(TransportState::ClosedByPeer).await;
                }
            }
            Some(Event::Published { cid, track }) => self.published(&cid, track),
            Some(Event::MuteRequest(sid)) => self.say_mute_of(&sid),
            Some(Event::MediaSections { audios, videos }) => {
                self.offer_again(audios, videos).await;
            }
            Some(Event::CodecUnsupported(_)) => tracing::warn!(
                "the other side sends pictures that are not H.264; set the room's codecs to \
                 audio/opus and video/h264 (room.enabled_codecs)"
            ),
            Some(Event::Answered { verdict, about }) => self.answered(verdict, &about).await,
            Some(Event::Leave { action, reason }) => {
                tracing::info!(?action, ?reason, "the server ends the session");
            }
            Some(Event::Unpublished(sid)) => {
                tracing::warn!(track = ?sid, "the server ended a track of ours");
                // Nothing of it arrives any more. Another session publishes it anew.
                let error = TransportError::ServerUnreachable;
                self.core.fail(error).await;
            }
            Some(Event::Quality { sid, quality }) => self.note_quality(&sid, quality),
            // The next session of the call has our name there, and nobody else should.
            Some(Event::Closed(Cause::Duplicate)) if self.is_taken_over() => {
                self.core.enter(TransportState::ClosedByPeer).await;
            }
            Some(Event::Closed(cause)) => self.core.enter(end_of(cause)).await,
            None => self.core.enter(end_of(Cause::Unreachable)).await,
        }
    }

    async fn joined(&mut self, joined: Joined) {
        tracing::info!(server = joined.server_version, "joined");
        if !joined.h264 {
            let refused = TransportError::ServerRefused("the room takes no H.264");
            return self.core.fail(refused).await;
        }
        self.room.joined_at = Some(Instant::now());
        self.room.sid = Some(joined.sid);
        self.room.sif_trailer = Some(joined.sif_trailer);
        joined.others.into_iter().for_each(|it| self.room.note(it));
        self.set_keys().await;
    }

    /// The session goes on: tells the server what it may have forgotten, and what it did not get.
    async fn resumed(&mut self, resumed: &Resumed) {
        let received = self.talk.received();
        let sync = self.negotiation.sync(self.tracks.all_published(), received);
        let Some(sync) = sync else {
            // There is nothing yet that could go on.
            let error = TransportError::ServerUnreachable;
            return self.core.fail(error).await;
        };
        self.ask(Request::Sync(Box::new(sync)));
        self.say_mutes();
        self.talk.repeat_after(resumed.last_sequence);
        self.repeat_offer();
    }

    fn is_taken_over(&self) -> bool {
        self.room.seat.as_ref().is_some_and(Seat::is_taken_over)
    }

    fn note_quality(&self, of: &Sid, quality: Quality) {
        let quality = Some(match quality {
            Quality::Lost => ConnectionQuality::Lost,
            Quality::Poor => ConnectionQuality::Poor,
            Quality::Good => ConnectionQuality::Good,
            Quality::Excellent => ConnectionQuality::Excellent,
        });
        let known = self.core.shared.quality.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        if self.room.sid.as_ref() == Some(of) {
            known.ours = quality;
        } else if self.room.others.iter().any(|it| it.sid == *of) {
            known.theirs = quality;
        }
    }

    async fn answered(&mut self, verdict: Verdict, about: &About) {
        match (verdict, about) {
            (Verdict::Done | Verdict::Queued, _) => {}
            (Verdict::NotAllowed | Verdict::LimitExceeded, About::AddTrack(_)) => {
                let refused = TransportError::ServerRefused("it takes no tracks of ours");
                self.core.fail(refused).await;
            }
            (_, about) => tracing::warn!(?verdict, ?about, "the server refuses something"),
        }
    }
}

/// Whether somebody who is gone like this was meant to go. Whom the server has lost may be on the way
/// back, with another session; until then nothing is heard of them.
const fn is_for_good(reason: Reason) -> bool {
    match reason {
        Reason::ClientInitiated
        | Reason::ParticipantRemoved
        | Reason::RoomDeleted
        | Reason::RoomClosed
        | Reason::UserUnavailable
        | Reason::UserRejected => true,
        Reason::Unknown
        | Reason::DuplicateIdentity
        | Reason::ServerShutdown
        | Reason::StateMismatch
        | Reason::JoinFailure
        | Reason::Migration
        | Reason::SignalClose
        | Reason::ConnectionTimeout
        | Reason::MediaFailure => false,
    }
}

/// What the end of the connection is to the session. A server that cannot be reached now, or has
/// lost the session, may carry the next one.
fn end_of(cause: Cause) -> TransportState {
    match cause {
        Cause::Unreachable
        | Cause::ServerFault
        | Cause::HungUp
        | Cause::ServerStops
        | Cause::JoinAnew => TransportState::Failed(TransportError::ServerUnreachable),
        Cause::Duplicate => ended("joined from elsewhere under our name"),
        Cause::BadAddress => refused("its address cannot be used"),
        Cause::Untrusted => refused("its certificate is not trusted"),
        Cause::Refused => refused("it does not take the token"),
        Cause::TooOld => refused("it is older than 1.9.10"),
        Cause::NotLiveKit => refused("it is no LiveKit server"),
        Cause::NotAdmitted => refused("the room is full"),
        Cause::BadMessage => refused("what it says cannot be read"),
        Cause::Left => ended("we left"),
        Cause::RoomGone => ended("the room is gone"),
        Cause::Removed => ended("removed from the room"),
        Cause::Ended => ended("for a reason of its own"),
    }
}

const fn refused(why: &'static str) -> TransportState {
    TransportState::Failed(TransportError::ServerRefused(why))
}

const fn ended(why: &'static str) -> TransportState {
    TransportState::Failed(TransportError::ServerEnded(why))
}

/// How long a lost socket is tried to be resumed while media may flow: less than the server keeps the
/// session, and then another one is set up within the time that a call has.
const RESUME_FOR: Duration = Duration::from_secs(8);

/// In which media passes to a server that let us in, over UDP or TCP, if it ever does: ICE's checks
/// of both, several times over, and no longer than a person waits for an answer.
const REACHED_WITHIN: Duration = Duration::from_secs(12);

/// Candidates and mutes from before there is access: about twenty.
const MAX_EARLY: usize = 64;
