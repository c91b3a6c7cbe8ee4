//! The real codecs, which fail where a test wants them to.

use std::sync::atomic::{AtomicBool, Ordering};

use codec::Codecs;
use media::backend::codec::{
    AudioDecoder, AudioEncoder, AudioTarget, CodecBackend, CodecError, VideoDecoder, VideoEncoder,
    VideoTarget,
};

/// Which encoders and decoders cannot be made.
#[derive(Debug, Default)]
pub(crate) struct Faulty {
    pub(crate) video_encoder: AtomicBool,
    pub(crate) video_decoder: AtomicBool,
    pub(crate) audio_encoder: AtomicBool,
    pub(crate) audio_decoder: AtomicBool,
}

fn fail_if(faulty: &AtomicBool) -> Result<(), CodecError> {
    if faulty.load(Ordering::SeqCst) {
        return Err(CodecError::Failed("as the test wants".to_owned()));
    }
    Ok(())
}

impl CodecBackend for Faulty {
    fn video_encoder(&self, target: VideoTarget) -> Result<Box<dyn VideoEncoder>, CodecError> {
        fail_if(&self.video_encoder)?;
        Codecs.video_encoder(target)
    }

    fn video_decoder(&self) -> Result<Box<dyn VideoDecoder>, CodecError> {
        fail_if(&self.video_decoder)?;
        Codecs.video_decoder()
    }

    fn audio_encoder(&self, target: AudioTarget) -> Result<Box<dyn AudioEncoder>, CodecError> {
        fail_if(&self.audio_encoder)?;
        Codecs.audio_encoder(target)
    }

    fn audio_decoder(&self) -> Result<Box<dyn AudioDecoder>, CodecError> {
        fail_if(&self.audio_decoder)?;
        Codecs.audio_decoder()
    }
}
