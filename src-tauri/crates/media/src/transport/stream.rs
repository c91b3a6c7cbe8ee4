//! The streams of a session, by name.

use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

use super::FrameSource;
use crate::queue::Queue;

/// One stream of media, in both directions.
///
/// A session has all of them from its first offer on, so that none ever has to be negotiated later;
/// one that nothing is sent on costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// What the microphone hears.
    Voice,
    /// What the camera sees; lip-synchronous with the voice.
    Camera,
    /// A shared screen or window.
    Screen,
    /// The sound of what is shared; synchronous with the screen.
    ScreenSound,
}

impl Stream {
    /// All streams, in the order of negotiation.
    pub const ALL: [Self; 4] = [Self::Voice, Self::Camera, Self::Screen, Self::ScreenSound];

    /// What it consists of.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Voice | Self::ScreenSound => Kind::Audio,
            Self::Camera | Self::Screen => Kind::Video,
        }
    }

    /// An empty queue for what a session receives of it.
    #[must_use]
    pub fn source(self) -> FrameSource {
        Queue::bounded(match self.kind() {
            Kind::Audio => AUDIO_IN_CAPACITY,
            Kind::Video => VIDEO_IN_CAPACITY,
        })
    }
}

/// What a stream consists of; `MediaStreamTrack.kind` of the W3C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound: Opus.
    Audio,
    /// Pictures: H.264.
    Video,
}

/// One `T` for each stream.
///
/// ```
/// use media::transport::{Kind, Stream, Streams};
///
/// let mut kinds = Streams::from_fn(Stream::kind);
/// assert_eq!(kinds[Stream::Screen], Kind::Video);
/// kinds[Stream::Screen] = Kind::Audio;
/// assert!(kinds.iter().any(|it| it == (Stream::Screen, &Kind::Audio)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Streams<T> {
    voice: T,
    camera: T,
    screen: T,
    screen_sound: T,
}

impl<T> Streams<T> {
    /// What `value` says of each stream.
    pub fn from_fn(value: impl FnMut(Stream) -> T) -> Self {
        Self::from(Stream::ALL.map(value))
    }

    /// Each stream and its value, in the order of [`Stream::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Stream, &T)> {
        Stream::ALL.into_iter().map(|it| (it, &self[it]))
    }
}

impl<A, B> Streams<(A, B)> {
    /// The first values and the second ones.
    pub fn unzip(self) -> (Streams<A>, Streams<B>) {
        let (voice, camera) = (self.voice, self.camera);
        let (screen, sound) = (self.screen, self.screen_sound);
        (
            Streams::from([voice.0, camera.0, screen.0, sound.0]),
            Streams::from([voice.1, camera.1, screen.1, sound.1]),
        )
    }
}

/// In the order of [`Stream::ALL`].
impl<T> From<[T; 4]> for Streams<T> {
    fn from([voice, camera, screen, screen_sound]: [T; 4]) -> Self {
        Self {
            voice,
            camera,
            screen,
            screen_sound,
        }
    }
}

impl<T> Index<Stream> for Streams<T> {
    type Output = T;

    fn index(&self, stream: Stream) -> &T {
        match stream {
            Stream::Voice => &self.voice,
            Stream::Camera => &self.camera,
            Stream::Screen => &self.screen,
            Stream::ScreenSound => &self.screen_sound,
        }
    }
}

impl<T> IndexMut<Stream> for Streams<T> {
    fn index_mut(&mut self, stream: Stream) -> &mut T {
        match stream {
            Stream::Voice => &mut self.voice,
            Stream::Camera => &mut self.camera,
            Stream::Screen => &mut self.screen,
            Stream::ScreenSound => &mut self.screen_sound,
        }
    }
}

/// How many received sound packets may wait: 1.28 s. More is stale anyway.
pub const AUDIO_IN_CAPACITY: usize = 64;

/// How many received pictures may wait: half a second. Beyond that the decoder is too slow and
/// jumps to the next keyframe.
pub const VIDEO_IN_CAPACITY: usize = 16;
