//! Tracks: ours, which are published at the join and muted, never taken back; and theirs.

use std::sync::Arc;

use media::transport::{Kind, Stream, Streams};
use media::units::{Bitrate, Size};
use tokio::task::AbortHandle;
use webrtc::media_stream::track_remote::TrackRemote;

use super::Task;
use crate::livekit::setup::naming;
use crate::livekit::signal::{AddTrack, Picture, Request, Sid, Source, Track};

/// What the task knows of tracks.
pub(super) struct Tracks {
    /// Of which streams nothing is captured now.
    muted: Streams<bool>,
    /// What the server calls ours.
    published: Streams<Option<Track>>,
    /// Which track of the other side each stream is received from.
    received: Streams<Option<(Sid, AbortHandle)>>,
    /// Tracks that nobody is known to publish yet, at most [`MAX_PENDING`].
    pending: Vec<(Sid, Arc<dyn TrackRemote>)>,
}

impl Default for Tracks {
    /// Nothing is shared at the beginning.
    fn default() -> Self {
        let shared = |it| matches!(it, Stream::Screen | Stream::ScreenSound);
        Self {
            muted: Streams::from_fn(shared),
            published: Streams::default(),
            received: Streams::default(),
            pending: Vec::new(),
        }
    }
}

impl Tracks {
    /// What we publish, of at most so many bits a second.
    pub(super) fn wanted(&self, max: Bitrate) -> Vec<AddTrack> {
        let track = |stream: Stream| AddTrack {
            cid: naming(stream).track.to_owned(),
            source: source_of(stream),
            picture: (stream.kind() == Kind::Video).then(|| Picture {
                width: Size::HD.width,
                height: Size::HD.height,
                bits_per_second: u32::try_from(max.bps()).unwrap_or(u32::MAX),
            }),
            muted: self.muted[stream],
            encrypted: true,
        };
        Stream::ALL.map(track).to_vec()
    }

    /// Our tracks that the server knows, by our names and as they are now.
    pub(super) fn all_published(&self) -> Vec<(String, Track)> {
        let known = self.published.iter().filter_map(|(stream, track)| {
            let track = track.clone()?;
            let muted = self.muted[stream];
            Some((naming(stream).track.to_owned(), Track { muted, ..track }))
        });
        known.collect()
    }
}

impl Task {
    /// Nothing is captured of a stream from now on, or something is.
    pub(super) fn mute(&mut self, stream: Stream, muted: bool) {
        if std::mem::replace(&mut self.tracks.muted[stream], muted) != muted {
            self.say_mute(stream);
        }
    }

    /// Tells the server how all our tracks are.
    pub(super) fn say_mutes(&mut self) {
        Stream::ALL.into_iter().for_each(|it| self.say_mute(it));
    }

    /// Tells the server how a track of ours is, whatever it believes.
    pub(super) fn say_mute_of(&mut self, sid: &Sid) {
        let is_it = |stream: &Stream| {
            let published = self.tracks.published[*stream].as_ref();
            published.is_some_and(|it| it.sid == *sid)
        };
        if let Some(stream) = Stream::ALL.into_iter().find(is_it) {
            self.say_mute(stream);
        }
    }

    fn say_mute(&mut self, stream: Stream) {
        if let Some(track) = &self.tracks.published[stream] {
            let (sid, muted) = (track.sid.clone(), self.tracks.muted[stream]);
            self.ask(Request::Mute { sid, muted });
        }
    }

    /// The server has a track of ours.
    pub(super) fn published(&mut self, cid: &str, track: Track) {
        let Some(stream) = Stream::ALL.into_iter().find(|it| naming(*it).track == cid) else {
            return;
        };
        let told = track.muted;
        self.tracks.published[stream] = Some(track);
        if self.tracks.muted[stream] != told {
            self.say_mute(stream);
        }
    }

    /// The first packet of a track came.
    pub(super) async fn take_track(&mut self, track: Arc<dyn TrackRemote>) {
        let name = track.track_id().await;
        let Some(sid) = Sid::parse(&name) else {
            return tracing::warn!("ignored a track without a name");
        };
        self.tracks.pending.push((sid, track));
        self.take_pending_tracks();
    }

    /// Receives the tracks of the other side, once it is known which those are. Somebody else may
    /// publish in the room, whose tracks stay where they are.
    pub(super) fn take_pending_tracks(&mut self) {
        for (sid, track) in std::mem::take(&mut self.tracks.pending) {
            let published = self.room.publisher_of(&sid);
            let theirs = published.filter(|(publisher, _)| self.talk.is_with(publisher));
            match theirs.map(|(_, source)| stream_of(source)) {
                Some(Some(stream)) => self.receive(stream, sid, track),
                Some(None) => tracing::warn!("ignored a track of an unknown source"),
                None if self.tracks.pending.len() < MAX_PENDING => {
                    self.tracks.pending.push((sid, track));
                }
                None => tracing::warn!("ignored a track: too many of nobody"),
            }
        }
    }

    /// Somebody has left, with the tracks that they published.
    pub(super) fn forget_tracks_of(&mut self, who: &Sid) {
        let room = &self.room;
        let is_theirs = |track: &Sid| room.publisher_of(track).is_some_and(|(it, _)| it == who);
        self.tracks.pending.retain(|(track, _)| !is_theirs(track));
    }

    /// Receives a stream from this track, in place of any other.
    fn receive(&mut self, stream: Stream, sid: Sid, track: Arc<dyn TrackRemote>) {
        let received = &mut self.tracks.received[stream];
        if received.as_ref().is_some_and(|(known, _)| *known == sid) {
            return;
        }
        tracing::debug!(?stream, track = ?sid, "a track is received");
        let receiving = self.core.receive(stream, track);
        if let Some((_, before)) = received.replace((sid, receiving)) {
            before.abort();
        }
    }
}

const fn source_of(stream: Stream) -> Source {
    match stream {
        Stream::Voice => Source::Microphone,
        Stream::Camera => Source::Camera,
        Stream::Screen => Source::Screen,
        Stream::ScreenSound => Source::ScreenSound,
    }
}

const fn stream_of(source: Source) -> Option<Stream> {
    match source {
        Source::Microphone => Some(Stream::Voice),
        Source::Camera => Some(Stream::Camera),
        Source::Screen => Some(Stream::Screen),
        Source::ScreenSound => Some(Stream::ScreenSound),
        Source::Unknown => None,
    }
}

/// Tracks of whoever has not been heard yet: the other side has four.
const MAX_PENDING: usize = 8;
