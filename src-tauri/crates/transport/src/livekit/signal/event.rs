//! What a connection tells its owner.

use std::fmt;

use super::cause::{Action, Cause, Reason};
use crate::livekit::Redacted;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The room has us. The first event, unless it is [`Event::Closed`].
    Joined(Box<Joined>),
    /// The socket was lost, and the session is being resumed; media may go on meanwhile.
    Lost,
    /// The session goes on. The server waits for [`Request::Sync`], and offers wait for it here.
    ///
    /// [`Request::Sync`]: super::Request::Sync
    Resumed(Resumed),
    /// The answer to an offer of ours.
    Answer(Answer),
    /// A candidate of the server.
    Trickle(Candidate),
    /// Somebody else is in the room, or something of them changed.
    Present(Participant),
    /// Somebody else has left.
    Gone {
        /// Who.
        sid: Sid,
        /// Why.
        reason: Reason,
    },
    /// A track of ours has its name at the server.
    Published {
        /// Ours, of [`AddTrack`](super::AddTrack).
        cid: String,
        /// The server's.
        track: Track,
    },
    /// The server ended a track of ours.
    Unpublished(Sid),
    /// The server mutes or unmutes this track of ours. Our own state is the truth: it is said anew.
    MuteRequest(Sid),
    /// How good the connection of somebody is, us included. Only on change.
    Quality {
        /// Whose.
        sid: Sid,
        /// How good.
        quality: Quality,
    },
    /// A track of the other side cannot be had: no codec of ours fits it.
    CodecUnsupported(Sid),
    /// The server ends the session. [`Event::Lost`] or [`Event::Closed`] follows.
    Leave {
        /// What it wants done.
        action: Action,
        /// Why.
        reason: Reason,
    },
    /// So many more receiving sections are needed; with zero of both: offer again.
    MediaSections {
        /// At most [`MAX_SECTIONS`].
        audios: u32,
        /// At most [`MAX_SECTIONS`].
        videos: u32,
    },
    /// What became of a request.
    Answered {
        /// The server's word.
        verdict: Verdict,
        /// Of which.
        about: About,
    },
    /// It is over: the last event.
    Closed(Cause),
}

/// What the server says to who joins.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// Our name in this session.
    pub sid: Sid,
    /// Who else is there.
    pub others: Vec<Participant>,
    /// How frames end that the server puts in by itself; empty where it has none.
    pub sif_trailer: Vec<u8>,
    /// Whether H.264 may be published.
    pub h264: bool,
    /// As the server says it; empty when it is absurd.
    pub server_version: String,
}

/// What the server says to who resumes.
#[derive(Clone, Debug, PartialEq)]
pub struct Resumed {
    /// The last number of a reliable data packet that the server has of us.
    pub last_sequence: u32,
}

/// A description of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SDP.
    pub sdp: Redacted<String>,
    /// That of the offer.
    pub id: u32,
}

/// An ICE candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// JSON of `RTCIceCandidateInit`.
    pub init: Redacted<String>,
    /// Whether no other follows.
    pub last: bool,
}

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Their name in this session.
    pub sid: Sid,
    /// Who their token says they are.
    pub identity: Redacted<String>,
    /// What they publish.
    pub tracks: Vec<Track>,
}

/// A published track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Its name.
    pub sid: Sid,
    /// What it carries.
    pub source: Source,
    /// Whether it is muted.
    pub muted: bool,
    /// MIME type, in lower case; empty when the server does not know yet.
    pub codec: String,
    /// Whether its frames are encrypted end to end.
    pub encrypted: bool,
}

/// What a track carries (`TrackSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Something that this version does not know.
    Unknown,
    /// Pictures of a camera.
    Camera,
    /// Sound of a microphone.
    Microphone,
    /// Pictures of a screen.
    Screen,
    /// The sound that goes with a screen.
    ScreenSound,
}

impl Source {
    pub(super) const fn of(number: i32) -> Self {
        match number {
            1 => Self::Camera,
            2 => Self::Microphone,
            3 => Self::Screen,
            4 => Self::ScreenSound,
            _ => Self::Unknown,
        }
    }

    pub(super) const fn number(self) -> i32 {
        match self {
            Self::Unknown => 0,
            Self::Camera => 1,
            Self::Microphone => 2,
            Self::Screen => 3,
            Self::ScreenSound => 4,
        }
    }
}

/// How good a connection is, as the server judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Hard to use.
    Poor,
    /// Some loss.
    Good,
    /// As it should be.
    Excellent,
    /// Nothing arrives.
    Lost,
}

/// What became of a request (`RequestResponse.Reason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Done,
    /// It waits for another.
    Queued,
    /// No such track.
    NotFound,
    /// The token does not allow it.
    NotAllowed,
    /// Too many, or too much.
    LimitExceeded,
    /// It failed in another way.
    Failed,
}

/// Of which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// To add this track, named by its cid.
    AddTrack(String),
    /// To mute this track.
    Mute(Sid),
    /// Another.
    Other,
}

/// A name that the server made: `PA_…`, `TR_…`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sid(Box<str>);

impl Sid {
    /// A text that can be a name: letters, digits, `_` and `-`, at most 64 of them (the server
    /// makes 15).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        fits.then(|| Self(text.into()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// More receiving sections than any room of two needs: a browser has a camera, a microphone, a
/// screen and its sound.
pub const MAX_SECTIONS: u32 = 8;
