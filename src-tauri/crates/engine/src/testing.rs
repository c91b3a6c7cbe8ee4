//! What the unit tests of the pipelines share: codecs that cost nothing, a processor of the voice
//! that keeps what it is told, and a session's ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::backend::codec::{
    AudioDecoder, AudioEncoder, AudioInput, AudioTarget, CodecBackend, CodecError, EncodedPicture,
    VideoDecoder, VideoEncoder, VideoTarget,
};
use media::backend::voice::{
    VOICE_FRAME, VoiceBackend, VoiceFigures, VoiceHealth, VoiceProcessor, VoiceSettings,
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

/// What a processor of the voice was told, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum VoiceEvent {
    Made(VoiceSettings),
    Set(VoiceSettings),
    MicrophoneRestarts,
    SpeakerRestarts,
    /// The speaker plays a frame that begins with this sample.
    Played(f32),
    /// The microphone hears a frame that begins with this sample, and its echo is expected after so
    /// many milliseconds.
    Heard(f32, u128),
}

/// Makes processors that keep what they are told, and halve the sound while noise is to be taken
/// out of it, which takes them 10 ms.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordedVoice {
    events: Arc<Mutex<Vec<VoiceEvent>>>,
    health: Arc<Mutex<VoiceHealth>>,
}

impl RecordedVoice {
    /// What was told since this was asked last.
    pub(crate) fn take(&self) -> Vec<VoiceEvent> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How all processors do from now on.
    pub(crate) fn does(&self, health: VoiceHealth) {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
    }

    fn tell(&self, event: VoiceEvent) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(event);
    }
}

impl VoiceBackend for RecordedVoice {
    fn processor(&self, settings: VoiceSettings) -> Box<dyn VoiceProcessor> {
        self.tell(VoiceEvent::Made(settings));
        Box::new(RecordedProcessor(self.clone(), settings))
    }
}

#[derive(Debug)]
struct RecordedProcessor(RecordedVoice, VoiceSettings);

impl VoiceProcessor for RecordedProcessor {
    fn set(&mut self, settings: VoiceSettings) {
        self.1 = settings;
        self.0.tell(VoiceEvent::Set(settings));
    }

    fn played(&mut self, frame: &[f32; VOICE_FRAME]) {
        self.0.tell(VoiceEvent::Played(frame[0]));
    }

    fn process(&mut self, frame: &mut [f32; VOICE_FRAME], echo_delay: Duration) {
        let millis = echo_delay.as_millis();
        self.0.tell(VoiceEvent::Heard(frame[0], millis));
        if self.1.noise_suppression {
            for sample in frame {
                *sample /= 2.0;
            }
        }
    }

    fn microphone_restarts(&mut self) {
        self.0.tell(VoiceEvent::MicrophoneRestarts);
    }

    fn speaker_restarts(&mut self) {
        self.0.tell(VoiceEvent::SpeakerRestarts);
    }

    fn delay(&self) -> Duration {
        Duration::from_millis(if self.1.noise_suppression { 10 } else { 0 })
    }

    fn figures(&self) -> VoiceFigures {
        VoiceFigures {
            echo_return_loss: Some(6.0),
            echo_return_loss_enhancement: None,
        }
    }

    fn health(&self) -> VoiceHealth {
        *self.0.health.lock().unwrap_or_else(PoisonError::into_inner)
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
