//! When the turn of a picture has come, and what is to become of it.
//!
//! Each picture of a camera has one chance: it is encoded when it comes, or not at all. A screen gives
//! a picture only when something has changed; the newest is kept, waits for its turn, and is encoded
//! again until it is perfect.

use std::sync::Arc;
use std::time::Instant;

use media::backend::codec::{Content, VideoTarget};
use media::picture::{Captured, Picture};
use media::rate::cadence::Cadence;
use media::rate::screen::Schedule;
use media::units::{Bitrate, Size};

/// The turns of one stream's pictures.
#[derive(Debug)]
pub(super) enum Turns {
    /// Pictures of a camera.
    Camera {
        /// The one that came.
        next: Option<Captured>,
        cadence: Cadence,
    },
    /// Pictures of a screen.
    Screen {
        /// What it shows.
        shown: Option<Arc<Picture>>,
        schedule: Schedule,
    },
}

impl Turns {
    /// Nothing has come yet.
    pub(super) const fn new(content: Content) -> Self {
        match content {
            Content::Camera => Self::Camera {
                next: None,
                cadence: Cadence::new(),
            },
            Content::Screen { .. } => Self::Screen {
                shown: None,
                schedule: Schedule::new(),
            },
        }
    }

    /// A picture came.
    pub(super) fn came(&mut self, captured: Captured, now: Instant) {
        match self {
            Self::Camera { next, .. } => *next = Some(captured),
            Self::Screen { shown, schedule } => {
                *shown = Some(captured.picture);
                schedule.changed(now);
            }
        }
    }

    /// What came cannot leave: a camera will give another picture.
    pub(super) fn pass_over(&mut self) {
        match self {
            Self::Camera { next, .. } => *next = None,
            Self::Screen { .. } => {}
        }
    }

    /// What may be encoded now. That of a screen is as it is now, whenever it began to look so.
    pub(super) fn candidate(&mut self, now: Instant) -> Option<Captured> {
        match self {
            Self::Camera { next, .. } => next.take(),
            Self::Screen { shown, .. } => {
                shown.clone().map(|picture| Captured { picture, at: now })
            }
        }
    }

    /// Whether this one is wanted, where at most `most_fps` are.
    pub(super) fn keeps(&mut self, captured: &Captured, most_fps: f32) -> bool {
        match self {
            Self::Camera { cadence, .. } => cadence.keep(captured.at, most_fps),
            Self::Screen { .. } => true,
        }
    }

    /// What the encoder shall make of a picture of this size, where `most` is the most that it may:
    /// nothing is blown up, nothing cut off, and the rate of a camera is spread over as many pictures
    /// as really come. `None` when the turn of a screen has not come.
    pub(super) fn target(
        &mut self,
        most: VideoTarget,
        size: Size,
        now: Instant,
        keyframe: bool,
    ) -> Option<VideoTarget> {
        let (fps, content) = match self {
            Self::Camera { cadence, .. } => (cadence.fps(most.fps), Content::Camera),
            Self::Screen { schedule, .. } => {
                let qp = if keyframe {
                    schedule.take_for_keyframe(now)?
                } else {
                    schedule.take(now)?
                };
                (most.fps, Content::Screen { qp })
            }
        };
        Some(VideoTarget {
            size: size.within_pixels_of(most.size),
            fps,
            content,
            ..most
        })
    }

    /// The picture whose turn it was took so many bytes.
    pub(super) fn encoded(&mut self, now: Instant, bytes: usize, rate: Bitrate, keyframe: bool) {
        match self {
            Self::Camera { .. } => {}
            Self::Screen { schedule, .. } => schedule.encoded(now, bytes, rate, keyframe),
        }
    }

    /// The picture whose turn it was does not leave.
    pub(super) fn lost(&mut self, now: Instant) {
        match self {
            Self::Camera { .. } => {}
            Self::Screen { schedule, .. } => schedule.lost(now),
        }
    }

    /// When there is a turn without another picture.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Camera { .. } => None,
            Self::Screen { schedule, .. } => schedule.due(),
        }
    }
}
