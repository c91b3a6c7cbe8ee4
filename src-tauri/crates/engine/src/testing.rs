//! What the unit tests of the pipelines share: codecs that cost nothing, and a session's ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::backend::codec::{
    AudioDecoder, AudioEncoder, AudioInput, AudioTarget, CodecBackend, CodecError, EncodedPicture,
    VideoDecoder, VideoEncoder, VideoTarget,
};
use media::frame::EncodedFrame;
use media::picture::Picture;
use media::transport::{FrameSink, Sent};
use media::units::Size;

/// Which of the four codecs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    VideoEncoder,
    VideoDecoder,
    AudioEncoder,
    AudioDecoder,
}

/// Codecs whose payload is the first sample or the first pixel, as a byte.
#[derive(Default)]
pub(crate) struct PlainCodecs {
    /// This one cannot be made.
    pub(crate) lacks: Option<Codec>,
    /// What happens while a picture is encoded.
    pub(crate) while_encoding: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl PlainCodecs {
    fn make(&self, codec: Codec) -> Result<(), CodecError> {
        if self.lacks == Some(codec) {
            return Err(CodecError::Failed("no memory".to_owned()));
        }
        Ok(())
    }
}

impl CodecBackend for PlainCodecs {
    fn video_encoder(&self, _: VideoTarget) -> Result<Box<dyn VideoEncoder>, CodecError> {
        self.make(Codec::VideoEncoder)?;
        Ok(Box::new(Plain(self.while_encoding.clone())))
    }

    fn video_decoder(&self) -> Result<Box<dyn VideoDecoder>, CodecError> {
        self.make(Codec::VideoDecoder)?;
        Ok(Box::new(Plain(None)))
    }

    fn audio_encoder(&self, _: AudioTarget) -> Result<Box<dyn AudioEncoder>, CodecError> {
        self.make(Codec::AudioEncoder)?;
        Ok(Box::new(Plain(None)))
    }

    fn audio_decoder(&self) -> Result<Box<dyn AudioDecoder>, CodecError> {
        self.make(Codec::AudioDecoder)?;
        Ok(Box::new(Plain(None)))
    }
}

impl std::fmt::Debug for PlainCodecs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PlainCodecs").field(&self.lacks).finish()
    }
}

struct Plain(Option<Arc<dyn Fn() + Send + Sync>>);

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plain")
    }
}

impl VideoEncoder for Plain {
    fn encode(
        &mut self,
        picture: &Picture,
        keyframe: bool,
    ) -> Result<Option<EncodedPicture>, CodecError> {
        if let Some(happens) = &self.0 {
            happens();
        }
        let payload = Bytes::copy_from_slice(&picture.data()[..1]);
        Ok(Some(EncodedPicture { payload, keyframe }))
    }

    fn set_target(&mut self, _: VideoTarget) -> Result<(), CodecError> {
        Ok(())
    }
}

impl VideoDecoder for Plain {
    fn decode(&mut self, _: &[u8]) -> Result<Option<Arc<Picture>>, CodecError> {
        Ok(Some(Arc::new(Picture::black(Size::new(2, 2)))))
    }
}

impl AudioEncoder for Plain {
    fn encode(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), CodecError> {
        out.clear();
        out.push((samples[0] * 100.0) as u8);
        Ok(())
    }

    fn set_target(&mut self, _: AudioTarget) -> Result<(), CodecError> {
        Ok(())
    }
}

impl AudioDecoder for Plain {
    fn decode(&mut self, _: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError> {
        out.fill(0.0);
        Ok(out.len())
    }
}

/// A session's end that keeps what it is given.
#[derive(Debug, Default)]
pub(crate) struct Collected(Mutex<Vec<EncodedFrame>>);

impl Collected {
    /// All frames, as soon as there are this many.
    pub(crate) fn frames(&self, count: usize) -> Vec<EncodedFrame> {
        let patience = Instant::now() + Duration::from_secs(10);
        loop {
            let frames = self
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if frames.len() >= count {
                return frames;
            }
            assert!(Instant::now() < patience, "only {} frames", frames.len());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The first byte of each frame, as soon as there are this many.
    pub(crate) fn first_bytes(&self, count: usize) -> Vec<u8> {
        let frames = self.frames(count);
        frames.iter().map(|it| it.payload[0]).collect()
    }
}

impl FrameSink for Collected {
    fn send(&self, frame: EncodedFrame) -> Sent {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frames.push(frame);
        Sent::Queued
    }
}
