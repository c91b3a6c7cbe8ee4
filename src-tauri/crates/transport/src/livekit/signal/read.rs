//! The server's messages as values of ours, within bounds. What is absurd is left out.

use super::cause::Reason;
use super::event::{
    About, Answer, Candidate, Joined, MAX_SECTIONS, Participant, Quality, Resumed, Sid, Source,
    Track, Verdict,
};
use crate::livekit::Redacted;
use crate::livekit::proto::model::{
    ParticipantInfo, SessionDescription, TrackInfo, TrickleRequest,
};
use crate::livekit::proto::response::{Asked, JoinResponse, ReconnectResponse, RequestResponse};

/// `None` when the server does not say who we are. Others are left to the roster.
pub(super) fn joined(message: &JoinResponse) -> Option<Joined> {
    let sid = Sid::parse(&message.participant.as_ref()?.sid)?;
    let sif_trailer = if message.sif_trailer.len() <= MAX_SIF_TRAILER {
        message.sif_trailer.clone()
    } else {
        Vec::new()
    };
    let codecs = &message.enabled_publish_codecs;
    let is_h264 = |mime: &str| mime.eq_ignore_ascii_case("video/h264");
    let version = message.server_info.as_ref().map(|it| it.version.as_str());
    Some(Joined {
        sid,
        others: Vec::new(),
        sif_trailer,
        // A server that lists nothing restricts nothing.
        h264: codecs.is_empty() || codecs.iter().any(|it| is_h264(&it.mime)),
        server_version: version.and_then(short).unwrap_or_default(),
    })
}

pub(super) fn resumed(message: &ReconnectResponse) -> Resumed {
    Resumed {
        last_sequence: message.last_sequence,
    }
}

pub(super) fn answer(message: SessionDescription) -> Answer {
    Answer {
        sdp: Redacted(message.sdp),
        id: message.id,
    }
}

pub(super) fn candidate(message: TrickleRequest) -> Option<Candidate> {
    (message.candidate.len() <= MAX_CANDIDATE).then_some(Candidate {
        init: Redacted(message.candidate),
        last: message.last,
    })
}

pub(super) fn participant(message: &ParticipantInfo) -> Option<Participant> {
    let tracks = message.tracks.iter().take(MAX_TRACKS);
    Some(Participant {
        sid: Sid::parse(&message.sid)?,
        identity: Redacted(
            (message.identity.len() <= MAX_IDENTITY).then(|| message.identity.clone())?,
        ),
        tracks: tracks.filter_map(track).collect(),
    })
}

pub(super) fn track(message: &TrackInfo) -> Option<Track> {
    Some(Track {
        sid: Sid::parse(&message.sid)?,
        source: Source::of(message.source),
        muted: message.muted,
        codec: short(&message.mime_type)?.to_ascii_lowercase(),
        encrypted: message.encryption != 0,
    })
}

/// Whose quality, and which; `None` for what this version does not know.
pub(super) fn quality(sid: &str, number: i32) -> Option<(Sid, Quality)> {
    let quality = match number {
        0 => Quality::Poor,
        1 => Quality::Good,
        2 => Quality::Excellent,
        3 => Quality::Lost,
        _ => return None,
    };
    Some((Sid::parse(sid)?, quality))
}

pub(super) fn verdict(message: &RequestResponse) -> (Verdict, About) {
    let verdict = match message.reason {
        0 => Verdict::Done,
        1 => Verdict::NotFound,
        2 => Verdict::NotAllowed,
        3 => Verdict::LimitExceeded,
        4 => Verdict::Queued,
        _ => Verdict::Failed,
    };
    let about = match &message.request {
        Some(Asked::AddTrack(it)) => short(&it.cid).map(About::AddTrack),
        Some(Asked::Mute(it)) => Sid::parse(&it.sid).map(About::Mute),
        Some(Asked::Trickle(_)) | None => None,
    };
    (verdict, about.unwrap_or(About::Other))
}

/// A word that is short enough.
pub(super) fn short(text: &str) -> Option<String> {
    (text.len() <= MAX_WORD).then(|| text.to_owned())
}

pub(super) fn sections(count: u32) -> u32 {
    count.min(MAX_SECTIONS)
}

/// Whether somebody has left, and why.
pub(super) fn departure(message: &ParticipantInfo) -> Option<Reason> {
    (message.state == DISCONNECTED).then(|| Reason::of(message.disconnect_reason))
}

/// `ParticipantInfo.State`.
const DISCONNECTED: i32 = 3;
/// Tracks of one participant: an official client publishes four.
const MAX_TRACKS: usize = 16;
/// MIME types, cids, versions: a UUID has 36.
const MAX_WORD: usize = 64;
/// The server's own limit.
const MAX_IDENTITY: usize = 256;
/// A candidate of IPv6 over TCP with all its attributes has about 250.
const MAX_CANDIDATE: usize = 2048;
/// The server makes up to 20 at present.
const MAX_SIF_TRAILER: usize = 64;
