//! Encoders and decoders: one frame in, at most one frame out, on the thread that made them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::picture::Picture;
use crate::units::{Bitrate, Size};

/// Makes encoders and decoders. An error says that there will be none: trying again with the same
/// target does not help, and who started the call has to tell the user.
pub trait CodecBackend: Send + Sync + fmt::Debug {
    /// An H.264 encoder (constrained baseline, real time, on one thread).
    fn video_encoder(&self, target: VideoTarget) -> Result<Box<dyn VideoEncoder>, CodecError>;
    /// An H.264 decoder.
    fn video_decoder(&self) -> Result<Box<dyn VideoDecoder>, CodecError>;
    /// An Opus encoder for speech in [`OPUS_FRAME`] chunks.
    fn audio_encoder(&self, target: AudioTarget) -> Result<Box<dyn AudioEncoder>, CodecError>;
    /// An Opus decoder to mono 48 kHz.
    fn audio_decoder(&self) -> Result<Box<dyn AudioDecoder>, CodecError>;
}

/// Samples in one Opus packet that we send: 20 ms. Packets of 10 ms would double what headers cost,
/// packets of 40 ms would add 20 ms of delay.
pub const OPUS_FRAME: usize = 960;

/// The most samples that one Opus packet of any peer decodes to: 120 ms (RFC 6716, 3.2.5).
pub const MAX_OPUS_FRAME: usize = 5760;

/// What the picture encoder shall produce.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VideoTarget {
    /// Size of the encoded pictures; others are scaled to it.
    pub size: Size,
    /// Pictures per second to expect: the rate is spread over them.
    pub fps: f32,
    /// Rate to hold.
    pub bitrate: Bitrate,
    /// What the pictures show. An encoder is made for one content, and keeps to it.
    pub content: Content,
}

/// What pictures show, which decides what is given up first when there is little rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// What a camera sees: the rate is held, by less detail and by pictures that are left out.
    Camera,
    /// Text and windows: each picture is encoded, as finely as said, whatever it takes. Who gives the
    /// pictures holds the rate by giving fewer.
    Screen {
        /// Quantiser (H.264, 7.4.3), 0 to 51: text is sharp up to about 28, and legible up to 38.
        qp: u8,
    },
}

/// What the sound encoder shall produce.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudioTarget {
    /// Rate to hold.
    pub bitrate: Bitrate,
    /// Loss to prepare for, 0 to 1: in-band FEC (LBRR) is on when it is above 0.01.
    pub expected_loss: f32,
}

/// Encodes pictures.
pub trait VideoEncoder: fmt::Debug {
    /// Encodes one picture; `None` when rate control skipped it.
    fn encode(
        &mut self,
        picture: &Picture,
        keyframe: bool,
    ) -> Result<Option<EncodedPicture>, CodecError>;
    /// Changes the target from the next picture on; a new rate costs no keyframe.
    fn set_target(&mut self, target: VideoTarget) -> Result<(), CodecError>;
}

/// One encoded picture: an access unit in Annex B form, with parameter sets before each IDR.
#[derive(Clone, Debug)]
pub struct EncodedPicture {
    /// The bytes.
    pub payload: Bytes,
    /// Whether it is an IDR.
    pub keyframe: bool,
}

/// Decodes pictures.
pub trait VideoDecoder: fmt::Debug {
    /// Decodes one access unit. An error means that the picture cannot be shown and that a
    /// keyframe is needed; the decoder stays usable. Remote bytes: never panics, refuses sizes
    /// beyond [`Size::MAX`] before it allocates.
    fn decode(&mut self, payload: &[u8]) -> Result<Option<Arc<Picture>>, CodecError>;
}

/// Encodes sound.
pub trait AudioEncoder: fmt::Debug {
    /// Encodes [`OPUS_FRAME`] samples into `out`, which is cleared first.
    fn encode(&mut self, samples: &[f32], out: &mut Vec<u8>) -> Result<(), CodecError>;
    /// Changes the target from the next packet on.
    fn set_target(&mut self, target: AudioTarget) -> Result<(), CodecError>;
}

/// Decodes sound.
pub trait AudioDecoder: fmt::Debug {
    /// Decodes into `out` and returns how many samples it wrote. For [`AudioInput::Packet`] `out`
    /// must hold [`MAX_OPUS_FRAME`]; for the others exactly the missing samples are asked for, a
    /// multiple of 2.5 ms.
    fn decode(&mut self, input: AudioInput<'_>, out: &mut [f32]) -> Result<usize, CodecError>;
}

/// What a sound decoder gets.
#[derive(Clone, Copy, Debug)]
pub enum AudioInput<'a> {
    /// The packet whose turn it is.
    Packet(&'a [u8]),
    /// The packet is lost; this is the next one, whose in-band FEC may hold a copy.
    Fec(&'a [u8]),
    /// The packet is lost, and so is the next: conceal.
    Lost,
}

/// Why a codec cannot do what was asked.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CodecError {
    /// The bytes are no valid frame, or references are missing.
    #[error("frame cannot be decoded: {0}")]
    Undecodable(String),
    /// The picture is larger than we accept.
    #[error("a picture of {0} is refused")]
    TooLarge(Size),
    /// The library cannot make an encoder or decoder on this machine: another call fails as well.
    #[error("cannot make the {what}: {why}")]
    Unavailable {
        /// Which one, such as "H.264 encoder".
        what: &'static str,
        /// What the library says.
        why: String,
    },
    /// The library failed at one frame or one change of target; the next may succeed.
    #[error("codec failed: {0}")]
    Failed(String),
}
