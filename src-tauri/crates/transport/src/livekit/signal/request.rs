//! What an owner asks of a connection.

use super::cause::Reason;
use super::event::{Candidate, Sid, Source, Track};
use crate::livekit::Redacted;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Negotiate. While it waits for a socket, a newer one takes its place; a lost socket takes it
    /// away: after a resume the owner repeats the one that has no answer.
    Offer(Offer),
    /// A candidate of ours. A lost socket takes it away like an offer.
    Trickle(Candidate),
    /// Say that a track of ours is muted, or not.
    Mute {
        /// Which.
        sid: Sid,
        /// How it is.
        muted: bool,
    },
    /// What we know of the session, after [`Event::Resumed`](super::Event::Resumed).
    Sync(Box<Sync>),
    /// Leave for good. [`Reason::ClientInitiated`], [`Reason::UserRejected`] and
    /// [`Reason::UserUnavailable`] reach the other side.
    Leave(Reason),
}

/// A description of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// SDP.
    pub sdp: Redacted<String>,
    /// Higher in each offer than in all before it; the answer has it too.
    pub id: u32,
}

/// A track to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddTrack {
    /// Our name for it: the second word of `a=msid` in the offer.
    pub cid: String,
    /// What it carries.
    pub source: Source,
    /// Of a picture; `None` for sound.
    pub picture: Option<Picture>,
    /// Whether it starts muted.
    pub muted: bool,
    /// Whether its frames are encrypted end to end.
    pub encrypted: bool,
}

/// The largest picture of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Most bits per second.
    pub bits_per_second: u32,
}

/// What the server is told of a session that is resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The last offer of ours that was answered.
    pub offer: Offer,
    /// The server's answer to it.
    pub answer: Redacted<String>,
    /// Our tracks, with the cid of each. One that the server does not know makes it want a new join.
    pub published: Vec<(String, Track)>,
    /// The last number of a reliable data packet from each participant.
    pub received: Vec<(Sid, u32)>,
}
