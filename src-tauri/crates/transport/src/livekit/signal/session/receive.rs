//! What the messages of the server do to a session.

use std::time::{Duration, Instant};

use prost::Message as _;

use super::{Output, Session, State, millis};
use crate::livekit::proto::model::{LeaveRequest, ParticipantInfo};
use crate::livekit::proto::response::{Content, JoinResponse, SignalResponse};
use crate::livekit::signal::cause::{Action, Cause, Reason};
use crate::livekit::signal::event::{Event, Sid};
use crate::livekit::signal::read;
use crate::livekit::signal::roster::Change;

impl Session {
    /// Takes one message of the server in.
    pub(super) fn frame(&mut self, now: Instant, frame: &[u8]) {
        let Ok(SignalResponse { content }) = SignalResponse::decode(frame) else {
            return self.close(Cause::BadMessage);
        };
        if let State::Open(open) = &mut self.state {
            open.heard = now;
        }
        match (content, &self.state) {
            // A kind of message that this version does not know.
            (None, _) | (_, State::Closed) => {}
            (Some(Content::RefreshToken(token)), _) => {
                if (1..=MAX_TOKEN).contains(&token.len()) {
                    self.config.token.renew(token);
                }
            }
            (Some(Content::Leave(leave)), _) => self.leave(now, &leave),
            (Some(Content::Join(join)), State::Joining { .. }) => self.join(now, &join),
            (Some(Content::Reconnect(message)), State::Resuming(_)) => {
                let resumed = read::resumed(&message);
                self.open(now, true);
                self.roster.await_all();
                self.tell(Event::Resumed(resumed));
            }
            (Some(content), State::Open(_)) => self.message(now, content),
            // Before the first message, whatever else comes says nothing to us.
            (Some(_), State::Joining { .. } | State::Resuming(_)) => {}
        }
    }

    fn join(&mut self, now: Instant, message: &JoinResponse) {
        let Some(mut joined) = read::joined(message) else {
            return self.close(Cause::BadMessage);
        };
        let seconds = |wanted: i32, range: (u64, u64)| {
            let wanted = u64::try_from(wanted).unwrap_or(0);
            (wanted > 0).then(|| Duration::from_secs(wanted.clamp(range.0, range.1)))
        };
        if let Some(interval) = seconds(message.ping_interval, (1, 60)) {
            self.ping_interval = interval;
        }
        if let Some(timeout) = seconds(message.ping_timeout, (2, 120)) {
            self.ping_timeout = timeout;
        }
        self.sid = Some(joined.sid.clone());
        let changes = self.roster.update(&joined.sid, &message.other_participants);
        let present = changes.into_iter().filter_map(|it| match it {
            Change::Present(participant) => Some(participant),
            Change::Gone(..) => None,
        });
        joined.others = present.collect();
        self.open(now, false);
        self.tell(Event::Joined(Box::new(joined)));
        self.release();
    }

    fn message(&mut self, now: Instant, content: Content) {
        match content {
            Content::Answer(it) => self.tell(Event::Answer(read::answer(it))),
            Content::Trickle(it) => self.tell_some(read::candidate(it).map(Event::Trickle)),
            Content::Update(it) => self.update(&it.participants),
            Content::TrackPublished(it) => {
                let track = it.track.as_ref().and_then(read::track);
                let published = track.zip(read::short(&it.cid));
                self.tell_some(published.map(|(track, cid)| Event::Published { cid, track }));
            }
            Content::TrackUnpublished(it) => {
                self.tell_some(Sid::parse(&it.track_sid).map(Event::Unpublished));
            }
            Content::Mute(it) => {
                self.tell_some(Sid::parse(&it.sid).map(Event::MuteRequest));
            }
            Content::ConnectionQuality(it) => {
                for update in it.updates.iter().take(MAX_QUALITIES) {
                    let known = read::quality(&update.participant_sid, update.quality);
                    self.tell_some(known.map(|(sid, quality)| Event::Quality { sid, quality }));
                }
            }
            Content::Pong(it) => self.pong(now, it.last_ping_timestamp),
            Content::Subscription(it) if it.error == CODEC_UNSUPPORTED => {
                self.tell_some(Sid::parse(&it.track_sid).map(Event::CodecUnsupported));
            }
            Content::Request(it) => {
                let (verdict, about) = read::verdict(&it);
                self.tell(Event::Answered { verdict, about });
            }
            Content::MediaSections(it) => self.tell(Event::MediaSections {
                audios: read::sections(it.audios),
                videos: read::sections(it.videos),
            }),
            // Taken before, or out of place.
            Content::Subscription(_)
            | Content::Join(_)
            | Content::Reconnect(_)
            | Content::Leave(_)
            | Content::RefreshToken(_) => {}
        }
    }

    fn update(&mut self, infos: &[ParticipantInfo]) {
        let Some(us) = &self.sid else { return };
        for change in self.roster.update(us, infos) {
            self.tell(match change {
                Change::Present(participant) => Event::Present(participant),
                Change::Gone(sid, reason) => Event::Gone { sid, reason },
            });
        }
    }

    fn pong(&mut self, now: Instant, stamp: i64) {
        let taken = millis(now - self.begun).saturating_sub(stamp);
        let plausible = 0..=millis(self.ping_timeout);
        if let State::Open(open) = &mut self.state
            && plausible.contains(&taken)
        {
            open.rtt = taken;
        }
    }

    fn leave(&mut self, now: Instant, message: &LeaveRequest) {
        let (action, reason) = (Action::of(message.action), Reason::of(message.reason));
        self.tell(Event::Leave { action, reason });
        match (action, &self.state) {
            (Action::Resume, State::Open(_)) => {
                self.outputs.push_back(Output::HangUp);
                self.resume(now);
            }
            (Action::Resume | Action::Disconnect | Action::JoinAnew, _) => {
                self.close(Cause::of_leave(action, reason));
            }
        }
    }
}

/// A token with all grants of ours has about 600 bytes.
const MAX_TOKEN: usize = 8 * 1024;
/// Of one message; a room of two has two.
const MAX_QUALITIES: usize = 16;
/// `SubscriptionError`.
const CODEC_UNSUPPORTED: i32 = 1;
