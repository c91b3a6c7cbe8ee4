//! H.264 by OpenH264 and Opus by libopus, behind [`media::backend::codec`].
//!
//! It owns the two native libraries: no type of theirs leaves this crate. Everything runs on the
//! thread that calls it and starts no other. What comes from a peer (access units, Opus packets)
//! goes through a bound check here before C code sees it, and an invalid one is an error, never
//! a panic.
//!
//! ```
//! use codec::Codecs;
//! use media::backend::codec::{CodecBackend, CodecError, Content, VideoTarget};
//! use media::picture::Picture;
//! use media::units::{Bitrate, Size};
//!
//! let picture = Picture::black(Size::new(320, 180));
//! let mut encoder = Codecs.video_encoder(VideoTarget {
//!     size: picture.size(),
//!     fps: 30.0,
//!     bitrate: Bitrate::from_kbps(300),
//!     content: Content::Camera,
//! })?;
//! let first = encoder.encode(&picture, false)?.expect("the first picture is never skipped");
//! assert!(first.keyframe);
//!
//! let decoded = Codecs.video_decoder()?.decode(&first.payload)?;
//! assert_eq!(decoded.map(|it| it.size()), Some(picture.size()));
//! # Ok::<(), CodecError>(())
//! ```

use media::backend::codec::{
    AudioDecoder, AudioEncoder, AudioTarget, CodecBackend, CodecError, VideoDecoder, VideoEncoder,
    VideoTarget,
};

mod h264;
mod sound;
#[cfg(test)]
mod testing;

/// Makes the encoders and decoders of this crate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Codecs;

impl CodecBackend for Codecs {
    fn video_encoder(&self, target: VideoTarget) -> Result<Box<dyn VideoEncoder>, CodecError> {
        Ok(Box::new(h264::Encoder::new(target)?))
    }

    fn video_decoder(&self) -> Result<Box<dyn VideoDecoder>, CodecError> {
        Ok(Box::new(h264::Decoder::new()?))
    }

    fn audio_encoder(&self, target: AudioTarget) -> Result<Box<dyn AudioEncoder>, CodecError> {
        Ok(Box::new(sound::Encoder::new(target)?))
    }

    fn audio_decoder(&self) -> Result<Box<dyn AudioDecoder>, CodecError> {
        Ok(Box::new(sound::Decoder::new()?))
    }
}
