//! The real codecs, which fail and hang where a test wants them to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use codec::Codecs;
use media::backend::codec::{
    AudioDecoder, AudioEncoder, AudioInput, AudioTarget, CodecBackend, CodecError, EncodedPicture,
    VideoDecoder, VideoEncoder, VideoTarget,
};
use media::picture::Picture;

/// The codecs of one machine. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyCodecs {
    shared: Arc<Shared>,
}

/// What a codec does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    VideoEncoder,
    VideoDecoder,
    AudioEncoder,
    AudioDecoder,
}

#[derive(Debug, Default)]
struct Shared {
    cannot_make: Mutex<Option<Kind>>,
    held: Mutex<bool>,
    changed: Condvar,
    waiting: AtomicUsize,
}

/// An encoder or decoder that can be held, and that says in the log that it works.
#[derive(Debug)]
struct Watched<T> {
    inner: T,
    shared: Arc<Shared>,
}

impl FaultyCodecs {
    /// From now on this one cannot be made.
    pub(crate) fn cannot_make(&self, kind: Kind) {
        *self.shared.cannot_make.lock().unwrap() = Some(kind);
    }

    /// From now on all can be made.
    pub(crate) fn can_make_all(&self) {
        *self.shared.cannot_make.lock().unwrap() = None;
    }

    /// Encoders take until [`FaultyCodecs::release_encoders`].
    pub(crate) fn hold_encoders(&self) {
        *self.shared.held.lock().unwrap() = true;
    }

    /// Encoders go on.
    pub(crate) fn release_encoders(&self) {
        let held = self.shared.held.lock();
        *held.unwrap_or_else(PoisonError::into_inner) = false;
        self.shared.changed.notify_all();
    }

    /// How many encoders are held in the middle of their work.
    pub(crate) fn held_encoders(&self) -> usize {
        self.shared.waiting.load(Ordering::SeqCst)
    }

    fn watch<T>(
        &self,
        kind: Kind,
        make: impl FnOnce() -> Result<T, CodecError>,
    ) -> Result<Watched<T>, CodecError> {
        if *self.shared.cannot_make.lock().unwrap() == Some(kind) {
            return Err(CodecError::Failed("as the test wants".to_owned()));
        }
        Ok(Watched {
            inner: make()?,
            shared: Arc::clone(&self.shared),
        })
    }
}

impl<T> Watched<T> {
    fn work_on(&mut self) -> &mut T {
        tracing::trace!(target: "codec", "at work");
        &mut self.inner
    }

    fn encode_when_released(&mut self) -> &mut T {
        let held = self.shared.held.lock().unwrap();
        self.shared.waiting.fetch_add(1, Ordering::SeqCst);
        let released = self.shared.changed.wait_while(held, |held| *held);
        self.shared.waiting.fetch_sub(1, Ordering::SeqCst);
        drop(released.unwrap());
        self.work_on()
    }
}

impl CodecBackend for FaultyCodecs {
    fn video_encoder(&self, target: VideoTarget) -> Result<Box<dyn VideoEncoder>, CodecError> {
        let made = self.watch(Kind::VideoEncoder, || Codecs.video_encoder(target))?;
        Ok(Box::new(made))
    }

    fn video_decoder(&self) -> Result<Box<dyn VideoDecoder>, CodecError> {
        let made = self.watch(Kind::VideoDecoder, || Codecs.video_decoder())?;
        Ok(Box::new(made))
    }

    fn audio_encoder(&self, target: AudioTarget) -> Result<Box<dyn AudioEncoder>, CodecError> {
        let made = self.watch(Kind::AudioEncoder, || Codecs.audio_encoder(target))?;
        Ok(Box::new(made))
    }

    fn audio_decoder(&self) -> Result<Box<dyn AudioDecoder>, CodecError> {
        let made = self.watch(Kind::AudioDecoder, || Codecs.audio_decoder())?;
        Ok(Box::new(made))
    }
}

impl VideoEncoder for Watched<Box<dyn VideoEncoder>> {
    fn encode(
        &mut self,
        picture: &Picture,
        keyframe: bool,
    ) -> Result<Option<EncodedPicture>, CodecError> {
        self.encode_when_released().encode(picture, keyframe)
    }

    fn set_target(&mut self, target: VideoTarget) -> Result<(), CodecError> {
        self.inner.set_target(target)
    }
}

impl VideoDecoder for Watched<Box<dyn VideoDecoder>> {
    fn decode(&mut self, payload: &[u8]) -> Result<Option<Arc<Picture>>, CodecError> {
        self.work_on().decode(payload)
    }
}

impl AudioEncoder for Watched<Box<dyn AudioEncoder>> {
    fn encode(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.encode_when_released().encode(samples, out)
    }

    fn set_target(&mut self, target: AudioTarget) -> Result<(), CodecError> {
        self.inner.set_target(target)
    }
}

impl AudioDecoder for Watched<Box<dyn AudioDecoder>> {
    fn decode(&mut self, input: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
        self.work_on().decode(input, out)
    }
}
