//! One side of a recording, from frames to the bytes of its file.

use std::time::Duration;

use bytes::Bytes;
use media::frame::EncodedFrame;
use media::transport::Kind;
use shiguredo_mp4::mux::MuxError;

use crate::fragment::{Fragment, Muxer};
use crate::picture::{PictureSample, Pictures};
use crate::sound::{Sound, SoundSample};

/// One side. Times are microseconds since the recording began.
#[derive(Debug)]
pub(crate) struct Side {
    pictures: Pictures,
    sound: Sound,
    muxer: Muxer,
    /// Where the last fragment ended.
    cut_at: i64,
    /// Bytes of samples that are in no fragment yet.
    waiting: usize,
}

impl Side {
    /// A side whose file begins `since_1970`.
    pub(crate) fn new(since_1970: Duration) -> Result<Self, MuxError> {
        Ok(Self {
            pictures: Pictures::default(),
            sound: Sound::default(),
            muxer: Muxer::new(since_1970)?,
            cut_at: 0,
            waiting: 0,
        })
    }

    /// Takes a frame that was captured at `at_us`. `sequence` counts packets of sound.
    pub(crate) fn push(&mut self, kind: Kind, at_us: i64, sequence: u64, frame: &EncodedFrame) {
        let payload = &frame.payload;
        self.waiting += payload.len();
        match kind {
            Kind::Audio => self.sound.push(at_us, sequence, Bytes::clone(payload)),
            Kind::Video => self.pictures.push(at_us, frame.keyframe, payload),
        }
    }

    /// A picture was lost on its way here.
    pub(crate) fn lose_picture(&mut self) {
        self.pictures.lose();
    }

    /// Whether pictures cannot go on without a keyframe.
    pub(crate) fn needs_keyframe(&self) -> bool {
        self.pictures.needs_keyframe()
    }

    /// What is to be written at `now_us`, if a fragment is due.
    pub(crate) fn take_due(&mut self, now_us: i64) -> Result<Vec<Fragment>, MuxError> {
        if now_us - self.cut_at < FRAGMENT_US && self.waiting < FRAGMENT_BYTES {
            return Ok(Vec::new());
        }
        self.sound.advance(now_us);
        self.pictures.advance(now_us);
        self.cut(now_us)
    }

    /// All that is left at the end, and the head of the whole file.
    pub(crate) fn finish(&mut self, end_us: i64) -> Result<(Vec<Fragment>, Vec<u8>), MuxError> {
        self.sound.finish(end_us);
        self.pictures.finish(end_us);
        let left = self.cut(end_us)?;
        let lasts = Duration::from_micros(end_us.max(0).unsigned_abs());
        Ok((left, self.muxer.final_head(lasts)?))
    }

    /// Fragments of what is complete: all pictures of one have the same parameters.
    fn cut(&mut self, now_us: i64) -> Result<Vec<Fragment>, MuxError> {
        (self.cut_at, self.waiting) = (now_us, 0);
        let (mut sounds, pictures) = (self.sound.take(), self.pictures.take());
        let mut fragments = Vec::new();
        for run in pictures.chunk_by(|a, b| a.parameters == b.parameters) {
            fragments.push(self.fragment(&std::mem::take(&mut sounds), run)?);
        }
        if !sounds.is_empty() {
            fragments.push(self.fragment(&sounds, &[])?);
        }
        Ok(fragments)
    }

    fn fragment(
        &mut self,
        sounds: &[SoundSample],
        pictures: &[PictureSample],
    ) -> Result<Fragment, MuxError> {
        let first = pictures.first();
        let parameters = first.and_then(|it| self.pictures.parameters(it.parameters));
        self.muxer
            .fragment(sounds, pictures, parameters.map(|it| &it.entry))
    }
}

/// A crash loses no more than this, a file has no more heads of fragments than it needs, and a disk is
/// woken no oftener.
const FRAGMENT_US: i64 = 1_000_000;

/// What waits in memory: four seconds of the best picture.
const FRAGMENT_BYTES: usize = 8 * 1024 * 1024;
